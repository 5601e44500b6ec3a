using UNetGen.Diffusion;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>
/// DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): a second-order solver of the diffusion's ODE, which takes the clean image to change
/// linearly with lambda, half the logarithm of the signal-to-noise ratio, from the step before to this one. One pass through the network a
/// step; no fresh noise. The first step, which has none before it, and the last, which goes to lambda = infinity, are of first order, as in
/// diffusers.
/// </summary>
/// <param name="steps">Passes through the network, from 1 to the diffusion's timesteps.</param>
/// <param name="spacing">At which timesteps.</param>
/// <exception cref="ArgumentOutOfRangeException">Less than 1 step.</exception>
public sealed class DpmSolverSampler(int steps = 20, TimestepSpacing? spacing = null) : SpacedSampler(steps, spacing)
{
    /// <inheritdoc/>
    public override string Description => $"DPM-Solver++(2M), {Settings}";

    /// <inheritdoc/>
    public override string? AgainstInpainting =>
        "its steps build on the estimate of the step before, which knew nothing of the pixels put in since";

    /// <inheritdoc/>
    public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        var levels = denoiser.Diffusion.Levels;
        var x0 = denoiser.Denoise(x, time).X0;
        if (next == levels.Clean)
            return x0;

        var h = Lambda(levels, next) - Lambda(levels, time);
        var target = x0;
        if (denoiser.Previous is { } previous)
        {
            var ratio = (Lambda(levels, time) - Lambda(levels, previous.Time)) / h;
            target = x0.add(Number.Of(1 / (2 * ratio)) * (x0 - previous.X0), Number.One);
        }
        var (now, then) = (levels.At(time), levels.At(next));
        return Number.Of(then.Noise / now.Noise) * x - Number.Of(then.Image * double.ExpM1(-h)) * target;
    }

    private static double Lambda(NoiseLevels levels, double time)
    {
        var level = levels.At(time);
        return Math.Log(level.Image / level.Noise);
    }
}
