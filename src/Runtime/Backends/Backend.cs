using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// How blocks compute what they say: one method per block, which plain layers are too. <see cref="Reference"/> is the textbook, and what
/// every other backend must agree with to rounding, forward and backward; <see cref="Libtorch"/> reorders it for any device;
/// <see cref="Cpu{V}"/> and <see cref="Cuda"/> have kernels. A backend for another device derives from <see cref="Libtorch"/>, overrides
/// the blocks that it has kernels for, and calls its base for what they don't fit; it is chosen in <see cref="Compute"/>.
/// </summary>
/// <remarks>
/// Images are [batch, channels, height, width], in any layout; results may have another. No method writes over what it is given, unless it
/// says so. A backend knows nothing of the calling block and keeps nothing between calls.
/// </remarks>
/// <param name="precision">In which numbers convolutions, linear layers and attention compute.</param>
internal abstract class Backend(Precision precision)
{
    /// <summary>In which numbers convolutions, linear layers and attention compute; norms compute in their weights' type.</summary>
    public Precision Precision { get; } = precision;

    /// <summary>The type that this is of, to which what goes into those layers is rounded; null where it stays as it is.</summary>
    public ScalarType? Rounding => Precision switch
    {
        Precision.Float32 => null,
        Precision.BFloat16 => ScalarType.BFloat16,
        Precision.Float16 => ScalarType.Float16,
        _ => throw new NotSupportedException($"No backend knows the precision {Precision}."),
    };

    /// <summary>Which of the two that a network can ask for this is.</summary>
    public abstract KernelForm Kernels { get; }

    /// <summary>
    /// A residual block (He et al. 2015): shortcut(x) + branch(x), where the branch has two 3 x 3 convolutions with norm and activation
    /// behind each (The Annotated Diffusion Model, denoising-diffusion-pytorch), or before each (Ho et al. 2020; Dhariwal and Nichol 2021),
    /// and the time embedding between them.
    /// </summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="time">The time embedding, [batch, features], before its activation; or null.</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, out channels, height, width], or half or twice the height and width.</returns>
    public abstract Tensor Residual(Tensor x, Tensor? time, ResidualWeights weights);

    /// <summary>
    /// The half of a residual block whose norm comes last: dropout(activation(norm(convolution(x)) * (scale + 1) + shift)).
    /// </summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="scale">[batch, out channels, 1, 1], or null.</param>
    /// <param name="shift">[batch, out channels, 1, 1], or null; both or neither.</param>
    /// <param name="half">Convolution and norm.</param>
    /// <param name="activation">The nonlinearity.</param>
    /// <param name="dropout">Probability; 0 where there is none at work.</param>
    /// <returns>[batch, out channels, height, width].</returns>
    public abstract Tensor ResidualHalf(Tensor x, Tensor? scale, Tensor? shift, HalfWeights half, Activation activation, double dropout);

    /// <summary>
    /// Linear attention (Shen et al. 2018, "Efficient Attention"): with k' = softmax of k over the positions and q' = softmax of q over the
    /// features, context = k' v^T, output = context^T q' / sqrt(d), then a 1 x 1 convolution and a norm.
    /// </summary>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, dim, height, width].</returns>
    public abstract Tensor LinearAttention(Tensor x, LinearAttentionWeights weights);

    /// <summary>
    /// Attention between all pixels (Vaswani et al. 2017, eq. 1): W_o softmax(q k^T / sqrt(d)) v + b_o with q, k and v by linear layers of
    /// the (normalised) pixels, and x added where the block does so.
    /// </summary>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, dim, height, width].</returns>
    public abstract Tensor Attention(Tensor x, AttentionWeights weights);

    /// <summary>
    /// A transformer over the pixels of images (Rombach et al. 2022, section 3.3): x + W_out T(W_in norm(x)), where T is layers of
    /// <see cref="TransformerLayer"/> over the pixels as tokens, row by row.
    /// </summary>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="context">[batch, tokens, contextDim].</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, dim, height, width].</returns>
    public abstract Tensor Transformer(Tensor x, Tensor context, TransformerWeights weights);

    /// <summary>
    /// A layer of a transformer whose norms come first: x += attention(norm(x)) to one another, x += attention(norm(x)) to the context,
    /// x += feedForward(norm(x)).
    /// </summary>
    /// <param name="tokens">[batch, positions, dim].</param>
    /// <param name="context">[batch, tokens, contextDim].</param>
    /// <param name="weights">Of the layer.</param>
    /// <returns>[batch, positions, dim].</returns>
    public abstract Tensor TransformerLayer(Tensor tokens, Tensor context, TransformerLayerWeights weights);

    /// <summary>
    /// Attention of tokens to others, or to one another (Vaswani et al. 2017, eq. 1): W_o softmax(q k^T / sqrt(d)) v + b_o, with q of the
    /// tokens, and k and v of what they attend to.
    /// </summary>
    /// <param name="tokens">[batch, positions, dim].</param>
    /// <param name="attended">[batch, tokens, dim of these]; null: the tokens themselves.</param>
    /// <param name="weights">Of the layer, without norm, memory and sum.</param>
    /// <returns>[batch, positions, dim].</returns>
    public abstract Tensor AttendTo(Tensor tokens, Tensor? attended, AttentionWeights weights);

    /// <summary>W_2 (a * GELU(g)) + b_2, where W_1 x + b_1 = (a, g): a feed-forward layer with a gate, GEGLU (Shazeer 2020).</summary>
    /// <param name="tokens">[batch, positions, dim].</param>
    /// <param name="weights">Of the layer.</param>
    /// <returns>[batch, positions, dim].</returns>
    public abstract Tensor FeedForward(Tensor tokens, FeedForwardWeights weights);

    /// <summary>A convolution of the image of twice the size, each pixel four times.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weights">Of the convolution.</param>
    /// <returns>[batch, out channels, 2 height, 2 width].</returns>
    public abstract Tensor Upsample(Tensor x, ConvolutionWeights weights);

    /// <summary>A convolution with zeros around the image.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weights">Of the layer.</param>
    /// <returns>[batch, out channels, ...].</returns>
    public abstract Tensor Convolve(Tensor x, ConvolutionWeights weights);

    /// <summary>A transposed convolution.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weights">Of the layer; the weight is [channels, out channels, kernel, kernel].</param>
    /// <returns>[batch, out channels, ...].</returns>
    public abstract Tensor ConvolveTransposed(Tensor x, ConvolutionWeights weights);

    /// <summary>x W^T + b over the last axis.</summary>
    /// <param name="x">[..., in].</param>
    /// <param name="weights">Of the layer.</param>
    /// <returns>[..., out].</returns>
    public abstract Tensor Project(Tensor x, LinearWeights weights);

    /// <summary>second(activation(first(x))), two linear layers, as behind the embedding of timesteps.</summary>
    /// <param name="x">[batch, in]; it is taken in the type of the weights.</param>
    /// <param name="first">From in to hidden.</param>
    /// <param name="activation">Between.</param>
    /// <param name="second">From hidden to out.</param>
    /// <returns>[batch, out].</returns>
    public abstract Tensor Embed(Tensor x, LinearWeights first, Activation activation, LinearWeights second);

    /// <summary>A norm.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="norm">Of the layer.</param>
    /// <returns>The same shape, in the type of the norm's weights; of <see cref="Cuda"/> in the image's.</returns>
    public abstract Tensor Normalize(Tensor x, NormWeights norm);

    /// <summary>activation(norm(x)).</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="norm">Of the layer.</param>
    /// <param name="activation">The nonlinearity.</param>
    /// <returns>The same shape, in the type of the norm's weights; of <see cref="Cuda"/> in the image's.</returns>
    public abstract Tensor NormActivate(Tensor x, NormWeights norm, Activation activation);

    /// <summary>branch + shortcut. The branch was just made, and no gradient needs it: its memory may be the sum's.</summary>
    /// <param name="branch">Not read again.</param>
    /// <param name="shortcut">Of the same shape, or of one that spreads to it.</param>
    /// <returns>The shape of <paramref name="branch"/>.</returns>
    public abstract Tensor Add(Tensor branch, Tensor shortcut);

    /// <summary>The channels of one image behind another's.</summary>
    /// <param name="first">[batch, a, height, width].</param>
    /// <param name="second">[batch, b, height, width].</param>
    /// <returns>[batch, a + b, height, width], in this order.</returns>
    public abstract Tensor Concat(Tensor first, Tensor second);

    /// <summary>Each pixel four times.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>[batch, channels, 2 height, 2 width].</returns>
    public abstract Tensor Doubled(Tensor x);
}
