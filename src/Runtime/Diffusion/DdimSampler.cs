using System.Globalization;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// DDIM (Song et al. 2021, eq. 12): few steps through a subset of the timesteps. x_0 is clipped, and the noise is derived
/// again from the clipped x_0.
/// </summary>
public sealed class DdimSampler : Sampler
{
    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">Passes through the network, from 1 to the diffusion's timesteps.</param>
    /// <param name="eta">How much fresh noise each step adds: 0 none, so that the picture depends on its first noise alone; 1 as much as ancestral sampling.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or eta outside [0, 1].</exception>
    public DdimSampler(int steps = 50, double eta = 0)
    {
        if (steps < 1)
            throw new ArgumentOutOfRangeException(nameof(steps), $"DDIM needs at least 1 step, not {steps}.");
        if (eta is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(eta), string.Create(CultureInfo.InvariantCulture, $"DDIM's eta must lie from 0 to 1, but is {eta}."));
        Steps = steps;
        Eta = eta;
    }

    /// <summary>Passes through the network.</summary>
    public int Steps { get; }

    /// <summary>How much fresh noise each step adds, from 0 to 1.</summary>
    public double Eta { get; }

    /// <inheritdoc/>
    /// <remarks>The integers at or below <see cref="Steps"/> + 1 even places from -1 to <paramref name="timesteps"/> - 1.</remarks>
    public override IReadOnlyList<int> Times(int timesteps) => Steps <= timesteps
        ? [.. Enumerable.Range(0, Steps + 1).Reverse().Select(i => (int)((long)i * timesteps / Steps) - 1)]
        : throw new UNetGenException($"DDIM can't take {Steps} steps: the network's diffusion has {timesteps} timesteps. Use {timesteps} steps or fewer.");

    /// <inheritdoc/>
    protected internal override Tensor Step(GaussianDiffusion diffusion, Tensor x, Tensor x0, int time, int next, Func<Tensor> noise)
    {
        if (next < 0)
            return x0.clone();

        var alphaBar = diffusion.Schedule.AlphasCumprod[time];
        var alphaBarNext = diffusion.Schedule.AlphasCumprod[next];
        var sigma = Eta * Math.Sqrt((1 - alphaBarNext) / (1 - alphaBar) * (1 - alphaBar / alphaBarNext));
        var direction = Math.Sqrt(1 - alphaBarNext - sigma * sigma);

        var oldNoise = diffusion.PredictNoise(x, full([x.shape[0]], time, dtype: ScalarType.Int64, device: x.device), x0);
        var mean = Math.Sqrt(alphaBarNext) * x0 + direction * oldNoise;
        return sigma > 0 ? mean + sigma * noise() : mean;
    }
}
