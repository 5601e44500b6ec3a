using UNetGen.Backends.Norms;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>
/// GroupNorm (Wu and He 2018), then x * (scale + 1) + shift, then SiLU, by the kernels of GroupNorm.cu, which has the equations. Images have
/// their channels together, in float32 or bfloat16; sums, parameters and their gradients are float32. Between forward and backward pass
/// only the image and its groups' moments are kept.
/// </summary>
internal static class GroupNormOnGpu
{
    private const int Threads = 256;
    private static readonly (int X, int Y) Columns = (32, 16);

    /// <summary>The result, and what the gradient needs.</summary>
    /// <param name="kernels">Of the image's device and numbers.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="parameters">Of the layer.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="result">Where the result goes, which may be <paramref name="x"/>; null for memory of its own.</param>
    /// <returns>[batch, channels, height, width], and [batch, 2, groups]: means and inverse deviations.</returns>
    public static (Tensor Result, Tensor Moments) Forward(
        GpuKernels kernels, Tensor x, GroupNormParameters parameters, GroupNormLayer layer, Tensor? result = null)
    {
        var over = kernels.Over(x);
        result ??= GpuKernels.EmptyImages(x, x.size(0), x.size(1), x.size(2), x.size(3));
        var moments = empty([over.Batch, 2, layer.Groups], ScalarType.Float32, x.device);
        using var parts = empty([over.Batch, over.Parts, 2, over.Channels], ScalarType.Float32, x.device);
        kernels.Launch("part_moments", over.Grid, over.Block, over.Shared, x, parts, over.Count);
        kernels.Launch(
            "moments", (over.Batch, 1), (Threads, 1), 2 * over.Channels, x, parts, moments, over.Count, over.Channels, layer.Groups,
            over.Parts, layer.Eps);
        kernels.Launch(
            "normalize", over.Grid, over.Block, 0, x, result, moments, parameters.Weight, parameters.Bias, parameters.Time, over.Count,
            layer.Groups, layer.Silu ? 1 : 0);
        GC.KeepAlive((x, parameters));
        return (result, moments);
    }

    /// <summary>The gradients.</summary>
    /// <param name="kernels">As in <see cref="Forward"/>, like all that follow.</param>
    /// <param name="gradient">[batch, channels, height, width], of the image's type.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="parameters">Of the layer.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="moments">[batch, 2, groups].</param>
    /// <returns>[batch, channels, height, width], and the parameters' gradients.</returns>
    public static (Tensor ByInput, GroupNormGradients ByParameters) Backward(
        GpuKernels kernels, Tensor gradient, Tensor x, GroupNormParameters parameters, GroupNormLayer layer, Tensor moments)
    {
        var (weight, bias, time) = parameters;
        var over = kernels.Over(x);
        var (groups, silu) = (layer.Groups, layer.Silu ? 1 : 0);
        using var parts = Floats(over.Batch, over.Parts, 2, over.Channels);
        using var combine = Floats(over.Batch, 3, over.Channels);
        using var shares = Floats(over.Batch, 2, over.Channels);
        var byTime = time is null ? null : Floats(over.Batch, 2 * over.Channels);
        kernels.Launch(
            "part_gradients", over.Grid, over.Block, over.Shared, x, gradient, parts, moments, weight, bias, time, over.Count, groups, silu);
        kernels.Launch(
            "gradients", (over.Batch, 1), (Threads, 1), 2 * (over.Channels + groups), parts, moments, weight, bias, time, combine, shares,
            byTime, over.Count, over.Channels, groups, over.Parts);
        var byInput = GpuKernels.EmptyImages(x, x.size(0), x.size(1), x.size(2), x.size(3));
        kernels.Launch(
            "input_gradient", over.Grid, over.Block, 0, x, gradient, byInput, combine, moments, weight, bias, time, over.Count, groups, silu);
        var byParameters = SumOverImages(kernels, shares, over.Batch, 2 * over.Channels).view(2, over.Channels);
        GC.KeepAlive((gradient, x, parameters, moments));
        return (byInput, new(byParameters[1], byParameters[0], byTime));

        Tensor Floats(params long[] shape) => empty(shape, ScalarType.Float32, x.device);
    }

    /// <summary>The sum of rows, in their order.</summary>
    /// <param name="kernels">Any of the device.</param>
    /// <param name="shares">[rows, columns], float32.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">Of each.</param>
    /// <returns>[columns].</returns>
    public static Tensor SumOverImages(GpuKernels kernels, Tensor shares, int rows, int columns)
    {
        var result = empty([columns], ScalarType.Float32, shares.device);
        kernels.Launch(
            "sum_over_images", ((columns + Columns.X - 1) / Columns.X, 1), Columns, Columns.X * Columns.Y, shares, result, rows, columns);
        return result;
    }
}
