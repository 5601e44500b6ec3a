using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Attention between all pixels (Vaswani et al. 2017, eq. 1): softmax(q k^T / sqrt(d)) v, with 1 x 1 convolutions before and after.
/// </summary>
/// <remarks>
/// With <see cref="Norm.Rms"/> as in denoising-diffusion-pytorch, RMSNorm first. With <see cref="Norm.Group"/> as in The Annotated
/// Diffusion Model, where the norm before it stands outside, in <see cref="ResidualPreNorm{T}"/>. The residual sum is the caller's.
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
        mem_kv = memoryTokens == 0 ? null : Owned("mem_kv", randn(2, heads, memoryTokens, headDim));
        this.norm = norm == Norm.Rms ? new RMSNorm(dim) : null;
        to_qkv = nn.Conv2d(dim, 3 * heads * headDim, 1, bias: false);
        to_out = nn.Conv2d(heads * headDim, dim, 1);
        if (zeroInit)
            Layers.Zero(to_out.weight, to_out.bias);

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
        var projections = to_qkv.weight.reshape(3, -1, to_qkv.in_channels).unbind(); // each [heads * headDim, dim]
        var weights = new AttentionWeights(norm?.Weights, new(projections[0], null), new(projections[1], null), new(projections[2], null),
            new(to_out.weight.flatten(1), to_out.bias), mem_kv, heads, AddsInput: false);
        return Compute.Backend.Attention(x, weights).MoveToOuterDisposeScope();
    }
}
