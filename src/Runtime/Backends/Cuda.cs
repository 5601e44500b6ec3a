using TorchSharp.Modules;
using UNetGen.Backends.Gpu;
using UNetGen.Backends.Memory;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// Our own kernels for an NVIDIA GPU: norms with what follows them, which libtorch does in several passes over the image, after a copy
/// into another layout and one into float32. They take and give the image's own numbers, so that with bfloat16 nothing between two
/// convolutions is as wide as float32; sums are float32. Linear attention is put in another order for bfloat16. Everything else, and what
/// they don't fit, is <see cref="Libtorch"/>'s.
/// </summary>
/// <param name="precision">In which numbers convolutions, linear layers and attention compute.</param>
/// <param name="find">The kernels for a tensor's device and numbers; null where there are none.</param>
internal sealed class Cuda(Precision precision, Func<Tensor, GpuKernels?> find) : Libtorch(precision)
{
    /// <summary>
    /// A residual block whose convolutions leave their biases to what follows: norm and sum add them, and the time embedding, on their way,
    /// and have their gradients from sums that they need anyway.
    /// </summary>
    /// <inheritdoc/>
    public override Tensor Residual(Tensor x, Tensor? time, ResidualWeights weights)
    {
        if (weights is not
            {
                Activation: Activation.Silu, First: { Convolution: var first, Norm: GroupNormWeights { Layer: var firstNorm } },
                Second: { Convolution: var second, Norm: GroupNormWeights { Layer: var secondNorm } },
            }
            || first.Bias is null || second.Bias is null)
            return base.Residual(x, time, weights);
        using var scope = NewDisposeScope();
        var layers = new Layers(first, firstNorm, second, secondNorm);
        return (weights.NormFirst ? NormFirst(x, time, weights, layers) : ConvolutionFirst(x, time, weights, layers))
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// As in <see cref="Libtorch"/>, two passes over the pixels, with both softmaxes by one operator each, in the numbers of the products
    /// around them. After its softmax a head's query adds up to 1, so its share of the output's bias can stand in the matrix that they are
    /// multiplied with.
    /// </summary>
    /// <inheritdoc/>
    public override Tensor LinearAttention(Tensor x, LinearAttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        if (weights.Memory is not null)
            return As(x.dtype, base.LinearAttention(x, weights)).MoveToOuterDisposeScope();
        var (dim, hidden, heads) = (x.size(1), weights.Output.Weight.size(1), weights.Heads);
        var pixels = TensorMemory.Tokens(weights.Norm is { } norm ? Normalize(x, norm) : x);
        var projections = weights.Projections.Weight.reshape(3, hidden, dim).unbind();
        var keys = Product(pixels, projections[1].t()).softmax(1);
        var means = Product(keys.transpose(1, 2), pixels).reshape(-1, heads, hidden / heads, dim).to(projections[2].dtype);
        var context = matmul(means, projections[2].reshape(heads, hidden / heads, dim).transpose(1, 2)); // [B, heads, d of k, d of v]
        var output = weights.Output.Weight.reshape(dim, heads, hidden / heads).permute(1, 2, 0) / Number.Of(Math.Sqrt(hidden / heads));
        var mixing = matmul(context, output).add(weights.Output.Bias! / Number.Of(heads), Number.One).reshape(-1, hidden, dim);
        var queries = Product(pixels, projections[0].t()).reshape(x.size(0), -1, heads, hidden / heads).softmax(-1).flatten(2);
        var result = TensorMemory.Images(Product(queries, mixing), x.size(2), x.size(3));
        return As(x.dtype, Normalize(result, weights.OutputNorm)).MoveToOuterDisposeScope();
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
            ? GroupNormGpuFunction.Normalize(kernels, layer, x, null, Time(scale, shift), silu: true, spent: spent)
            : base.NormActivate(x, norm, scale, shift, activation, spent);

    private Tensor NormFirst(Tensor x, Tensor? time, ResidualWeights weights, Layers layers)
    {
        var (first, firstNorm, second, secondNorm) = layers;
        var activated = NormActivate(x, new GroupNormWeights(firstNorm), null, null, Activation.Silu, spent: false);
        var h = Convolve(Resampled(activated, weights.Resampling), first with { Bias = null });
        activated.Dispose();
        var projected = Projected(time, weights);
        h = weights.AddsTime
            ? Normalized(h, secondNorm, projected is null ? first.Bias! : projected.add(first.Bias!, Number.One), null, addend: null)
            : Normalized(h, secondNorm, first.Bias!, projected, addend: null);
        var branch = Convolve(Dropped(h, weights.Dropout), second with { Bias = null });
        var shortcut = Resampled(x, weights.Resampling);
        return weights.Shortcut is not { } layer ? Sum(branch, shortcut, second.Bias!)
            : layer.Bias is null ? Sum(branch, Convolve(shortcut, layer), second.Bias!)
            : Sum(branch, Convolve(shortcut, layer with { Bias = null }), second.Bias!.add(layer.Bias, Number.One));
    }

    private Tensor ConvolutionFirst(Tensor x, Tensor? time, ResidualWeights weights, Layers layers)
    {
        var (first, firstNorm, second, secondNorm) = layers;
        var projected = Projected(time, weights);
        var scalesAndShifts = weights.AddsTime ? null : projected;
        var h = Normalized(Convolve(x, first with { Bias = null }), firstNorm, first.Bias!, scalesAndShifts, addend: null);
        h = Dropped(h, weights.Dropout);
        if (weights.AddsTime && projected is not null)
            h = h.add(As(h.dtype, projected.unsqueeze(-1).unsqueeze(-1)), Number.One);
        h = Convolve(h, second with { Bias = null });
        var shortcut = weights.Shortcut is null ? x : Convolve(x, weights.Shortcut);
        return Normalized(h, secondNorm, second.Bias!, null, shortcut);
    }

    /// <summary>What the time embedding does to the branch, in the biases' type, [batch, (2) channels]; or null.</summary>
    private Tensor? Projected(Tensor? time, ResidualWeights weights) => time is null || weights.Time is null ? null
        : As(weights.First.Convolution.Bias!.dtype, Project(nn.functional.silu(time), weights.Time));

    private static Tensor? Time(Tensor? scale, Tensor? shift) =>
        scale is null || shift is null ? null : cat([scale, shift], 1).flatten(1).to(ScalarType.Float32);

    /// <summary>
    /// SiLU(norm(x + offset) * (scale + 1) + shift) + addend. x was just made, and nobody reads it again; time is scales, then shifts.
    /// </summary>
    private Tensor Normalized(Tensor x, GroupNorm norm, Tensor offset, Tensor? time, Tensor? addend)
    {
        if (KernelsFor(norm, x) is { } kernels && offset.dtype == ScalarType.Float32)
            return GroupNormGpuFunction.Normalize(kernels, norm, x, offset, time, silu: true, addend, spent: true);
        var halves = time?.unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
        var h = NormActivate(
            x.add(As(x.dtype, offset.unsqueeze(-1).unsqueeze(-1)), Number.One), new GroupNormWeights(norm), halves?[0], halves?[1],
            Activation.Silu, spent: true);
        return addend is null ? h : Add(h, addend);
    }

    /// <summary>branch + shortcut + bias.</summary>
    private Tensor Sum(Tensor branch, Tensor shortcut, Tensor bias)
    {
        if (branch.dtype == shortcut.dtype && bias.dtype == ScalarType.Float32 && GpuKernels.Takes(branch) && find(branch) is { } kernels)
            return SumGpuFunction.Add(kernels, TensorMemory.ChannelsLast(branch), TensorMemory.ChannelsLast(shortcut), bias);
        return Add(branch.add(As(branch.dtype, bias.unsqueeze(-1).unsqueeze(-1)), Number.One), shortcut);
    }

    private GpuKernels? KernelsFor(GroupNorm layer, Tensor x) => GroupNormGpuFunction.Fits(layer, x) ? find(x) : null;

    /// <summary>What a residual block has, its convolutions with biases.</summary>
    private sealed record Layers(ConvolutionWeights First, GroupNorm FirstNorm, ConvolutionWeights Second, GroupNorm SecondNorm);

    private Tensor? RmsNormOf(Tensor x, Tensor gain)
    {
        using var scope = NewDisposeScope();
        var (images, gains) = (TensorMemory.ChannelsLast(x), gain.flatten() * Number.Of(Math.Sqrt(gain.size(1))));
        return RmsNormGpuFunction.Fits(images, gains) && find(images) is { } kernels
            ? RmsNormGpuFunction.Normalize(kernels, images, gains).MoveToOuterDisposeScope()
            : null;
    }
}
