using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// A rectified flow (Liu et al. 2022), which is flow matching along straight lines (Lipman et al. 2022): x_t = (1 - t) x_0 + t noise. The
/// network predicts the velocity noise - x_0, and is told 1000 t (Esser et al. 2024). Times are [batch], float64, from 0, the image, to 1,
/// noise.
/// </summary>
/// <param name="options">A network's <c>NoisePredictor.Diffusion</c>, of type <see cref="DiffusionType.Flow"/>.</param>
/// <exception cref="UNetGenException">The options give no valid flow.</exception>
public sealed class RectifiedFlow(DiffusionOptions options) : DiffusionProcess(options)
{
    /// <inheritdoc/>
    public override NoiseLevels Levels { get; } = new FlowLevels(options);

    /// <inheritdoc/>
    public override Tensor QSample(Tensor x0, Tensor t, Tensor noise)
    {
        using var scope = NewDisposeScope();
        return Weighted(Of(x0, (-t).add(Number.One, Number.One)), x0, Of(x0, t), noise).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Target(Tensor x0, Tensor t, Tensor noise) => noise - x0;

    /// <inheritdoc/>
    public override Tensor PredictX0(Tensor xt, Tensor t, Tensor prediction)
    {
        using var scope = NewDisposeScope();
        return (xt - Of(xt, t) * prediction).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override (Tensor Images, Tensor Timesteps) Asked(Tensor xt, Tensor t)
    {
        using var scope = NewDisposeScope();
        return (xt, AsTimesteps(Number.Of(FlowLevels.TimestepsOfOne) * t, xt).MoveToOuterDisposeScope());
    }
}

/// <summary>The numbers of a <see cref="RectifiedFlow"/>. Times go from 0, the image, to 1, noise.</summary>
public sealed class FlowLevels : NoiseLevels
{
    /// <summary>What the network is told of time 1: as many as a DDPM has timesteps, so that the same embedding serves.</summary>
    internal const double TimestepsOfOne = 1000;

    private readonly DiffusionOptions options;

    /// <summary>The numbers that the options ask for.</summary>
    /// <param name="options">The diffusion part of a network's spec.</param>
    /// <exception cref="UNetGenException">A number isn't positive that must be, or a word isn't one of its kind.</exception>
    public FlowLevels(DiffusionOptions options)
    {
        DiffusionOptions.CheckWord(options.TimestepSampling, nameof(options.TimestepSampling));
        DiffusionOptions.CheckFinite(options.LogitMean, nameof(options.LogitMean));
        DiffusionOptions.CheckPositive(options.LogitStd, nameof(options.LogitStd));
        DiffusionOptions.CheckPositive(options.Shift, nameof(options.Shift));
        this.options = options;
    }

    /// <inheritdoc/>
    public override double Clean => 0;

    /// <inheritdoc/>
    public override NoiseLevel At(double time) => new(1 - time, time);

    /// <summary>The flow's ODE is dx / dt = (x - x_0) / t.</summary>
    public override OdeVariables OdeAt(double time) => new(1, time);

    /// <inheritdoc/>
    public override Preconditioning PreconditioningAt(double time) => new(1, TimestepsOfOne * time, 1, -time);

    /// <summary>1: how often times are drawn weighs them.</summary>
    public override double LossWeightAt(double time) => 1;

    /// <summary>A time as <see cref="DiffusionOptions.Shift"/> moves it.</summary>
    /// <param name="time">From 0 to 1.</param>
    public double Shifted(double time) => options.Shift * time / (1 + (options.Shift - 1) * time);

    internal override double TimeOf(ulong first, ulong second) => Shifted(
        options.TimestepSampling == TimestepSampling.Uniform ? Uniform(first) : TimeOfNormal(Normal(first, second)));

    /// <summary>The time, not shifted, of a standard normal number under <see cref="TimestepSampling.LogitNormal"/>.</summary>
    internal double TimeOfNormal(double normal) => 1 / (1 + Math.Exp(-(options.LogitMean + options.LogitStd * normal)));

    internal override double Raised(double time, double factor, bool isFractional) => factor * time / (1 + (factor - 1) * time);
}
