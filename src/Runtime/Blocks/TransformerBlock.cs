using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// A layer of a <see cref="SpatialTransformer"/>, diffusers' BasicTransformerBlock: x += attn1(norm1(x)), the tokens' attention to one
/// another; x += attn2(norm2(x)), their attention to the context; x += ff(norm3(x)).
/// </summary>
/// <remarks>Keys <c>norm1</c>, <c>attn1</c>, <c>norm2</c>, <c>attn2</c>, <c>norm3</c>, <c>ff</c>; the norms' eps is 1e-5.</remarks>
public sealed class TransformerBlock : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Of the three norms.</summary>
    internal const double NormEps = 1e-5;

    /// <summary>Before <see cref="attn1"/>.</summary>
    public readonly LayerNorm norm1;

    /// <summary>To one another.</summary>
    public readonly TokenAttention attn1;

    /// <summary>Before <see cref="attn2"/>.</summary>
    public readonly LayerNorm norm2;

    /// <summary>To the context.</summary>
    public readonly TokenAttention attn2;

    /// <summary>Before <see cref="ff"/>.</summary>
    public readonly LayerNorm norm3;

    /// <summary>Each token by itself.</summary>
    public readonly FeedForward ff;

    /// <param name="dim">Features of a token.</param>
    /// <param name="heads">Of both attentions; must divide <paramref name="dim"/>.</param>
    /// <param name="contextDim">Features of a token of the context.</param>
    public TransformerBlock(long dim, long heads, long contextDim) : base(nameof(TransformerBlock))
    {
        norm1 = Layers.LayerNorm(dim, NormEps);
        attn1 = new TokenAttention(dim, heads, dim);
        norm2 = Layers.LayerNorm(dim, NormEps);
        attn2 = new TokenAttention(dim, heads, contextDim);
        norm3 = Layers.LayerNorm(dim, NormEps);
        ff = new FeedForward(dim);
        register_module("norm1", norm1);
        register_module("attn1", attn1);
        register_module("norm2", norm2);
        register_module("attn2", attn2);
        register_module("norm3", norm3);
        register_module("ff", ff);
    }

    /// <summary>As a backend is given them.</summary>
    internal TransformerLayerWeights Weights => new(LayerWeights.Of(norm1), attn1.Weights, LayerWeights.Of(norm2), attn2.Weights,
        LayerWeights.Of(norm3), ff.Weights);

    /// <param name="tokens">[batch, positions, dim].</param>
    /// <param name="context">[batch, tokens, contextDim].</param>
    /// <returns>[batch, positions, dim].</returns>
    public override Tensor forward(Tensor tokens, Tensor context) => Compute.Backend.TransformerLayer(tokens, context, Weights);

    /// <summary>Nothing: the constructor registered the layers under PyTorch's keys.</summary>
    protected override void RegisterComponents()
    {
    }
}
