using UNetGen.Backends.Norms;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>What a GroupNorm is computed with besides the image, all float32.</summary>
/// <param name="Weight">[channels].</param>
/// <param name="Bias">[channels].</param>
/// <param name="Offset">Added to the image before the norm, [batch, channels] or [channels]; or null.</param>
/// <param name="Time">[batch, 2 channels], each image's scale, then its shift; or null.</param>
internal readonly record struct GroupNormOperands(Tensor Weight, Tensor Bias, Tensor? Offset, Tensor? Time);

/// <summary>
/// GroupNorm (Wu and He 2018) of x + offset, then * (scale + 1) + shift, then SiLU, then + addend, by the kernels of GroupNorm.cu; the
/// equations stand there. Images have their channels together, in float32 or bfloat16; sums, parameters and their gradients are float32.
/// Between forward and backward pass only the image and its moments are kept.
/// </summary>
internal static class GroupNormOnGpu
{
    private const int Threads = 256;

    /// <summary>The result, and what the gradient needs.</summary>
    /// <param name="kernels">Of the image's device and numbers.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="operands">Parameters, and what comes from elsewhere.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="addend">Shaped like <paramref name="x"/>; or null.</param>
    /// <param name="result">Where the result goes, which may be <paramref name="x"/>; null for memory of its own.</param>
    /// <returns>[batch, channels, height, width], and the moments, [batch, 2 groups + channels].</returns>
    public static (Tensor Result, Tensor Moments) Forward(
        GpuKernels kernels, Tensor x, GroupNormOperands operands, GroupNormLayer layer, Tensor? addend = null, Tensor? result = null)
    {
        var (weight, bias, offset, time) = operands;
        var over = kernels.Over(x);
        result ??= GpuKernels.EmptyImagesLike(x);
        var moments = empty([over.Batch, 2 * layer.Groups + over.Channels], ScalarType.Float32, x.device);
        using var parts = empty([over.Batch, over.Parts, 2, over.Channels], ScalarType.Float32, x.device);
        kernels.Launch("part_moments", over.Grid, over.Block, over.Shared, x, parts, over.Count);
        kernels.Launch(
            "moments", (over.Batch, 1), (Threads, 1), 2 * over.Channels, x, parts, moments, offset, Step(offset), over.Count, over.Channels,
            layer.Groups, over.Parts, layer.Eps);
        kernels.Launch(
            "normalize", over.Grid, over.Block, 0, x, addend, result, moments, weight, bias, offset, Step(offset), time, over.Count,
            layer.Groups, layer.Silu ? 1 : 0);
        GC.KeepAlive((x, operands, addend));
        return (result, moments);
    }

    /// <summary>The gradients.</summary>
    /// <param name="kernels">As in <see cref="Forward"/>, like all that follow.</param>
    /// <param name="gradient">[batch, channels, height, width], of the image's type; it is the addend's too.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="operands">Parameters, and what comes from elsewhere.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="moments">[batch, 2 groups + channels].</param>
    /// <returns>[batch, channels, height, width], and the operands' gradients, of their shapes.</returns>
    public static (Tensor ByInput, GroupNormOperands ByOperands) Backward(
        GpuKernels kernels, Tensor gradient, Tensor x, GroupNormOperands operands, GroupNormLayer layer, Tensor moments)
    {
        var (weight, bias, offset, time) = operands;
        var over = kernels.Over(x);
        var (batch, channels, groups, silu) = (over.Batch, over.Channels, layer.Groups, layer.Silu ? 1 : 0);
        using var parts = Floats(batch, over.Parts, 2, channels);
        using var combine = Floats(batch, 3, channels);
        using var shares = Floats(batch, 3, channels);
        var byTime = time is null ? null : Floats(batch, 2 * channels);
        kernels.Launch(
            "part_gradients", over.Grid, over.Block, over.Shared, x, gradient, parts, moments, weight, bias, offset, Step(offset), time,
            over.Count, groups, silu);
        kernels.Launch(
            "gradients", (batch, 1), (Threads, 1), 2 * (channels + groups), parts, moments, weight, bias, offset, Step(offset), time, combine,
            shares, byTime, over.Count, channels, groups, over.Parts);
        var byInput = GpuKernels.EmptyImagesLike(x);
        kernels.Launch(
            "input_gradient", over.Grid, over.Block, 0, x, gradient, byInput, combine, moments, weight, bias, offset, Step(offset), time,
            over.Count, groups, silu);
        using var sums = kernels.SumRows(shares, batch, 3 * channels);
        var byOffset = offset is null ? null : offset.dim() == 1 ? sums.narrow(0, 2 * channels, channels) : shares.select(1, 2);
        GC.KeepAlive((gradient, x, operands, moments));
        return (byInput, new(sums.narrow(0, channels, channels), sums.narrow(0, 0, channels), byOffset, byTime));

        Tensor Floats(params long[] shape) => empty(shape, ScalarType.Float32, x.device);
    }

    // From one image's offset to the next one's.
    private static int Step(Tensor? offset) => offset is { } given && given.dim() == 2 ? (int)given.size(1) : 0;
}
