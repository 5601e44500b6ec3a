using System.Diagnostics;
using UNetGen.Diffusion;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>Ancestral sampling (DDPM; Ho et al. 2020, algorithm 2) through every timestep.</summary>
/// <param name="variance">
/// The variance of a step; null takes that of the network's diffusion, <see cref="DiffusionOptions.Variance"/>.
/// </param>
/// <exception cref="ArgumentOutOfRangeException">There is no such variance.</exception>
public sealed class AncestralSampler(Variance? variance = null) : Sampler
{
    /// <summary>The variance of a step; null is the network's own.</summary>
    public Variance? Variance { get; } = variance is null || Enum.IsDefined(variance.Value)
        ? variance
        : throw new ArgumentOutOfRangeException(nameof(variance), $"There is no variance {variance}.");

    /// <inheritdoc/>
    public override string Description => $"DDPM, variance {Variance?.ToString() ?? "of the network"}";

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(NoiseLevels levels) =>
        [.. Enumerable.Range(-1, OfDdpm(levels).Timesteps + 1).Reverse()];

    /// <inheritdoc/>
    public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        var schedule = OfDdpm(denoiser.Diffusion.Levels);
        var diffusion = (GaussianDiffusion)denoiser.Diffusion;
        var t = diffusion.Times(x, time);
        var estimate = denoiser.Denoise(x, time);
        var mean = diffusion.PosteriorMean(estimate.X0, x, t);
        if (next < 0)
            return mean;
        return (Variance ?? diffusion.Options.Variance) switch
        {
            Diffusion.Variance.FixedSmall => Noised(Math.Sqrt(schedule.PosteriorVariance[(int)time])),
            Diffusion.Variance.FixedLarge => Noised(Math.Sqrt(schedule.Betas[(int)time])),
            Diffusion.Variance.LearnedRange when estimate.V is { } v =>
                mean.add((diffusion.LearnedLogVariance(v, t) / Number.Of(2)).exp() * denoiser.Noise(), Number.One),
            Diffusion.Variance.LearnedRange => throw new UNetGenException(
                "The network predicts no variance: its spec would have to say `learned_variance: true`. Use a fixed one."),
            var other => throw new UnreachableException($"There is no variance {other}."),
        };

        Tensor Noised(double deviation) => mean.add(Number.Of(deviation) * denoiser.Noise(), Number.One);
    }

    private static NoiseSchedule OfDdpm(NoiseLevels levels) => levels as NoiseSchedule
        ?? throw new UNetGenException("The ancestral sampler is a DDPM's: it takes each of its timesteps. DDIM, DPM-Solver++ and Heun draw flows and EDM, too.");
}
