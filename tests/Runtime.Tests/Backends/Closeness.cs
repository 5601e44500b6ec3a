using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

internal static class Closeness
{
    /// <summary>Shapes are equal, and no number differs by more than a fraction of the largest.</summary>
    public static void Check(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        var scale = expected.abs().max().item<float>();
        var difference = (expected - actual).abs().max().item<float>();
        Assert.True(difference <= tolerance * scale, $"differs by {difference:g3} where the largest number is {scale:g3}");
    }
}
