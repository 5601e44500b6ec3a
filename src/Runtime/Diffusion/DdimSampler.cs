using System.Globalization;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// DDIM (Song et al. 2021, eq. 12): few steps through a subset of the timesteps. The noise is derived
/// again from the x_0 that was clipped.
/// </summary>
public sealed class DdimSampler : SpacedSampler
{
    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">Passes through the network, from 1 to the diffusion's timesteps.</param>
    /// <param name="eta">How much fresh noise each step adds: 0 none, so that the picture depends on its first noise alone; 1 as much as ancestral sampling.</param>
    /// <param name="spacing">At which timesteps.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or eta outside [0, 1].</exception>
    public DdimSampler(int steps = 50, double eta = 0, TimestepSpacing spacing = TimestepSpacing.Even) : base(steps, spacing)
    {
        if (eta is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(eta), string.Create(CultureInfo.InvariantCulture, $"DDIM's eta must lie from 0 to 1, but is {eta}."));
        Eta = eta;
    }

    /// <summary>How much fresh noise each step adds, from 0 to 1.</summary>
    public double Eta { get; }

    /// <inheritdoc/>
    public override string Description => string.Create(CultureInfo.InvariantCulture, $"DDIM, {Settings}, eta {Eta}");

    /// <inheritdoc/>
    protected internal override Tensor Step(Denoiser denoiser, Tensor x, int time, int next)
    {
        var diffusion = denoiser.Diffusion;
        var x0 = denoiser.Denoise(x, time).X0;
        if (next < 0)
            return x0.clone();

        var alphaBar = diffusion.Schedule.AlphasCumprod[time];
        var alphaBarNext = diffusion.Schedule.AlphasCumprod[next];
        var sigma = Eta * Math.Sqrt((1 - alphaBarNext) / (1 - alphaBar) * (1 - alphaBar / alphaBarNext));
        var direction = Math.Sqrt(1 - alphaBarNext - sigma * sigma);

        var oldNoise = diffusion.PredictNoise(x, GaussianDiffusion.Timesteps(x, time), x0);
        var mean = Math.Sqrt(alphaBarNext) * x0 + direction * oldNoise;
        return sigma > 0 ? mean + sigma * denoiser.Noise() : mean;
    }
}
