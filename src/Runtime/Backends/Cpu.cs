using TorchSharp.Modules;
using UNetGen.Backends.Attention;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Norms;
using UNetGen.Backends.Products;
using UNetGen.Backends.Residual;
using UNetGen.Backends.Simd;
using UNetGen.Backends.Winograd;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// Our own kernels for float32 on the CPU, by registers of one width. A block that kernels fit as a whole is one node of autograd's graph,
/// which makes activated images again for the gradient instead of keeping them: in small networks the graph, its tensors and their release
/// cost more than computing. Each override asks whether its kernel fits, and else is its base.
/// </summary>
internal sealed class Cpu<V>(Precision precision) : Libtorch(precision)
    where V : unmanaged, IFloats<V>
{
    /// <inheritdoc/>
    public override Tensor Residual(Tensor x, Tensor? time, ResidualWeights weights)
    {
        if (!Fits(x, time, weights))
            return base.Residual(x, time, weights);
        var projection = time is null ? null : weights.Time;
        return ResidualFunction<V>.Forward(Operands(x, projection is null ? null : time, projection, weights), Form(weights));
    }

    /// <inheritdoc/>
    public override Tensor LinearAttention(Tensor x, LinearAttentionWeights weights)
    {
        if (Precision != Precision.Float32 || !LinearAttentionSize.Fits<V>(x, weights.Output.Weight, weights.Heads))
            return base.LinearAttention(x, weights);
        using var scope = NewDisposeScope();
        var end = weights.OutputNorm as RmsNormWeights;
        var (projections, output) = (weights.Projections.Weight, weights.Output);
        var result = LinearAttentionFunction<V>.Attend(
            new(x, weights.Norm?.Gain, projections, weights.Memory, output.Weight, output.Bias!, end?.Gain), weights.Heads);
        return (end is null ? Normalize(result, weights.OutputNorm) : result).MoveToOuterDisposeScope();
    }

    /// <summary>Whether a residual block is one node: kernels for its layers, sizes and numbers, and nothing between them.</summary>
    internal bool Fits(Tensor x, Tensor? time, ResidualWeights weights)
    {
        if (Precision != Precision.Float32 || weights is not
            {
                Activation: Activation.Silu, Dropout: 0, Resampling: Resampling.None,
                First: { Convolution: var first, Norm: GroupNormWeights firstNorm },
                Second: { Convolution: var second, Norm: GroupNormWeights secondNorm },
            })
            return false;
        return x.dim() == 4 && x.size(1) == first.Weight.size(1)
            && Convolution3x3<V>.Fits(x, first.Weight) && Convolution3x3<V>.Fits(x, second.Weight)
            && (!first.Standardized || WeightStandardization<V>.Fits(first.Weight))
            && GroupNormFunction<V>.Fits(firstNorm.Layer, x) && GroupNormFunction<V>.Fits(secondNorm.Layer, x)
            && (time is null || weights.Time is null || (time.dtype == ScalarType.Float32 && time.dim() == 2 && time.size(0) == x.size(0)));
    }

    /// <summary>What of a block that <see cref="Fits"/> is no tensor.</summary>
    internal static ResidualForm Form(ResidualWeights weights)
    {
        var norm = ((GroupNormWeights)weights.First.Norm).Layer;
        return new(weights.NormFirst, weights.AddsTime, weights.First.Convolution.Standardized ? StandardizationEps : null,
            new((int)norm.num_groups, (float)norm.eps, Silu: true));
    }

    /// <summary>What of it is tensors.</summary>
    internal static ResidualOperands<Tensor?> Operands(Tensor x, Tensor? time, LinearWeights? projection, ResidualWeights weights)
    {
        return new(x, time, new(projection?.Weight, projection?.Bias), Half(weights.First), Half(weights.Second),
            new(weights.Shortcut?.Weight, weights.Shortcut?.Bias));

        static HalfOperands<Tensor?> Half(HalfWeights half)
        {
            var (convolution, norm) = (half.Convolution, ((GroupNormWeights)half.Norm).Layer);
            return new(convolution.Weight, convolution.Bias, norm.weight, norm.bias);
        }
    }

    /// <inheritdoc/>
    protected override Tensor AttentionOfPixels(Tensor pixels, Tensor? residual, AttentionWeights weights)
    {
        if (residual is null || weights is not { Memory: null, Query.Bias: not null, Output.Bias: not null }
            || !HasAttentionKernel(pixels, weights) || !FoldedAttention<V>.Fits(pixels, residual, weights.Heads))
            return base.AttentionOfPixels(pixels, residual, weights);
        return FoldedAttention<V>.Attend(
            pixels, residual, Layer(weights.Query), Layer(weights.Key), Layer(weights.Value), Layer(weights.Output));

        static (Tensor Weight, Tensor Bias) Layer(LinearWeights layer) => (layer.Weight, layer.Bias!);
    }

    /// <inheritdoc/>
    protected override Tensor Attend(Tensor pixels, AttentionWeights weights)
    {
        if (!HasAttentionKernel(pixels, weights))
            return base.Attend(pixels, weights);
        var (query, key, value) = (weights.Query, weights.Key, weights.Value);
        Tensor[]? biases = query.Bias is null ? null : [query.Bias, key.Bias!, value.Bias!];
        return FullAttention<V>.Attend(pixels, [query.Weight, key.Weight, value.Weight], biases, weights.Memory, weights.Heads);
    }

    /// <inheritdoc/>
    protected override Tensor NormActivate(Tensor x, NormWeights norm, Tensor? scale, Tensor? shift, Activation activation, bool spent)
    {
        using var scope = NewDisposeScope();
        x = AsNormed(x, norm);
        if (activation != Activation.Silu || norm is not GroupNormWeights { Layer: var layer } || !GroupNormFunction<V>.Fits(layer, x))
            return base.NormActivate(x, norm, scale, shift, activation, spent).MoveToOuterDisposeScope();
        (scale, shift) = (scale is null ? null : As(x.dtype, scale), shift is null ? null : As(x.dtype, shift));
        return GroupNormFunction<V>.Normalize(layer, x, scale, shift, silu: true, spent).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor GroupNorm(Tensor x, GroupNorm layer) =>
        GroupNormFunction<V>.Fits(layer, x) ? GroupNormFunction<V>.Normalize(layer, x, null, null, silu: false) : base.GroupNorm(x, layer);

    /// <inheritdoc/>
    protected override Tensor RmsNorm(Tensor x, Tensor gain)
    {
        var (images, gains) = (TensorMemory.ChannelsLast(x), gain.flatten());
        return RmsNormFunction<V>.Fits(images, gains) ? RmsNormFunction<V>.Normalize(images, gains) : base.RmsNorm(images, gain);
    }

    /// <inheritdoc/>
    protected override Tensor Standardized(Tensor weight) =>
        WeightStandardization<V>.Fits(weight)
            ? WeightStandardization<V>.Standardize(weight, StandardizationEps)
            : base.Standardized(weight);

    /// <inheritdoc/>
    protected override Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] stride, long[] padding) =>
        stride is [1, 1] && padding is [1, 1] && x.size(1) == weight.size(1) && Convolution3x3<V>.Fits(x, weight)
            ? Convolution3x3<V>.Convolve(x, weight, bias)
            : base.Convolve(x, weight, bias, stride, padding);

    /// <inheritdoc/>
    protected override void AddProduct(Tensor rows, Tensor weight, Tensor result)
    {
        if (rows.size(1) == weight.size(1) && weight.dtype == ScalarType.Float32 && PixelProduct<V>.Fits(weight.size(1), weight.size(0)))
            PixelProduct<V>.Add(rows, weight.contiguous(), result);
        else
            base.AddProduct(rows, weight, result);
    }

    private bool HasAttentionKernel(Tensor pixels, AttentionWeights weights) =>
        Precision == Precision.Float32 && FullAttention<V>.Fits(pixels, weights.Query.Weight, weights.Heads);
}
