using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// The textbook: every block operation by operation, as papers and reference implementations have it (<c>kernels: reference</c>), for any
/// device and size. With 16 bits what torch.autocast makes of it: what goes into a convolution, a linear layer or a product is rounded at
/// each call, so that the weights themselves stay what the optimiser moves; norms compute in their weights' type.
/// </summary>
/// <remarks>
/// Blocks call the layers below them, which are methods as well: a derived backend that overrides one changes every block that uses it.
/// </remarks>
internal class Reference(Precision precision) : Backend(precision)
{
    /// <summary>Added to a standardised filter's variance, in 32 bits or more.</summary>
    public const double StandardizationEps = 1e-5;

    /// <inheritdoc/>
    public override KernelForm Kernels => KernelForm.Reference;

    /// <inheritdoc/>
    public override Tensor Residual(Tensor x, Tensor? time, ResidualWeights weights)
    {
        using var scope = NewDisposeScope();
        return (weights.NormFirst ? NormFirst(x, time, weights) : ConvolutionFirst(x, time, weights)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor ResidualHalf(Tensor x, Tensor? scale, Tensor? shift, HalfWeights half, Activation activation, double dropout)
    {
        using var scope = NewDisposeScope();
        var h = NormActivate(Convolve(x, half.Convolution), half.Norm, scale, shift, activation, spent: true);
        return Dropped(h, dropout).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor LinearAttention(Tensor x, LinearAttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        var (batch, height, width) = (x.shape[0], x.shape[2], x.shape[3]);
        var qkv = Convolve(weights.Norm is { } norm ? Normalize(x, norm) : x, weights.Projections).chunk(3, 1);
        var (q, k, v) = (Heads(qkv[0]), Heads(qkv[1]), Heads(qkv[2])); // each [B, heads, d, positions]
        (k, v) = WithMemory(k, v, weights.Memory, -1);
        q = q.softmax(-2) / Number.Of(Math.Sqrt(q.shape[2]));
        k = k.softmax(-1);
        var context = Product(k, v.transpose(-2, -1)); // [B, heads, d of k, d of v]
        var result = Product(context.transpose(-2, -1), q).reshape(batch, -1, height, width);
        return Normalize(Convolve(result, weights.Output), weights.OutputNorm).MoveToOuterDisposeScope();

        Tensor Heads(Tensor t) => t.reshape(batch, weights.Heads, -1, height * width);
    }

    /// <inheritdoc/>
    public override Tensor Attention(Tensor x, AttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        var pixels = (weights.Norm is { } norm ? Normalize(x, norm) : x).flatten(2).transpose(1, 2); // [B, positions, dim]
        var result = Project(Attend(pixels, weights), weights.Output).transpose(1, 2).reshape(x.shape);
        return (weights.AddsInput ? result.add(x, Number.One) : result).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Transformer(Tensor x, Tensor context, TransformerWeights weights)
    {
        using var scope = NewDisposeScope();
        var tokens = Project(Tokens(Normalize(x, weights.Norm)), weights.Input);
        foreach (var layer in weights.Layers)
            tokens = TransformerLayer(tokens, context, layer);
        var branch = Images(Project(tokens, weights.Output), x.size(2), x.size(3));
        return Add(branch, x).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor TransformerLayer(Tensor tokens, Tensor context, TransformerLayerWeights weights)
    {
        using var scope = NewDisposeScope();
        var h = Add(AttendTo(LayerNorm(tokens, weights.SelfNorm), null, weights.Self), tokens);
        h = Add(AttendTo(LayerNorm(h, weights.CrossNorm), context, weights.Cross), h);
        return Add(FeedForward(LayerNorm(h, weights.FeedForwardNorm), weights.FeedForward), h).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor AttendTo(Tensor tokens, Tensor? attended, AttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        var heads = attended is null ? Attend(tokens, weights) : Attend(tokens, attended, weights);
        return Project(heads, weights.Output).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor FeedForward(Tensor tokens, FeedForwardWeights weights)
    {
        using var scope = NewDisposeScope();
        var halves = Project(tokens, weights.First).chunk(2, -1);
        return Project(halves[0] * Activate(halves[1], Activation.Gelu), weights.Second).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Upsample(Tensor x, ConvolutionWeights weights)
    {
        using var doubled = Doubled(x);
        return Convolve(doubled, weights);
    }

    /// <inheritdoc/>
    public override Tensor Convolve(Tensor x, ConvolutionWeights weights)
    {
        using var scope = NewDisposeScope();
        var kernel = weights.Weight;
        if (weights.Standardized)
            kernel = KeptWeights.Of(kernel, WeightForm.Standardized, Standardized) ?? Standardized(kernel);
        return Convolve(Rounded(x), Rounded(kernel), Rounded(weights.Bias), weights.Stride, weights.Padding).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor ConvolveTransposed(Tensor x, ConvolutionWeights weights)
    {
        using var scope = NewDisposeScope();
        var (weight, bias) = (Rounded(weights.Weight), Rounded(weights.Bias));
        return nn.functional.conv_transpose2d(Rounded(x), weight, bias, weights.Stride, weights.Padding).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Project(Tensor x, LinearWeights weights)
    {
        using var scope = NewDisposeScope();
        return Project(Rounded(x), Rounded(weights.Weight), Rounded(weights.Bias)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Embed(Tensor x, LinearWeights first, Activation activation, LinearWeights second)
    {
        using var scope = NewDisposeScope();
        return Project(Activate(Project(As(first.Weight.dtype, x), first), activation), second).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Normalize(Tensor x, NormWeights norm)
    {
        using var scope = NewDisposeScope();
        var result = norm switch
        {
            GroupNormWeights group => GroupNorm(AsNormed(x, norm), group.Layer),
            RmsNormWeights { Gain: var gain } => RmsNorm(As(gain.dtype, x), gain * Number.Of(Math.Sqrt(gain.size(1)))),
            _ => throw new NotSupportedException($"No backend knows the norm {norm}."),
        };
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public sealed override Tensor NormActivate(Tensor x, NormWeights norm, Activation activation) =>
        NormActivate(x, norm, null, null, activation, spent: false);

    /// <inheritdoc/>
    public override Tensor Add(Tensor branch, Tensor shortcut) => branch.add(shortcut, Number.One);

    /// <inheritdoc/>
    public override Tensor Concat(Tensor first, Tensor second) => cat([first, second], 1);

    /// <inheritdoc/>
    public override Tensor Doubled(Tensor x) => nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);

    /// <summary>activation(norm(x) * (scale + 1) + shift).</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="norm">Of the layer.</param>
    /// <param name="scale">[batch, channels, 1, 1], or null.</param>
    /// <param name="shift">[batch, channels, 1, 1], or null; both or neither.</param>
    /// <param name="activation">The nonlinearity.</param>
    /// <param name="spent">Whether nobody reads <paramref name="x"/> again: then its memory may be the result's.</param>
    /// <returns>[batch, channels, height, width].</returns>
    protected virtual Tensor NormActivate(Tensor x, NormWeights norm, Tensor? scale, Tensor? shift, Activation activation, bool spent)
    {
        using var scope = NewDisposeScope();
        x = AsNormed(x, norm);
        var h = Normalize(x, norm);
        if (scale is not null && shift is not null)
            h = (h * As(x.dtype, scale).add(Number.Of(1), Number.One)).add(As(x.dtype, shift), Number.One);
        return Activate(h, activation).MoveToOuterDisposeScope();
    }

    /// <summary>Normalises over the pixels and channels of each group.</summary>
    /// <param name="x">[batch, channels, height, width], in the type of the layer's weights.</param>
    /// <param name="layer">Of the norm.</param>
    /// <returns>The same shape.</returns>
    protected virtual Tensor GroupNorm(Tensor x, GroupNorm layer) => GroupNormCall.Forward(layer, x);

    /// <summary>x / max(|x|, 1e-12) * gain, with the norm |x| over the channels of each pixel.</summary>
    /// <param name="x">[batch, channels, height, width], in the type of the gain.</param>
    /// <param name="gain">[1, channels, 1, 1].</param>
    /// <returns>The same shape.</returns>
    protected virtual Tensor RmsNorm(Tensor x, Tensor gain) => nn.functional.normalize(x, dim: 1) * gain;

    /// <summary>softmax(q k^T / sqrt(d)) v of each head.</summary>
    /// <param name="pixels">[batch, positions, dim], normalised.</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, positions, heads * d].</returns>
    protected virtual Tensor Attend(Tensor pixels, AttentionWeights weights) => Attend(pixels, pixels, weights);

    /// <summary>softmax(q k^T / sqrt(d)) v of each head, with q of the pixels, and k and v of what they attend to.</summary>
    /// <param name="pixels">[batch, positions, dim], normalised.</param>
    /// <param name="attended">[batch, tokens, dim of these].</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, positions, heads * d].</returns>
    protected Tensor Attend(Tensor pixels, Tensor attended, AttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        // Each [B, heads, positions, d].
        var (q, k, v) = (Heads(pixels, weights.Query), Heads(attended, weights.Key), Heads(attended, weights.Value));
        (k, v) = WithMemory(k, v, weights.Memory, -2);
        var result = nn.functional.scaled_dot_product_attention(Rounded(q), Rounded(k), Rounded(v));
        return result.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();

        Tensor Heads(Tensor tokens, LinearWeights layer)
        {
            var features = Project(tokens, layer);
            return features.reshape(features.shape[0], features.shape[1], weights.Heads, -1).transpose(1, 2);
        }
    }

    /// <summary>Normalises over the features of each token.</summary>
    /// <param name="tokens">[batch, positions, dim].</param>
    /// <param name="norm">Of the layer.</param>
    /// <returns>The same shape, in the type of the norm's weights.</returns>
    protected virtual Tensor LayerNorm(Tensor tokens, LayerNormWeights norm)
    {
        using var scope = NewDisposeScope();
        return nn.functional.layer_norm(As(norm.Weight.dtype, tokens), [tokens.size(-1)], norm.Weight, norm.Bias, norm.Eps)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Images [batch, channels, height, width] as tokens, [batch, height * width, channels].</summary>
    protected virtual Tensor Tokens(Tensor images) => images.flatten(2).transpose(1, 2);

    /// <summary>What <see cref="Tokens"/> took apart.</summary>
    protected virtual Tensor Images(Tensor tokens, long height, long width) =>
        tokens.transpose(1, 2).reshape(tokens.size(0), tokens.size(2), height, width);

    /// <summary>
    /// Filters brought to mean 0 and variance 1 (Qiao et al. 2019, "Weight Standardization"), with the biased variance and eps 1e-5, in
    /// less than 32 bits 1e-3, as in The Annotated Diffusion Model.
    /// </summary>
    /// <param name="weight">[out channels, channels, kernel, kernel].</param>
    /// <returns>The same shape.</returns>
    protected virtual Tensor Standardized(Tensor weight)
    {
        var eps = weight.dtype is ScalarType.Float32 or ScalarType.Float64 ? StandardizationEps : 1e-3;
        var mean = weight.mean([1, 2, 3], keepdim: true);
        var variance = weight.var([1, 2, 3], unbiased: false, keepdim: true);
        return (weight - mean) * variance.add(Number.Of(eps), Number.One).rsqrt();
    }

    /// <summary>A convolution whose operands have the numbers in which to compute.</summary>
    protected virtual Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] stride, long[] padding) =>
        nn.functional.conv2d(x, weight, bias, stride, padding);

    /// <summary>A linear layer whose operands have the numbers in which to compute.</summary>
    protected virtual Tensor Project(Tensor x, Tensor weight, Tensor? bias) => nn.functional.linear(x, weight, bias);

    /// <summary>The product of (batches of) matrices.</summary>
    protected Tensor Product(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return matmul(Rounded(a), Rounded(b)).MoveToOuterDisposeScope();
    }

    /// <summary>A GroupNorm's input in the type of its weights: sums over pixels need more than 16 bits.</summary>
    protected static Tensor AsNormed(Tensor x, NormWeights norm) =>
        norm is GroupNormWeights { Layer.weight: { } weight } ? As(weight.dtype, x) : x;

    /// <summary>The same numbers in another type; the tensor itself where it has that.</summary>
    protected static Tensor As(ScalarType type, Tensor x) => x.dtype == type ? x : x.to(type);

    private Tensor NormFirst(Tensor x, Tensor? time, ResidualWeights weights)
    {
        var activated = NormActivate(x, weights.First.Norm, null, null, weights.Activation, spent: false);
        var h = Convolve(Resampled(activated, weights.Resampling), weights.First.Convolution);
        activated.Dispose();
        var (scale, shift, added) = Conditions(time, weights);
        h = NormActivate(added is null ? h : Add(h, added), weights.Second.Norm, scale, shift, weights.Activation, spent: true);
        var branch = Convolve(Dropped(h, weights.Dropout), weights.Second.Convolution);
        var shortcut = Resampled(x, weights.Resampling);
        return Add(branch, weights.Shortcut is null ? shortcut : Convolve(shortcut, weights.Shortcut));
    }

    private Tensor ConvolutionFirst(Tensor x, Tensor? time, ResidualWeights weights)
    {
        var (scale, shift, added) = Conditions(time, weights);
        var first = ResidualHalf(x, scale, shift, weights.First, weights.Activation, weights.Dropout);
        var conditioned = added is null ? first : first.add(added, Number.One);
        var h = ResidualHalf(conditioned, null, null, weights.Second, weights.Activation, dropout: 0);
        first.Dispose();
        var shortcut = weights.Shortcut is null ? x : Convolve(x, weights.Shortcut);
        // ReLU's gradient looks at its result, the others' at what they were given.
        return weights.Activation == Activation.Relu ? h.add(shortcut, Number.One) : Add(h, shortcut);
    }

    /// <summary>
    /// What the time embedding does to the branch: scale and shift, or what is added, [batch, channels, 1, 1] each; or nothing.
    /// </summary>
    private (Tensor? Scale, Tensor? Shift, Tensor? Added) Conditions(Tensor? time, ResidualWeights weights)
    {
        if (time is null || weights.Time is null)
            return default;
        var projected = Project(Activate(time, weights.Activation), weights.Time).unsqueeze(-1).unsqueeze(-1);
        if (weights.AddsTime)
            return (null, null, projected);
        var halves = projected.chunk(2, 1);
        return (halves[0], halves[1], null);
    }

    /// <summary>An image of half or twice the size, or as it is.</summary>
    protected Tensor Resampled(Tensor x, Resampling resampling) => resampling switch
    {
        Resampling.Down => nn.functional.avg_pool2d(x, 2),
        Resampling.Up => Doubled(x),
        _ => x,
    };

    /// <summary>With dropout, where its probability isn't 0.</summary>
    protected static Tensor Dropped(Tensor x, double dropout) => dropout > 0 ? Chance.Dropout(x, dropout) : x;

    private static Tensor Activate(Tensor x, Activation activation) => activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.Gelu => nn.functional.gelu(x),
        Activation.Relu => nn.functional.relu(x),
        Activation.Mish => Mish(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    /// <summary>TorchSharp's own makes its numbers by itself (<see cref="Number"/>).</summary>
    private static Tensor Mish(Tensor x)
    {
        using var softplus = Softplus(x, beta: Number.Of(1.0), threshold: Number.Of(20.0));
        using var factor = softplus.tanh();
        return x * factor;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "softplus1")]
    private static extern Tensor Softplus(Tensor x, Scalar beta, Scalar threshold);

    /// <summary>The keys and values of learned positions, which every image has, before its own along the axis of positions.</summary>
    private static (Tensor Keys, Tensor Values) WithMemory(Tensor keys, Tensor values, Tensor? memory, long positions)
    {
        return memory is null ? (keys, values) : (Joined(0, keys), Joined(1, values));

        Tensor Joined(long which, Tensor own) => cat([memory[which].unsqueeze(0).expand(own.shape[0], -1, -1, -1), own], positions);
    }

    /// <summary>What goes into a layer, in the numbers in which it computes.</summary>
    [return: NotNullIfNotNull(nameof(x))]
    private Tensor? Rounded(Tensor? x) =>
        x is null || Rounding is not { } type ? x : KeptWeights.Of(x, FormOf(type), weight => weight.to(type)) ?? As(type, x);

    private static WeightForm FormOf(ScalarType type) => type == ScalarType.Float16 ? WeightForm.Float16 : WeightForm.BFloat16;
}
