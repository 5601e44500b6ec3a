// Excerpt: own sampler
using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

/// <summary>Euler's method, in even steps of the timestep.</summary>
public sealed class EulerSampler(int steps) : Sampler
{
    public override string Description => $"Euler, {steps} steps";

    public override IReadOnlyList<int> Times(NoiseSchedule schedule) =>
        [.. Enumerable.Range(1, steps).Reverse().Select(i => i * schedule.Timesteps / steps - 1), -1];

    public override Tensor Step(Denoiser denoiser, Tensor x, int time, int next)
    {
        var clean = denoiser.Denoise(x, time).X0;
        if (next < 0)
            return clean.clone();
        var alphaBar = denoiser.Diffusion.Schedule.AlphasCumprod;
        var noise = (x - Math.Sqrt(alphaBar[time]) * clean) / Math.Sqrt(1 - alphaBar[time]);
        return Math.Sqrt(alphaBar[next]) * clean + Math.Sqrt(1 - alphaBar[next]) * noise;
    }
}
// End of excerpt
