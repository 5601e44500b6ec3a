using System.Globalization;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>
/// DDIM (Song et al. 2021, eq. 12): few steps through a subset of the timesteps. Where x_0 is clipped, the noise of a step is either
/// derived again from it, as in denoising-diffusion-pytorch, or stays what the network has said, as in diffusers unless
/// <c>use_clipped_model_output</c> is given; without clipping both are the same. With eta 0 it is Euler's method for a flow and for EDM.
/// </summary>
public sealed class DdimSampler : SpacedSampler
{
    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">Passes through the network, from 1 to the diffusion's timesteps.</param>
    /// <param name="eta">
    /// How much fresh noise each step adds: 0 none, so that the picture depends on its first noise alone; 1 as much as ancestral sampling.
    /// </param>
    /// <param name="spacing">At which timesteps.</param>
    /// <param name="rederiveNoise">Whether the noise is derived again from the x_0 that was clipped.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or eta outside [0, 1].</exception>
    public DdimSampler(int steps = 50, double eta = 0, TimestepSpacing? spacing = null, bool rederiveNoise = true)
        : base(steps, spacing)
    {
        if (eta is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(eta), string.Create(CultureInfo.InvariantCulture, $"DDIM's eta must lie from 0 to 1, but is {eta}."));
        Eta = eta;
        RederivesNoise = rederiveNoise;
    }

    /// <summary>How much fresh noise each step adds, from 0 to 1.</summary>
    public double Eta { get; }

    /// <summary>Whether the noise is derived again from the x_0 that was clipped; else it stays what the network has said.</summary>
    public bool RederivesNoise { get; }

    /// <inheritdoc/>
    public override string Description =>
        string.Create(CultureInfo.InvariantCulture, $"DDIM, {Settings}, eta {Eta}{(RederivesNoise ? "" : ", noise as predicted")}");

    /// <inheritdoc/>
    public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        var estimate = denoiser.Denoise(x, time);
        var x0 = estimate.X0;
        var levels = denoiser.Diffusion.Levels;
        if (next == levels.Clean)
            return x0;

        var (now, then) = (levels.At(time), levels.At(next));
        var left = now.Image / then.Image; // of the image between the two times
        // Eq. 16, for any levels: at eta 1 the deviation of the posterior, which of a DDPM is
        // then.Noise / now.Noise sqrt(1 - left^2).
        var kept = left * then.Noise / now.Noise;
        var sigma = Eta == 0 ? 0 : Eta * then.Noise * Math.Sqrt(1 - kept * kept);
        var direction = Math.Sqrt(then.Noise * then.Noise - sigma * sigma);

        var ofNoise = RederivesNoise ? x0 : denoiser.Diffusion.PredictX0(x, denoiser.Diffusion.Times(x, time), estimate.Prediction!);
        var oldNoise = (x - Number.Of(now.Image) * ofNoise) / Number.Of(now.Noise);
        var mean = (Number.Of(then.Image) * x0).add(Number.Of(direction) * oldNoise, Number.One);
        return sigma > 0 ? mean.add(Number.Of(sigma) * denoiser.Noise(), Number.One) : mean;
    }
}
