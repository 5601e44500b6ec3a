using UNetGen.Networks;
using UNetGen.Tests;

namespace UNetGen.Runtime.Tests;

/// <summary>The runtime's folders use one another in one direction, whatever calls what.</summary>
public sealed class FolderTests
{
    private static readonly FolderGraph Runtime = FolderGraph.Of(typeof(NoisePredictor).Assembly, "UNetGen");

    [Fact]
    public void No_folder_of_the_runtime_looks_back() => Assert.Empty(Runtime.Circles());

    [Theory]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends")]
    [InlineData("UNetGen.Networks", "UNetGen.Blocks")]
    [InlineData("UNetGen.Sampling", "UNetGen.Networks")]
    [InlineData("UNetGen.Training", "UNetGen.Networks")]
    public void Each_stage_builds_on_the_one_before(string stage, string before) => Assert.True(Runtime.Uses(stage, before));

    [Theory]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends.Simd")]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends.Memory")]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends.Winograd")]
    [InlineData("UNetGen.Sampling", "UNetGen.Training")]
    public void Blocks_know_no_kernel_and_samplers_no_trainer(string stage, string other) => Assert.False(Runtime.Uses(stage, other));
}
