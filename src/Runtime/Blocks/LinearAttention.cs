using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Attention whose cost is linear in the number of pixels (Shen et al. 2018, "Efficient Attention"), between a 1 x 1 convolution to q, k
/// and v and a 1 x 1 convolution and a norm: with q' the softmax of q over the features of a head and k' that of k over the positions,
/// context = k' v^T and output = context^T q' / sqrt(d).
/// </summary>
/// <remarks>
/// With <see cref="Norm.Rms"/> as in denoising-diffusion-pytorch: RMSNorm first and last. With <see cref="Norm.Group"/> as in
/// The Annotated Diffusion Model: GroupNorm(1) last, and the norm before it stands outside, in <see cref="ResidualPreNorm{T}"/>.
/// The residual sum is the caller's.
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

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="headDim">Features a head.</param>
    /// <param name="memoryTokens">Learned positions.</param>
    /// <param name="norm">Which of the two layouts.</param>
    /// <param name="normEps">Added to the variance by a GroupNorm.</param>
    /// <param name="zeroInit">Whether <see cref="to_out"/> starts at 0.</param>
    public LinearAttention(
        long dim, long heads = 4, long headDim = 32, long memoryTokens = 0, Norm norm = Norm.Rms, double normEps = 1e-5,
        bool zeroInit = false)
        : base(nameof(LinearAttention))
    {
        this.heads = heads;
        mem_kv = memoryTokens == 0 ? null : Owned("mem_kv", randn(2, heads, headDim, memoryTokens));
        this.norm = norm == Norm.Rms ? new RMSNorm(dim) : null;
        to_qkv = nn.Conv2d(dim, 3 * heads * headDim, 1, bias: false);
        to_out = nn.Conv2d(heads * headDim, dim, 1);
        to_out_norm = norm == Norm.Rms ? new RMSNorm(dim) : Layers.GroupNorm(1, dim, normEps);
        if (zeroInit)
            Layers.Zero(to_out.weight, to_out.bias);

        if (this.norm is not null)
            register_module("norm", this.norm);
        register_module("to_qkv", to_qkv);
        ModuleGroup.Register(this, "to_out.0", to_out);
        ModuleGroup.Register(this, "to_out.1", to_out_norm);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>[batch, dim, height, width].</returns>
    public override Tensor forward(Tensor x) => Compute.Backend.LinearAttention(x,
        new(norm?.Weights, LayerWeights.Of(to_qkv), mem_kv, LayerWeights.Of(to_out), LayerWeights.OfNorm(to_out_norm), heads));
}
