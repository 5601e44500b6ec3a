using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x + Linear(softmax(q k^T / sqrt(d)) v), with q, k and v by linear layers of the normalised pixels: the attention of Ho et al. 2020, as
/// diffusers has it.
/// </summary>
/// <remarks>Keys <c>group_norm</c>, <c>to_q</c>, <c>to_k</c>, <c>to_v</c>, <c>to_out.0</c>.</remarks>
public sealed class AttentionBlock : ExplicitModule
{
    /// <summary>Learned keys and values of positions that every image has, [2, heads, tokens, dim / heads]; null without.</summary>
    public readonly Parameter? mem_kv;

    /// <summary>Before everything else; a <see cref="GroupNorm"/> or an <see cref="RMSNorm"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> group_norm;

    /// <summary>dim to dim, each pixel by itself.</summary>
    public readonly Linear to_q;

    /// <summary>dim to dim, each pixel by itself.</summary>
    public readonly Linear to_k;

    /// <summary>dim to dim, each pixel by itself.</summary>
    public readonly Linear to_v;

    /// <summary>dim to dim, each pixel by itself; key <c>to_out.0</c>.</summary>
    public readonly Linear to_out;

    private readonly long heads;

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads; must divide <paramref name="dim"/>.</param>
    /// <param name="options">Of the network's residual blocks: norm and zero init.</param>
    /// <param name="memoryTokens">Learned positions.</param>
    public AttentionBlock(long dim, long heads, ResnetBlockOptions options, long memoryTokens = 0) : base(nameof(AttentionBlock))
    {
        ArgumentNullException.ThrowIfNull(options);
        this.heads = heads;
        mem_kv = memoryTokens == 0 ? null : Owned("mem_kv", randn(2, heads, memoryTokens, dim / heads));
        group_norm = Layers.Normalization(dim, options);
        to_q = nn.Linear(dim, dim);
        to_k = nn.Linear(dim, dim);
        to_v = nn.Linear(dim, dim);
        to_out = nn.Linear(dim, dim);
        if (options.ZeroInit)
            Layers.Zero(to_out.weight, to_out.bias);

        register_module("group_norm", group_norm);
        register_module("to_q", to_q);
        register_module("to_k", to_k);
        register_module("to_v", to_v);
        ModuleGroup.Register(this, "to_out.0", to_out);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x) => Compute.Backend.Attention(x,
        new(LayerWeights.OfNorm(group_norm), LayerWeights.Of(to_q), LayerWeights.Of(to_k), LayerWeights.Of(to_v), LayerWeights.Of(to_out),
            mem_kv, heads, AddsInput: true));
}
