// SourceSnapshots.cs
using UNetGen.Compiler;
using VerifyXunit;

public sealed class SourceSnapshots
{
    [Fact]
    public Task The_class_of_faces() => Verifier.Verify(SpecCompiler.Generate("faces.unet.yaml").Source, "cs");
}
