using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x + proj_out(softmax(q k^T / sqrt(d)) v), with q, k and v from one convolution: guided-diffusion's AttentionBlock in its legacy order,
/// which its published weights have. The heads are split first, and each head's channels are its q, its k and its v. (The newer order has
/// the same shapes and gives other pictures.)
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

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads; must divide <paramref name="dim"/>.</param>
    /// <param name="options">Of the network's residual blocks: norm and zero init.</param>
    /// <param name="memoryTokens">Learned positions.</param>
    public QkvAttentionBlock(long dim, long heads, ResnetBlockOptions options, long memoryTokens = 0) : base(nameof(QkvAttentionBlock))
    {
        this.heads = heads;
        mem_kv = memoryTokens == 0 ? null : nn.Parameter(randn(2, heads, memoryTokens, dim / heads));
        norm = Layers.Normalization(dim, options);
        qkv = nn.Conv1d(dim, 3 * dim, 1);
        proj_out = nn.Conv1d(dim, dim, 1);
        if (options.ZeroInit)
            Layers.Zero(proj_out.weight, proj_out.bias);

        if (mem_kv is not null)
            register_parameter("mem_kv", mem_kv);
        register_module("norm", norm);
        register_module("qkv", qkv);
        register_module("proj_out", proj_out);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        // The convolution has q, k and v head by head.
        var dim = qkv.in_channels;
        var weights = qkv.weight.reshape(heads, 3, -1, dim).transpose(0, 1).reshape(3, dim, dim).unbind(); // each [dim, dim]
        var biases = qkv.bias!.reshape(heads, 3, -1).transpose(0, 1).reshape(3, dim).unbind(); // each [dim]
        var block = new AttentionWeights(LayerWeights.OfNorm(norm),
            new(weights[0], biases[0]), new(weights[1], biases[1]), new(weights[2], biases[2]),
            new(proj_out.weight.flatten(1), proj_out.bias), mem_kv, heads, AddsInput: true);
        return Compute.Backend.Attention(x, block).MoveToOuterDisposeScope();
    }
}
