using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x + proj_out(softmax(q k^T / sqrt(d)) v), with q, k and v from one convolution: guided-diffusion's AttentionBlock. In its legacy order
/// the heads are split first, and each head's channels are its q, its k and its v; in the newer one
/// (<c>use_new_attention_order</c>, which of the published weights those for 64 x 64 have) q, k and v are. Either has the other's shapes,
/// and gives other pictures with its weights.
/// </summary>
/// <remarks>Keys <c>norm</c>, <c>qkv</c>, <c>proj_out</c>; the convolutions are one-dimensional, over the pixels.</remarks>
public sealed class QkvAttentionBlock : ExplicitModule
{
    /// <summary>Learned keys and values of positions that every image has, [2, heads, tokens, dim / heads]; null without.</summary>
    public readonly Parameter? mem_kv;

    /// <summary>Before everything else; a <see cref="GroupNorm"/> or an <see cref="RMSNorm"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> norm;

    /// <summary>dim to 3 dim, kernel 1, [batch, dim, height * width].</summary>
    public readonly Conv1d qkv;

    /// <summary>dim to dim, kernel 1.</summary>
    public readonly Conv1d proj_out;

    private readonly long heads;
    private readonly bool newOrder;

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads; must divide <paramref name="dim"/>.</param>
    /// <param name="options">Of the network's residual blocks: norm and zero init.</param>
    /// <param name="memoryTokens">Learned positions.</param>
    /// <param name="newOrder">Whether <see cref="qkv"/> has all of q, then k and v; else q, k and v head by head.</param>
    public QkvAttentionBlock(long dim, long heads, ResnetBlockOptions options, long memoryTokens = 0, bool newOrder = false)
        : base(nameof(QkvAttentionBlock))
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.heads, this.newOrder) = (heads, newOrder);
        mem_kv = memoryTokens == 0 ? null : Owned("mem_kv", randn(2, heads, memoryTokens, dim / heads));
        norm = Layers.Normalization(dim, options);
        qkv = nn.Conv1d(dim, 3 * dim, 1);
        proj_out = nn.Conv1d(dim, dim, 1);
        if (options.ZeroInit)
            Layers.Zero(proj_out.weight, proj_out.bias);

        register_module("norm", norm);
        register_module("qkv", qkv);
        register_module("proj_out", proj_out);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var dim = qkv.in_channels;
        var weights = Parts(qkv.weight.squeeze(2)).reshape(3, dim, dim).unbind(); // each [dim, dim]
        var biases = Parts(qkv.bias!).reshape(3, dim).unbind(); // each [dim]
        var block = new AttentionWeights(LayerWeights.OfNorm(norm),
            new(weights[0], biases[0]), new(weights[1], biases[1]), new(weights[2], biases[2]),
            new(proj_out.weight.flatten(1), proj_out.bias), mem_kv, heads, AddsInput: true);
        return Compute.Backend.Attention(x, block).MoveToOuterDisposeScope();
    }

    /// <summary>The convolution's rows as q's, k's and v's.</summary>
    private Tensor Parts(Tensor rows) =>
        newOrder ? rows : rows.reshape([heads, 3, rows.shape[0] / (3 * heads), .. rows.shape[1..]]).transpose(0, 1);
}
