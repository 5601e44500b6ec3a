using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Two linear layers over each token, with a gate between: the first gives values a and gates g, in this order, and the second takes
/// a * GELU(g), GEGLU (Shazeer 2020), four times as wide as the token.
/// </summary>
/// <remarks>Keys <c>net.0.proj</c> and <c>net.2</c>.</remarks>
public sealed class FeedForward : ExplicitModule
{
    private const long Expansion = 4;

    /// <summary>dim to 8 dim; key <c>net.0.proj</c>.</summary>
    public readonly Linear gated;

    /// <summary>4 dim to dim; key <c>net.2</c>.</summary>
    public readonly Linear output;

    /// <param name="dim">Features of a token.</param>
    public FeedForward(long dim) : base(nameof(FeedForward))
    {
        gated = nn.Linear(dim, 2 * Expansion * dim);
        output = nn.Linear(Expansion * dim, dim);
        ModuleGroup.Register(this, "net.0.proj", gated);
        ModuleGroup.Register(this, "net.2", output);
    }

    /// <summary>As a backend is given them.</summary>
    internal FeedForwardWeights Weights => new(LayerWeights.Of(gated), LayerWeights.Of(output));

    /// <param name="tokens">[batch, positions, dim].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor tokens) => Compute.Backend.FeedForward(tokens, Weights);
}
