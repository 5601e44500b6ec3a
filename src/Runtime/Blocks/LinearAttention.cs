using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Attention whose cost is linear in the number of pixels (Shen et al. 2018, "Efficient Attention"): softmax of q over the features and of k
/// over the positions, context = k v^T, output = context^T q / sqrt(d), a 1 x 1 convolution and a norm.
/// </summary>
/// <remarks>
/// With <see cref="Norm.Rms"/> as in denoising-diffusion-pytorch: RMSNorm first and last. With <see cref="Norm.Group"/> as in
/// The Annotated Diffusion Model: GroupNorm(1) last, and the norm before it stands outside, in <see cref="ResidualPreNorm{T}"/>.
/// The residual sum is the caller's.
/// <para>
/// The fast form (<see cref="KernelForm.Fast"/>) never makes v, nor the output of the heads: both are linear, so that with X = [pixels, dim] and a head's weights
/// softmax(q) (softmax(k)^T v) W_out^T = softmax(q) [(softmax(k)^T X) W_v^T W_out^T]. What stands in the brackets is small, [headDim, dim] a head and image.
/// Where it fits, a kernel computes all of it but a GroupNorm (<see cref="LinearAttentionFunction"/>).
/// </para>
/// </remarks>
public sealed class LinearAttention : ExplicitModule
{
    /// <summary>Learned keys and values of positions that every image has, [2, heads, headDim, tokens]; null without.</summary>
    public readonly Parameter? mem_kv;

    /// <summary>Before everything else; null where it stands outside.</summary>
    public readonly RMSNorm? norm;

    /// <summary>1 x 1 without bias, dim to 3 * heads * headDim.</summary>
    public readonly Conv2d to_qkv;

    /// <summary>1 x 1, heads * headDim to dim; key <c>to_out.0</c>.</summary>
    public readonly Conv2d to_out;

    /// <summary>After it; key <c>to_out.1</c>.</summary>
    public readonly nn.Module<Tensor, Tensor> to_out_norm;

    private readonly long heads;
    private readonly double scale;

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="headDim">Features a head.</param>
    /// <param name="memoryTokens">Learned positions.</param>
    /// <param name="norm">Which of the two layouts.</param>
    /// <param name="normEps">Added to the variance by a GroupNorm.</param>
    /// <param name="zeroInit">Whether <see cref="to_out"/> starts at 0.</param>
    public LinearAttention(
        long dim, long heads = 4, long headDim = 32, long memoryTokens = 0, Norm norm = Norm.Rms, double normEps = 1e-5, bool zeroInit = false)
        : base(nameof(LinearAttention))
    {
        this.heads = heads;
        scale = 1 / Math.Sqrt(headDim);
        mem_kv = memoryTokens == 0 ? null : nn.Parameter(randn(2, heads, headDim, memoryTokens));
        this.norm = norm == Norm.Rms ? new RMSNorm(dim) : null;
        to_qkv = nn.Conv2d(dim, 3 * heads * headDim, 1, bias: false);
        to_out = nn.Conv2d(heads * headDim, dim, 1);
        to_out_norm = norm == Norm.Rms ? new RMSNorm(dim) : Layers.GroupNorm(1, dim, normEps);
        if (zeroInit)
            Layers.Zero(to_out.weight, to_out.bias);

        if (mem_kv is not null)
            register_parameter("mem_kv", mem_kv);
        if (this.norm is not null)
            register_module("norm", this.norm);
        register_module("to_qkv", to_qkv);
        ModuleGroup.Register(this, "to_out.0", to_out);
        ModuleGroup.Register(this, "to_out.1", to_out_norm);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>[batch, dim, height, width].</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        if (Compute.Kernels == KernelForm.Reference)
            return Textbook(x).MoveToOuterDisposeScope();
        var isOneNode = Compute.Precision == Precision.Float32 && LinearAttentionSize.Fits(x, to_out.weight, heads);
        return (isOneNode ? OneNode(x) : Fast(x)).MoveToOuterDisposeScope();
    }

    private Tensor OneNode(Tensor x)
    {
        var end = to_out_norm as RMSNorm;
        var result = LinearAttentionFunction.Attend(x, new(norm?.g, to_qkv.weight, mem_kv, to_out.weight, to_out.bias!, end?.g), heads);
        return end is null ? Layers.Normalize(to_out_norm, result) : result;
    }

    private Tensor Fast(Tensor x)
    {
        var (dim, hidden) = (x.shape[1], to_out.weight.shape[1]);
        var headDim = hidden / heads;
        var pixels = TensorMemory.Tokens(norm is null ? x : norm.forward(x));
        var weights = to_qkv.weight.reshape(3, hidden, dim).unbind();
        var pooled = LinearAttentionForm.Pool(pixels, weights[1]);
        var means = pooled.narrow(-1, 0, dim).reshape(-1, heads, headDim, dim);
        // Small, so that they cost nothing in the weights' own numbers, whatever the precision of the two passes over the pixels.
        var context = matmul(means, weights[2].reshape(heads, headDim, dim).transpose(1, 2)); // [B, heads, d of k, d of v]
        if (mem_kv is not null)
        {
            // A memory token is one more position: the image's own all together weigh as their sum does.
            var logSums = pooled.narrow(-1, dim, 1).reshape(-1, heads, headDim, 1);
            var shares = cat([logSums, mem_kv[0].unsqueeze(0).expand(x.shape[0], -1, -1, -1)], -1).softmax(-1);
            context = context * shares.narrow(-1, 0, 1) + Layers.Product(shares.narrow(-1, 1, mem_kv.shape[3]), mem_kv[1].transpose(1, 2));
        }

        var mixing = matmul(context, to_out.weight.reshape(dim, heads, headDim).permute(1, 2, 0) * scale).reshape(-1, hidden, dim);
        var result = LinearAttentionForm.Mix(pixels, weights[0], mixing, heads).to(mixing.dtype).add_(to_out.bias!);
        return Layers.Normalize(to_out_norm, TensorMemory.Images(result, x.shape[2], x.shape[3]));
    }

    private Tensor Textbook(Tensor x)
    {
        var (batch, height, width) = (x.shape[0], x.shape[2], x.shape[3]);
        var qkv = Layers.Convolve(to_qkv, norm is null ? x : norm.forward(x)).chunk(3, 1);
        var (q, k, v) = (Heads(qkv[0]), Heads(qkv[1]), Heads(qkv[2])); // each [B, heads, headDim, height * width]
        if (mem_kv is not null)
        {
            k = cat([mem_kv[0].unsqueeze(0).expand(batch, -1, -1, -1), k], -1);
            v = cat([mem_kv[1].unsqueeze(0).expand(batch, -1, -1, -1), v], -1);
        }

        q = q.softmax(-2) * scale;
        k = k.softmax(-1);
        var context = Layers.Product(k, v.transpose(-2, -1)); // [B, heads, d of k, d of v]
        var result = Layers.Product(context.transpose(-2, -1), q).reshape(batch, -1, height, width);
        return Layers.Normalize(to_out_norm, Layers.Convolve(to_out, result));

        Tensor Heads(Tensor t) => t.reshape(batch, heads, -1, height * width);
    }
}
