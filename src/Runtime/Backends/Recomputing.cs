using UNetGen.Backends.Nodes;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// Another backend for less memory: where a gradient may be asked for, each of its blocks keeps its inputs alone, and computes once more in
/// the backward pass (gradient checkpointing; Chen et al. 2016). The numbers are those of the other, and so is each block's gradient. What
/// keeps hardly more than its input anyway, a layer or a copy, is the other's as it is.
/// </summary>
/// <param name="backend">The other.</param>
internal sealed class Recomputing(Backend backend) : Backend(backend.Precision)
{
    /// <inheritdoc/>
    public override KernelForm Kernels => backend.Kernels;

    /// <inheritdoc/>
    public override Tensor Residual(Tensor x, Tensor? time, ResidualWeights weights) =>
        Again((given, its) => backend.Residual(given[0]!, given[1], its), weights, weights.Dropout, x, time);

    /// <inheritdoc/>
    public override Tensor ResidualHalf(Tensor x, Tensor? scale, Tensor? shift, HalfWeights half, Activation activation, double dropout) =>
        Again(
            (given, its) => backend.ResidualHalf(given[0]!, given[1], given[2], its, activation, dropout), half, dropout, x, scale, shift);

    /// <inheritdoc/>
    public override Tensor LinearAttention(Tensor x, LinearAttentionWeights weights) =>
        Again((given, its) => backend.LinearAttention(given[0]!, its), weights, 0, x);

    /// <inheritdoc/>
    public override Tensor Attention(Tensor x, AttentionWeights weights) =>
        Again((given, its) => backend.Attention(given[0]!, its), weights, 0, x);

    /// <inheritdoc/>
    public override Tensor Transformer(Tensor x, Tensor context, TransformerWeights weights) =>
        Again((given, its) => backend.Transformer(given[0]!, given[1]!, its), weights, 0, x, context);

    /// <inheritdoc/>
    public override Tensor TransformerLayer(Tensor tokens, Tensor context, TransformerLayerWeights weights) =>
        Again((given, its) => backend.TransformerLayer(given[0]!, given[1]!, its), weights, 0, tokens, context);

    /// <inheritdoc/>
    public override Tensor AttendTo(Tensor tokens, Tensor? attended, AttentionWeights weights) =>
        Again((given, its) => backend.AttendTo(given[0]!, given[1], its), weights, 0, tokens, attended);

    /// <inheritdoc/>
    public override Tensor FeedForward(Tensor tokens, FeedForwardWeights weights) =>
        Again((given, its) => backend.FeedForward(given[0]!, its), weights, 0, tokens);

    /// <inheritdoc/>
    public override Tensor Upsample(Tensor x, ConvolutionWeights weights) =>
        Again((given, its) => backend.Upsample(given[0]!, its), weights, 0, x);

    /// <inheritdoc/>
    public override Tensor NormActivate(Tensor x, NormWeights norm, Activation activation) =>
        Again((given, its) => backend.NormActivate(given[0]!, its, activation), norm, 0, x);

    /// <inheritdoc/>
    public override Tensor Convolve(Tensor x, ConvolutionWeights weights) => backend.Convolve(x, weights);

    /// <inheritdoc/>
    public override Tensor ConvolveTransposed(Tensor x, ConvolutionWeights weights) => backend.ConvolveTransposed(x, weights);

    /// <inheritdoc/>
    public override Tensor Project(Tensor x, LinearWeights weights) => backend.Project(x, weights);

    /// <inheritdoc/>
    public override Tensor Embed(Tensor x, LinearWeights first, Activation activation, LinearWeights second) =>
        backend.Embed(x, first, activation, second);

    /// <inheritdoc/>
    public override Tensor Normalize(Tensor x, NormWeights norm) => backend.Normalize(x, norm);

    /// <inheritdoc/>
    public override Tensor Add(Tensor branch, Tensor shortcut) => backend.Add(branch, shortcut);

    /// <inheritdoc/>
    public override Tensor Concat(Tensor first, Tensor second) => backend.Concat(first, second);

    /// <inheritdoc/>
    public override Tensor Doubled(Tensor x) => backend.Doubled(x);

    /// <summary>A block's result, computed now and again in the backward pass.</summary>
    /// <param name="compute">Makes it of inputs and weights.</param>
    /// <param name="weights">The block's.</param>
    /// <param name="dropout">Probability; 0 where it draws nothing.</param>
    /// <param name="inputs">The block's; null where there is none.</param>
    private static Tensor Again<T>(Func<Tensor?[], T, Tensor> compute, T weights, double dropout, params Tensor?[] inputs)
        where T : IWeights<T>
    {
        if (!is_grad_enabled())
            return compute(inputs, weights);
        var all = new List<Tensor?>(inputs);
        weights.Mapped(tensor =>
        {
            all.Add(tensor);
            return tensor;
        });
        return RecomputedFunction.Of(Compute, all, dropout > 0);

        Tensor Compute(Tensor?[] given)
        {
            var next = inputs.Length;
            return compute(given[..inputs.Length], weights.Mapped(_ => given[next++]!));
        }
    }
}
