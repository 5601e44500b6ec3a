// Excerpt: own sampler
using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

/// <summary>Euler's method, in even steps of a DDPM's timestep.</summary>
public sealed class EulerSampler(int steps) : Sampler
{
    public override string Description => $"Euler, {steps} steps";

    public override IReadOnlyList<double> Times(NoiseLevels levels) =>
        [.. Enumerable.Range(1, steps).Reverse().Select(i => i * ((NoiseSchedule)levels).Timesteps / steps - 1), levels.Clean];

    public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next)
    {
        var clean = denoiser.Denoise(x, time).X0;
        var (now, then) = (denoiser.Diffusion.Levels.At(time), denoiser.Diffusion.Levels.At(next));
        var noise = (x - now.Image * clean) / now.Noise;
        return then.Image * clean + then.Noise * noise;
    }
}
// End of excerpt
