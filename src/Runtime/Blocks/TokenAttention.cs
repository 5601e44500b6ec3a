using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// to_out(softmax(q k^T / sqrt(d)) v), with q of the tokens, and k and v of what they attend to: themselves or a context (Vaswani et al.
/// 2017, eq. 1). Heads are consecutive slices of the width.
/// </summary>
/// <remarks>Keys <c>to_q</c>, <c>to_k</c>, <c>to_v</c>, all without bias, and <c>to_out.0</c>.</remarks>
public sealed class TokenAttention : nn.Module<Tensor, Tensor?, Tensor>
{
    /// <summary>dim to dim, without bias.</summary>
    public readonly Linear to_q;

    /// <summary>attendedDim to dim, without bias.</summary>
    public readonly Linear to_k;

    /// <summary>attendedDim to dim, without bias.</summary>
    public readonly Linear to_v;

    /// <summary>dim to dim; key <c>to_out.0</c>.</summary>
    public readonly Linear to_out;

    private readonly long heads;

    /// <param name="dim">Features of a token.</param>
    /// <param name="heads">Attention heads; must divide <paramref name="dim"/>.</param>
    /// <param name="attendedDim">Features of what is attended to.</param>
    public TokenAttention(long dim, long heads, long attendedDim) : base(nameof(TokenAttention))
    {
        this.heads = heads;
        to_q = nn.Linear(dim, dim, hasBias: false);
        to_k = nn.Linear(attendedDim, dim, hasBias: false);
        to_v = nn.Linear(attendedDim, dim, hasBias: false);
        to_out = nn.Linear(dim, dim);
        register_module("to_q", to_q);
        register_module("to_k", to_k);
        register_module("to_v", to_v);
        ModuleGroup.Register(this, "to_out.0", to_out);
    }

    /// <summary>As a backend is given them.</summary>
    internal AttentionWeights Weights => new(null, LayerWeights.Of(to_q), LayerWeights.Of(to_k), LayerWeights.Of(to_v),
        LayerWeights.Of(to_out), Memory: null, heads, AddsInput: false);

    /// <param name="tokens">[batch, positions, dim].</param>
    /// <param name="attended">[batch, tokens, attendedDim]; null: the tokens themselves.</param>
    /// <returns>[batch, positions, dim].</returns>
    public override Tensor forward(Tensor tokens, Tensor? attended = null) => Compute.Backend.AttendTo(tokens, attended, Weights);

    /// <summary>Nothing: the constructor registered the layers under PyTorch's keys.</summary>
    protected override void RegisterComponents()
    {
    }
}
