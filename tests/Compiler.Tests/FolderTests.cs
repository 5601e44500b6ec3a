using UNetGen.Tests;

namespace UNetGen.Compiler.Tests;

public sealed class FolderTests
{
    [Fact]
    public void No_folder_of_the_compiler_looks_back() =>
        Assert.Empty(FolderGraph.Of(typeof(SpecCompiler).Assembly, "UNetGen.Compiler").Circles());
}
