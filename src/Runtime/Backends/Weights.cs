using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Backends;

// What blocks hand over to a backend. They make it anew for each forward pass: moving a module to a device or type replaces its parameters.

/// <summary>Weights of a layer or a block, which can show their tensors.</summary>
/// <typeparam name="T">They themselves.</typeparam>
internal interface IWeights<out T>
{
    /// <summary>
    /// The same with other tensors in the place of theirs, each of which is asked for once, in an order that is always the same. A
    /// <see cref="GroupNorm"/>'s are asked for as well and stay: they are a module's parameters, which outlive every pass.
    /// </summary>
    /// <param name="map">From a tensor to the one in its place.</param>
    T Mapped(Func<Tensor, Tensor> map);
}

/// <summary>A linear layer.</summary>
/// <param name="Weight">[out, in].</param>
/// <param name="Bias">[out], or null.</param>
internal sealed record LinearWeights(Tensor Weight, Tensor? Bias) : IWeights<LinearWeights>
{
    /// <inheritdoc/>
    public LinearWeights Mapped(Func<Tensor, Tensor> map) => new(map(Weight), Bias is null ? null : map(Bias));
}

/// <summary>A convolution, of one group and undilated.</summary>
/// <param name="Weight">[out channels, channels, kernel, kernel].</param>
/// <param name="Bias">[out channels], or null.</param>
/// <param name="Stride">Of height and width.</param>
/// <param name="Padding">Zeros on each side of height and width.</param>
/// <param name="Standardized">Whether the filters are brought to mean 0 and variance 1 before use.</param>
internal sealed record ConvolutionWeights(Tensor Weight, Tensor? Bias, long[] Stride, long[] Padding, bool Standardized = false)
    : IWeights<ConvolutionWeights>
{
    /// <inheritdoc/>
    public ConvolutionWeights Mapped(Func<Tensor, Tensor> map) =>
        this with { Weight = map(Weight), Bias = Bias is null ? null : map(Bias) };
}

/// <summary>A norm over the channels of images.</summary>
internal abstract record NormWeights : IWeights<NormWeights>
{
    /// <inheritdoc/>
    public abstract NormWeights Mapped(Func<Tensor, Tensor> map);
}

/// <summary>GroupNorm (Wu and He 2018).</summary>
/// <param name="Layer">Its groups, eps, weight and bias.</param>
internal sealed record GroupNormWeights(GroupNorm Layer) : NormWeights
{
    /// <inheritdoc/>
    public override GroupNormWeights Mapped(Func<Tensor, Tensor> map)
    {
        map(Layer.weight!);
        map(Layer.bias!);
        return this;
    }
}

/// <summary>RMSNorm: x / max(|x|, 1e-12) * gain * sqrt(channels), with the norm |x| over the channels of each pixel.</summary>
/// <param name="Gain">[1, channels, 1, 1].</param>
internal sealed record RmsNormWeights(Tensor Gain) : NormWeights
{
    /// <inheritdoc/>
    public override RmsNormWeights Mapped(Func<Tensor, Tensor> map) => new(map(Gain));
}

/// <summary>Half of a residual block.</summary>
/// <param name="Convolution">3 x 3.</param>
/// <param name="Norm">As wide as the convolution's result, or, where it comes first, as its input.</param>
internal sealed record HalfWeights(ConvolutionWeights Convolution, NormWeights Norm) : IWeights<HalfWeights>
{
    /// <inheritdoc/>
    public HalfWeights Mapped(Func<Tensor, Tensor> map) => new(Convolution.Mapped(map), Norm.Mapped(map));
}

/// <summary>A residual block.</summary>
/// <param name="NormFirst">Whether norm and activation stand before each convolution instead of behind it.</param>
/// <param name="First">First convolution and norm.</param>
/// <param name="Second">Second convolution and norm.</param>
/// <param name="Shortcut">1 x 1 convolution of the input; null where the width stays.</param>
/// <param name="Time">From the time embedding to what <paramref name="AddsTime"/> says; null without.</param>
/// <param name="AddsTime">
/// Whether the projected time is added between the halves; else it is scale and shift of the norm that stands between the convolutions.
/// </param>
/// <param name="Activation">The nonlinearity.</param>
/// <param name="Dropout">Probability, once per block; 0 where there is none at work.</param>
/// <param name="Resampling">
/// What happens to the image's size before the first convolution, on both branches; only where <paramref name="NormFirst"/>.
/// </param>
internal sealed record ResidualWeights(bool NormFirst, HalfWeights First, HalfWeights Second, ConvolutionWeights? Shortcut,
    LinearWeights? Time, bool AddsTime, Activation Activation, double Dropout, Resampling Resampling = Resampling.None)
    : IWeights<ResidualWeights>
{
    /// <inheritdoc/>
    public ResidualWeights Mapped(Func<Tensor, Tensor> map) => this with
    {
        First = First.Mapped(map),
        Second = Second.Mapped(map),
        Shortcut = Shortcut?.Mapped(map),
        Time = Time?.Mapped(map),
    };
}

/// <summary>Linear attention.</summary>
/// <param name="Norm">Before everything else; or null.</param>
/// <param name="Projections">1 x 1 convolution to queries, keys and values, [3 features, dim, 1, 1], of all heads each.</param>
/// <param name="Memory">Further keys and values, [2, heads, headDim, tokens]; or null.</param>
/// <param name="Output">1 x 1 convolution, [dim, features, 1, 1].</param>
/// <param name="OutputNorm">After it.</param>
/// <param name="Heads">Number of heads.</param>
internal sealed record LinearAttentionWeights(RmsNormWeights? Norm, ConvolutionWeights Projections, Tensor? Memory,
    ConvolutionWeights Output, NormWeights OutputNorm, long Heads) : IWeights<LinearAttentionWeights>
{
    /// <inheritdoc/>
    public LinearAttentionWeights Mapped(Func<Tensor, Tensor> map) => this with
    {
        Norm = Norm?.Mapped(map),
        Projections = Projections.Mapped(map),
        Memory = Memory is null ? null : map(Memory),
        Output = Output.Mapped(map),
        OutputNorm = OutputNorm.Mapped(map),
    };
}

/// <summary>A norm over the features of each token (Ba et al. 2016).</summary>
/// <param name="Weight">[features].</param>
/// <param name="Bias">[features].</param>
/// <param name="Eps">Added to the variance.</param>
internal sealed record LayerNormWeights(Tensor Weight, Tensor Bias, double Eps) : IWeights<LayerNormWeights>
{
    /// <inheritdoc/>
    public LayerNormWeights Mapped(Func<Tensor, Tensor> map) => this with { Weight = map(Weight), Bias = map(Bias) };
}

/// <summary>A gated layer over the features of each token, GEGLU (Shazeer 2020).</summary>
/// <param name="First">From a token to values and gates, [2 * hidden, dim], the values first.</param>
/// <param name="Second">Back, [dim, hidden].</param>
internal sealed record FeedForwardWeights(LinearWeights First, LinearWeights Second) : IWeights<FeedForwardWeights>
{
    /// <inheritdoc/>
    public FeedForwardWeights Mapped(Func<Tensor, Tensor> map) => new(First.Mapped(map), Second.Mapped(map));
}

/// <summary>A layer of a transformer over pixels that attend to a context.</summary>
/// <param name="SelfNorm">Before <paramref name="Self"/>.</param>
/// <param name="Self">The pixels' attention to one another.</param>
/// <param name="CrossNorm">Before <paramref name="Cross"/>.</param>
/// <param name="Cross">The pixels' attention to the context, whose features keys and values are made of.</param>
/// <param name="FeedForwardNorm">Before <paramref name="FeedForward"/>.</param>
/// <param name="FeedForward">Each pixel by itself.</param>
internal sealed record TransformerLayerWeights(LayerNormWeights SelfNorm, AttentionWeights Self, LayerNormWeights CrossNorm,
    AttentionWeights Cross, LayerNormWeights FeedForwardNorm, FeedForwardWeights FeedForward) : IWeights<TransformerLayerWeights>
{
    /// <inheritdoc/>
    public TransformerLayerWeights Mapped(Func<Tensor, Tensor> map) => new(
        SelfNorm.Mapped(map), Self.Mapped(map), CrossNorm.Mapped(map), Cross.Mapped(map), FeedForwardNorm.Mapped(map),
        FeedForward.Mapped(map));
}

/// <summary>A transformer over the pixels of images.</summary>
/// <param name="Norm">Before everything else.</param>
/// <param name="Input">From a pixel to its token.</param>
/// <param name="Layers">One after another.</param>
/// <param name="Output">From a token to its pixel.</param>
internal sealed record TransformerWeights(NormWeights Norm, LinearWeights Input, IReadOnlyList<TransformerLayerWeights> Layers,
    LinearWeights Output) : IWeights<TransformerWeights>
{
    /// <inheritdoc/>
    public TransformerWeights Mapped(Func<Tensor, Tensor> map) => new(
        Norm.Mapped(map), Input.Mapped(map), [.. Layers.Select(layer => layer.Mapped(map))], Output.Mapped(map));
}

/// <summary>Attention between all pixels.</summary>
/// <param name="Norm">Before everything else; or null.</param>
/// <param name="Query">From a pixel to its queries, [heads * d, dim]: those of one head after those of another.</param>
/// <param name="Key">As <paramref name="Query"/>; with a bias if that has one.</param>
/// <param name="Value">As <paramref name="Key"/>.</param>
/// <param name="Output">From the results of the heads, beside each other, to the pixel, [dim, heads * d].</param>
/// <param name="Memory">Further keys and values, [2, heads, tokens, d]; or null.</param>
/// <param name="Heads">Number of heads.</param>
/// <param name="AddsInput">Whether the block's input is added to its result.</param>
internal sealed record AttentionWeights(NormWeights? Norm, LinearWeights Query, LinearWeights Key, LinearWeights Value,
    LinearWeights Output, Tensor? Memory, long Heads, bool AddsInput) : IWeights<AttentionWeights>
{
    /// <inheritdoc/>
    public AttentionWeights Mapped(Func<Tensor, Tensor> map) => this with
    {
        Norm = Norm?.Mapped(map),
        Query = Query.Mapped(map),
        Key = Key.Mapped(map),
        Value = Value.Mapped(map),
        Output = Output.Mapped(map),
        Memory = Memory is null ? null : map(Memory),
    };
}
