using static TorchSharp.torch;

namespace UNetGen.GpuCheck;

/// <summary>How far two tensors are from each other, wherever they lie.</summary>
internal static class Difference
{
    /// <summary>The largest difference, relative to the largest number, or to another that is larger.</summary>
    public static double Largest(Tensor expected, Tensor actual, double least = 0)
    {
        using var scope = NewDisposeScope();
        var (e, a) = (expected.detach().cpu().to(ScalarType.Float64), actual.detach().cpu().to(ScalarType.Float64));
        var scale = Math.Max(least, e.abs().max().item<double>());
        return (e - a).abs().max().item<double>() / (scale == 0 ? 1 : scale);
    }

    /// <summary>The norm of the difference, relative to the norm.</summary>
    public static double Mean(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        var (e, a) = (expected.detach().cpu().to(ScalarType.Float64), actual.detach().cpu().to(ScalarType.Float64));
        return ((e - a).norm() / e.norm()).item<double>();
    }

    /// <summary>Relative to the first.</summary>
    public static double Of(double expected, double actual) => Math.Abs(actual - expected) / Math.Abs(expected);
}
