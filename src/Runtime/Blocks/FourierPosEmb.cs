using TorchSharp.Modules;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Timesteps [batch] to [batch, features + 1]: t itself, then sines and cosines of t at normally distributed frequencies, which are
/// learned or stay as drawn (denoising-diffusion-pytorch's RandomOrLearnedSinusoidalPosEmb; Tancik et al. 2020).
/// </summary>
public sealed class FourierPosEmb : ExplicitModule
{
    /// <summary>The frequencies, [features / 2].</summary>
    public readonly Parameter weights;

    /// <param name="features">Sines and cosines together; even.</param>
    /// <param name="learned">Whether training moves the frequencies.</param>
    /// <exception cref="ArgumentException"><paramref name="features"/> is odd.</exception>
    public FourierPosEmb(long features = 16, bool learned = false) : base(nameof(FourierPosEmb))
    {
        if (features % 2 != 0)
            throw new ArgumentException($"A Fourier embedding needs an even number of features, not {features}.", nameof(features));
        weights = Owned("weights", randn(features / 2), learned);
    }

    /// <param name="timesteps">[batch], integer or floating.</param>
    /// <returns>[batch, features + 1].</returns>
    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var t = timesteps.to(weights.dtype).unsqueeze(1);
        var angles = t * weights.unsqueeze(0) * Number.Of(2 * Math.PI);
        return cat([t, sin(angles), cos(angles)], 1).MoveToOuterDisposeScope();
    }
}
