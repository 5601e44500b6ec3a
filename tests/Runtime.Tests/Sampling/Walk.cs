using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>A way from given noise through given timesteps, of which references know more than of a seed.</summary>
public sealed class Walk(NoisePredictor network, SamplingOptions? options = null, Func<Tensor>? noise = null) : IDisposable
{
    public DiffusionProcess Diffusion { get; } = DiffusionProcess.Of(network.Diffusion);

    public NoiseSchedule Schedule => (NoiseSchedule)Diffusion.Levels;

    /// <summary>Images at the last of the times.</summary>
    public Tensor Through(Sampler sampler, Tensor x, IReadOnlyList<double> times)
    {
        using var denoiser = new Denoiser(
            network, Diffusion, (options ?? new()) with { FirstImage = 0, Count = (int)x.shape[0] },
            noise ?? (() => throw new InvalidOperationException("no noise was expected")));
        for (var i = 0; i + 1 < times.Count; i++)
        {
            // A step may return the estimate, which is the denoiser's.
            x = sampler.Step(denoiser, x, times[i], times[i + 1]).clone();
            denoiser.EndStep();
        }
        return x;
    }

    public void Dispose() => Diffusion.Dispose();
}
