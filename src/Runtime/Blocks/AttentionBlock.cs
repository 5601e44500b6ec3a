using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x + Linear(softmax(q k^T / sqrt(d)) v), with q, k and v by linear layers of the normalised pixels: the attention of Ho et al. 2020, as diffusers has it.
/// </summary>
/// <remarks>Keys <c>group_norm</c>, <c>to_q</c>, <c>to_k</c>, <c>to_v</c>, <c>to_out.0</c>. The fast form (<see cref="KernelForm.Fast"/>) differs in where the numbers lie alone.</remarks>
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
        this.heads = heads;
        mem_kv = memoryTokens == 0 ? null : nn.Parameter(randn(2, heads, memoryTokens, dim / heads));
        group_norm = Layers.Normalization(dim, options);
        to_q = nn.Linear(dim, dim);
        to_k = nn.Linear(dim, dim);
        to_v = nn.Linear(dim, dim);
        to_out = nn.Linear(dim, dim);
        if (options.ZeroInit)
            Layers.Zero(to_out.weight, to_out.bias);

        if (mem_kv is not null)
            register_parameter("mem_kv", mem_kv);
        register_module("group_norm", group_norm);
        register_module("to_q", to_q);
        register_module("to_k", to_k);
        register_module("to_v", to_v);
        ModuleGroup.Register(this, "to_out.0", to_out);
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
        var (pixels, residual) = (TensorMemory.Tokens(Layers.Normalize(group_norm, x)), TensorMemory.Tokens(x));
        var fits = PixelAttention.Fits(pixels, to_q.weight, heads);
        if (fits && mem_kv is null && FoldedAttention.Fits(pixels, residual, heads))
            return TensorMemory.Images(FoldedAttention.Attend(pixels, residual, LayerOf(to_q), LayerOf(to_k), LayerOf(to_v), LayerOf(to_out)), x.shape[2], x.shape[3]);
        var result = fits
            ? FullAttention.Attend(pixels, [to_q.weight, to_k.weight, to_v.weight], [to_q.bias!, to_k.bias!, to_v.bias!], mem_kv, heads)
            : PixelAttention.Attend(Heads(to_q), Heads(to_k), Heads(to_v), mem_kv);
        return TensorMemory.Images(Layers.Add(Layers.Project(to_out, result), residual), x.shape[2], x.shape[3]);

        static (Tensor Weight, Tensor Bias) LayerOf(Linear layer) => (layer.weight, layer.bias!);

        Tensor Heads(Linear layer) => Layers.Project(layer, pixels).reshape(x.shape[0], -1, heads, x.shape[1] / heads).transpose(1, 2);
    }

    private Tensor Textbook(Tensor x)
    {
        var (batch, dim) = (x.shape[0], x.shape[1]);
        var pixels = Layers.Normalize(group_norm, x).flatten(2).transpose(1, 2); // [B, height * width, dim]
        var (q, k, v) = (Heads(to_q), Heads(to_k), Heads(to_v)); // each [B, heads, height * width, dim / heads]
        if (mem_kv is not null)
        {
            k = cat([mem_kv[0].unsqueeze(0).expand(batch, -1, -1, -1), k], -2);
            v = cat([mem_kv[1].unsqueeze(0).expand(batch, -1, -1, -1), v], -2);
        }

        var result = Layers.Attend(q, k, v).transpose(1, 2).reshape(batch, -1, dim);
        return (Layers.Project(to_out, result).transpose(1, 2).reshape(x.shape) + x);

        Tensor Heads(Linear layer) => Layers.Project(layer, pixels).reshape(batch, -1, heads, dim / heads).transpose(1, 2);
    }
}
