using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x + proj_out(softmax(q k^T / sqrt(d)) v), with q, k and v from one convolution: guided-diffusion's AttentionBlock in its legacy order, which its published weights
/// have. The heads are split first, and each head's channels are its q, its k and its v. (The newer order has the same shapes and gives other pictures.)
/// </summary>
/// <remarks>Keys <c>norm</c>, <c>qkv</c>, <c>proj_out</c>; the convolutions are one-dimensional, over the pixels. In the fast form (<see cref="KernelForm.Fast"/>) they are products of matrices, with the pixels as rows.</remarks>
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
        return (Compute.Kernels == KernelForm.Fast ? Fast(x) : Textbook(x)).MoveToOuterDisposeScope();
    }

    private Tensor Fast(Tensor x)
    {
        var pixels = TensorMemory.Tokens(Layers.Normalize(norm, x));
        var numbers = Layers.Project(pixels, qkv.weight.flatten(1), qkv.bias);
        var parts = numbers.reshape(x.shape[0], -1, heads, 3, x.shape[1] / heads).permute(3, 0, 2, 1, 4).unbind(); // each [B, heads, height * width, dim / heads]
        var result = PixelAttention.Attend(parts[0], parts[1], parts[2], mem_kv);
        result = Layers.Add(Layers.Project(result, proj_out.weight.flatten(1), proj_out.bias), TensorMemory.Tokens(x));
        return TensorMemory.Images(result, x.shape[2], x.shape[3]);
    }

    private Tensor Textbook(Tensor x)
    {
        var (batch, dim) = (x.shape[0], x.shape[1]);
        // [B, heads, 3 * dim / heads, height * width], of which each third is one of q, k and v.
        var parts = Layers.Convolve(qkv, Layers.Normalize(norm, x).flatten(2)).reshape(batch, heads, 3 * dim / heads, -1).transpose(-2, -1).chunk(3, -1);
        var (q, k, v) = (parts[0], parts[1], parts[2]); // each [B, heads, height * width, dim / heads]
        if (mem_kv is not null)
        {
            k = cat([mem_kv[0].unsqueeze(0).expand(batch, -1, -1, -1), k], -2);
            v = cat([mem_kv[1].unsqueeze(0).expand(batch, -1, -1, -1), v], -2);
        }

        var result = Layers.Attend(q, k, v).transpose(-2, -1).reshape(batch, dim, -1);
        return (Layers.Convolve(proj_out, result).reshape(x.shape) + x);
    }
}
