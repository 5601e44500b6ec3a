using TorchSharp.Modules;
using UNetGen.Backends.Gpu;
using UNetGen.Backends.Memory;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// Our own kernels for an NVIDIA GPU: norms with what follows them, which libtorch does in several passes over the image, after a copy
/// into another layout and one into float32. They take and give the image's own numbers, so that with bfloat16 nothing between two
/// convolutions is as wide as float32; sums are float32. Everything else, and what they don't fit, is <see cref="Libtorch"/>'s.
/// </summary>
/// <param name="precision">In which numbers convolutions, linear layers and attention compute.</param>
/// <param name="find">The kernels for a tensor's device and numbers; null where there are none.</param>
internal sealed class Cuda(Precision precision, Func<Tensor, GpuKernels?> find) : Libtorch(precision)
{
    /// <inheritdoc/>
    public override Tensor LinearAttention(Tensor x, LinearAttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        return As(x.dtype, base.LinearAttention(x, weights)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Normalize(Tensor x, NormWeights norm) => norm switch
    {
        GroupNormWeights { Layer: var layer } when KernelsFor(layer, x) is { } kernels =>
            GroupNormGpuFunction.Normalize(kernels, layer, x, null, null, silu: false),
        RmsNormWeights { Gain: var gain } => RmsNormOf(x, gain) ?? base.Normalize(x, norm),
        _ => base.Normalize(x, norm),
    };

    /// <inheritdoc/>
    protected override Tensor NormActivate(Tensor x, NormWeights norm, Tensor? scale, Tensor? shift, Activation activation, bool spent) =>
        activation == Activation.Silu && norm is GroupNormWeights { Layer: var layer } && KernelsFor(layer, x) is { } kernels
            ? GroupNormGpuFunction.Normalize(kernels, layer, x, scale, shift, silu: true, spent)
            : base.NormActivate(x, norm, scale, shift, activation, spent);

    private GpuKernels? KernelsFor(GroupNorm layer, Tensor x) => GroupNormGpuFunction.Fits(layer, x) ? find(x) : null;

    private Tensor? RmsNormOf(Tensor x, Tensor gain)
    {
        using var scope = NewDisposeScope();
        var (images, gains) = (TensorMemory.ChannelsLast(x), gain.flatten() * Math.Sqrt(gain.size(1)));
        return RmsNormGpuFunction.Fits(images, gains) && find(images) is { } kernels
            ? RmsNormGpuFunction.Normalize(kernels, images, gains).MoveToOuterDisposeScope()
            : null;
    }
}
