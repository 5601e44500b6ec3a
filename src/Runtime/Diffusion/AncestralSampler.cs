using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// Ancestral sampling (DDPM; Ho et al. 2020, algorithm 2) through every timestep. x_0 is clipped, and the step's variance is
/// the one that the diffusion's <see cref="DiffusionOptions.Variance"/> names.
/// </summary>
public sealed class AncestralSampler : Sampler
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Times(int timesteps) => [.. Enumerable.Range(-1, timesteps + 1).Reverse()];

    /// <inheritdoc/>
    protected internal override Tensor Step(GaussianDiffusion diffusion, Tensor x, Tensor x0, int time, int next, Func<Tensor> noise)
    {
        var mean = diffusion.PosteriorMean(x0, x, full([x.shape[0]], time, dtype: ScalarType.Int64, device: x.device));
        return next < 0 ? mean : mean + StandardDeviation(diffusion, time) * noise();
    }

    private static double StandardDeviation(GaussianDiffusion diffusion, int time) => diffusion.Options.Variance switch
    {
        Variance.FixedSmall => Math.Sqrt(diffusion.Schedule.PosteriorVariance[time]),
        Variance.FixedLarge => Math.Sqrt(diffusion.Schedule.Betas[time]),
        _ => throw new InvalidOperationException($"There is no variance {diffusion.Options.Variance}."),
    };
}
