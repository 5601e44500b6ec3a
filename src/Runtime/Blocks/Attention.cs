using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>Attention between all pixels (Vaswani et al. 2017, eq. 1): softmax(q k^T / sqrt(d)) v, with 1 x 1 convolutions before and after.</summary>
/// <remarks>
/// With <see cref="Norm.Rms"/> as in denoising-diffusion-pytorch, RMSNorm first. With <see cref="Norm.Group"/> as in The Annotated Diffusion
/// Model, where the norm before it stands outside, in <see cref="ResidualPreNorm{T}"/>. The residual sum is the caller's.
/// <para>In the fast form (<see cref="KernelForm.Fast"/>) pixels are rows, so that the 1 x 1 convolutions are products of matrices and nothing is copied.</para>
/// </remarks>
public sealed class Attention : ExplicitModule
{
    /// <summary>Learned keys and values of positions that every image has, [2, heads, tokens, headDim]; null without.</summary>
    public readonly Parameter? mem_kv;

    /// <summary>Before everything else; null where it stands outside.</summary>
    public readonly RMSNorm? norm;

    /// <summary>1 x 1 without bias, dim to 3 * heads * headDim.</summary>
    public readonly Conv2d to_qkv;

    /// <summary>1 x 1, heads * headDim to dim.</summary>
    public readonly Conv2d to_out;

    private readonly long heads;

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="headDim">Features a head.</param>
    /// <param name="memoryTokens">Learned positions.</param>
    /// <param name="norm">Which of the two layouts.</param>
    /// <param name="zeroInit">Whether <see cref="to_out"/> starts at 0.</param>
    public Attention(long dim, long heads = 4, long headDim = 32, long memoryTokens = 0, Norm norm = Norm.Rms, bool zeroInit = false)
        : base(nameof(Attention))
    {
        this.heads = heads;
        mem_kv = memoryTokens == 0 ? null : nn.Parameter(randn(2, heads, memoryTokens, headDim));
        this.norm = norm == Norm.Rms ? new RMSNorm(dim) : null;
        to_qkv = nn.Conv2d(dim, 3 * heads * headDim, 1, bias: false);
        to_out = nn.Conv2d(heads * headDim, dim, 1);
        if (zeroInit)
            Layers.Zero(to_out.weight, to_out.bias);

        if (mem_kv is not null)
            register_parameter("mem_kv", mem_kv);
        if (this.norm is not null)
            register_module("norm", this.norm);
        register_module("to_qkv", to_qkv);
        register_module("to_out", to_out);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>[batch, dim, height, width].</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (Compute.Kernels == KernelForm.Fast ? Fast(x) : Textbook(x)).MoveToOuterDisposeScope();
    }

    private Tensor Fast(Tensor x)
    {
        var pixels = TensorMemory.Tokens(norm is null ? x : norm.forward(x));
        var weights = to_qkv.weight.reshape(3, -1, x.shape[1]).unbind(); // each [heads * headDim, dim]
        Tensor result;
        if (PixelAttention.Fits(pixels, weights[0], heads))
        {
            result = FullAttention.Attend(pixels, weights, null, mem_kv, heads);
        }
        else
        {
            var qkv = Layers.Project(pixels, to_qkv.weight.flatten(1), to_qkv.bias);
            var parts = qkv.reshape(x.shape[0], -1, 3, heads, qkv.shape[2] / 3 / heads).permute(2, 0, 3, 1, 4).unbind(); // each [B, heads, height * width, headDim]
            result = PixelAttention.Attend(parts[0], parts[1], parts[2], mem_kv);
        }
        result = Layers.Project(result, to_out.weight.flatten(1), to_out.bias);
        return TensorMemory.Images(result, x.shape[2], x.shape[3]);
    }

    private Tensor Textbook(Tensor x)
    {
        var (batch, height, width) = (x.shape[0], x.shape[2], x.shape[3]);
        var qkv = Layers.Convolve(to_qkv, norm is null ? x : norm.forward(x)).chunk(3, 1);
        var (q, k, v) = (Heads(qkv[0]), Heads(qkv[1]), Heads(qkv[2])); // each [B, heads, height * width, headDim]
        if (mem_kv is not null)
        {
            k = cat([mem_kv[0].unsqueeze(0).expand(batch, -1, -1, -1), k], -2);
            v = cat([mem_kv[1].unsqueeze(0).expand(batch, -1, -1, -1), v], -2);
        }

        var result = Layers.Attend(q, k, v);
        return Layers.Convolve(to_out, result.transpose(-2, -1).reshape(batch, -1, height, width));

        Tensor Heads(Tensor t) => t.reshape(batch, heads, -1, height * width).transpose(-2, -1);
    }
}
