using System.Globalization;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>
/// Heun's method as EDM has it (Karras et al. 2022, algorithms 1 and 2), for networks of discrete timesteps: sigma = sqrt(1 - alpha-bar) /
/// sqrt(alpha-bar), at the timesteps next to EDM's. A step asks the network where it starts and where it ends, and goes by the mean of both
/// slopes; the last one, to the clean image, asks once.
/// </summary>
public sealed class HeunSampler : SpacedSampler
{
    // Karras et al. 2022, algorithm 2: no more new noise than half of the old.
    private static readonly double LargestGamma = Math.Sqrt(2) - 1;

    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">Steps; the network is asked 2 steps - 1 times.</param>
    /// <param name="churn">
    /// EDM's S_churn: before a step sigma is raised to the timestep next to (1 + churn / steps) sigma by fresh noise, as far as the
    /// diffusion goes. 0 adds none: the picture depends on its first noise alone.
    /// </param>
    /// <param name="spacing">At which timesteps.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or a negative churn.</exception>
    public HeunSampler(int steps = 18, double churn = 0, TimestepSpacing spacing = TimestepSpacing.Karras) : base(steps, spacing)
    {
        if (!double.IsFinite(churn) || churn < 0)
            throw new ArgumentOutOfRangeException(
                nameof(churn),
                string.Create(CultureInfo.InvariantCulture, $"Heun's churn must be a number of at least 0, but is {churn}."));
        Churn = churn;
    }

    /// <summary>EDM's S_churn.</summary>
    public double Churn { get; }

    /// <inheritdoc/>
    public override string Description => string.Create(CultureInfo.InvariantCulture, $"Heun (EDM), {Settings}, churn {Churn}");

    /// <inheritdoc/>
    public override Tensor Step(Denoiser denoiser, Tensor x, int time, int next)
    {
        var schedule = denoiser.Diffusion.Schedule;
        if (Churn > 0)
            (x, time) = Raise(denoiser, x, time);
        var x0 = denoiser.Denoise(x, time).X0;
        if (next < 0)
            return x0.clone();

        // EDM's variable is the image plus noise, x over the image's factor.
        var (sigma, sigmaNext) = (schedule.Sigma(time), schedule.Sigma(next));
        var (factor, factorNext) = (Math.Sqrt(schedule.AlphasCumprod[time]), Math.Sqrt(schedule.AlphasCumprod[next]));
        var y = x / Number.Of(factor);
        var slope = (y - x0) / Number.Of(sigma);
        var euler = y.add(Number.Of(sigmaNext - sigma) * slope, Number.One);

        var slopeNext = (euler - denoiser.Denoise(euler * Number.Of(factorNext), next).X0) / Number.Of(sigmaNext);
        return y.add(Number.Of((sigmaNext - sigma) / 2) * slope.add(slopeNext, Number.One), Number.One) * Number.Of(factorNext);
    }

    private (Tensor X, int Time) Raise(Denoiser denoiser, Tensor x, int time)
    {
        var schedule = denoiser.Diffusion.Schedule;
        var raised = schedule.NearestTimestep((1 + Math.Min(Churn / Steps, LargestGamma)) * schedule.Sigma(time));
        if (raised <= time)
            return (x, time);
        var left = schedule.AlphasCumprod[raised] / schedule.AlphasCumprod[time];
        return ((Number.Of(Math.Sqrt(left)) * x).add(Number.Of(Math.Sqrt(1 - left)) * denoiser.Noise(), Number.One), raised);
    }
}
