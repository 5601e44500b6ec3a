using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x + fn(GroupNorm(1)(x)): The Annotated Diffusion Model's Residual around a PreNorm, with their keys <c>fn.fn</c> and <c>fn.norm</c>.
/// </summary>
/// <typeparam name="T">What is inside, [batch, dim, height, width] to the same.</typeparam>
public sealed class ResidualPreNorm<T> : ExplicitModule
    where T : ExplicitModule
{
    /// <summary>What is inside.</summary>
    public readonly T fn;

    /// <summary>GroupNorm of one group.</summary>
    public readonly GroupNorm norm;

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="fn">What is inside.</param>
    /// <param name="normEps">Added to the variance.</param>
    public ResidualPreNorm(long dim, T fn, double normEps = 1e-5) : base(nameof(ResidualPreNorm<T>))
    {
        this.fn = fn;
        norm = Layers.GroupNorm(1, dim, normEps);
        ModuleGroup.Register(this, "fn.fn", fn);
        ModuleGroup.Register(this, "fn.norm", norm);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var backend = Compute.Backend;
        return backend.Add(fn.forward(backend.Normalize(x, LayerWeights.OfNorm(norm))), x).MoveToOuterDisposeScope();
    }
}
