using System.Globalization;
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
        CheckTimes(t, x0);
        CheckShapes(x0, noise);
        using var scope = NewDisposeScope();
        return Weighted(Of(x0, (-t).add(Number.One, Number.One)), x0, Of(x0, t), noise).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Target(Tensor x0, Tensor t, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(t);
        CheckShapes(x0, noise);
        return noise - x0;
    }

    /// <inheritdoc/>
    public override Tensor PredictX0(Tensor xt, Tensor t, Tensor prediction)
    {
        CheckTimes(t, xt);
        CheckShapes(xt, prediction);
        using var scope = NewDisposeScope();
        return (xt - Of(xt, t) * prediction).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Loss(Tensor prediction, Tensor x0, Tensor xt, Tensor t, Tensor noise)
    {
        if (Options.WeightingScheme == WeightingScheme.None)
            return base.Loss(prediction, x0, xt, t, noise);
        CheckTimes(t, x0);
        CheckShapes(x0, xt);
        using var scope = NewDisposeScope();
        var (velocity, _) = Split(prediction, x0.shape);
        var errors = SquaredErrors(velocity, Target(x0, t, noise));
        return (errors * LossWeights(t).to(errors.dtype)).mean().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override (Tensor Images, Tensor Timesteps) Asked(Tensor xt, Tensor t)
    {
        CheckTimes(t, xt);
        using var scope = NewDisposeScope();
        return (xt, AsTimesteps(Number.Of(FlowLevels.TimestepsOfOne) * t, xt).MoveToOuterDisposeScope());
    }

    /// <summary><see cref="FlowLevels.LossWeightAt"/> of each image, [batch], where the times lie.</summary>
    private Tensor LossWeights(Tensor t)
    {
        var s = t.clamp_min(Number.Of(FlowLevels.LeastTime));
        return Options.WeightingScheme == WeightingScheme.SigmaSqrt
            ? (s * s).reciprocal()
            : (Number.Of(2) * (s * s - s)).add(Number.One, Number.One).reciprocal() * Number.Of(2 / Math.PI);
    }
}

/// <summary>The numbers of a <see cref="RectifiedFlow"/>. Times go from 0, the image, to 1, noise.</summary>
public sealed class FlowLevels : NoiseLevels
{
    /// <summary>What the network is told of time 1: as many as a DDPM has timesteps, so that the same embedding serves.</summary>
    internal const double TimestepsOfOne = 1000;

    /// <summary>
    /// The first of diffusers' training times, before they are shifted. What is weighed by 1 / t^2 counts no less: a time near 0 would
    /// outweigh a whole training.
    /// </summary>
    internal const double LeastTime = 1 / TimestepsOfOne;

    private readonly DiffusionOptions options;

    /// <summary>The numbers that the options ask for.</summary>
    /// <param name="options">The diffusion part of a network's spec.</param>
    /// <exception cref="UNetGenException">The diffusion is of another type, a number is none that it may be, or a word isn't one of its kind.</exception>
    public FlowLevels(DiffusionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireType(DiffusionType.Flow);
        DiffusionOptions.CheckWord(options.TimestepSampling, nameof(options.TimestepSampling));
        DiffusionOptions.CheckWord(options.WeightingScheme, nameof(options.WeightingScheme));
        if (options.ModeScale is not (>= SpecLimits.LeastModeScale and < SpecLimits.ModeScale))
            throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture,
                $"`ModeScale` must be a number from {SpecLimits.LeastModeScale} to below {SpecLimits.ModeScale}, where later numbers give "
                    + $"later times, but is {options.ModeScale}."));
        DiffusionOptions.CheckBetween(options.LogitMean, -SpecLimits.LogOfTime, SpecLimits.LogOfTime, nameof(options.LogitMean));
        DiffusionOptions.CheckPositive(options.LogitStd, nameof(options.LogitStd));
        DiffusionOptions.CheckPositive(options.Shift, nameof(options.Shift));
        this.options = options;
    }

    /// <inheritdoc/>
    public override double Clean => 0;

    /// <inheritdoc/>
    public override NoiseLevel At(double time) => new(1 - Asked(time), time);

    /// <summary>The flow's ODE is dx / dt = (x - x_0) / t.</summary>
    public override OdeVariables OdeAt(double time) => new(1, Asked(time));

    /// <inheritdoc/>
    public override Preconditioning PreconditioningAt(double time) => new(1, TimestepsOfOne * Asked(time), 1, -time);

    /// <summary>
    /// By <see cref="DiffusionOptions.WeightingScheme"/>; where that is none 1, and how often times are drawn weighs them. Times below 0.001
    /// count as that one.
    /// </summary>
    /// <param name="time">Of the image.</param>
    public override double LossWeightAt(double time)
    {
        var t = Math.Max(Asked(time), LeastTime);
        return options.WeightingScheme switch
        {
            WeightingScheme.SigmaSqrt => 1 / (t * t),
            WeightingScheme.Cosmap => 2 / (Math.PI * (1 - 2 * t + 2 * t * t)),
            _ => 1,
        };
    }

    /// <summary>A time as <see cref="DiffusionOptions.Shift"/> moves it.</summary>
    /// <param name="time">From 0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">It lies elsewhere.</exception>
    public double Shifted(double time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(time);
        ArgumentOutOfRangeException.ThrowIfEqual(time, double.NaN);
        // To rounding.
        ArgumentOutOfRangeException.ThrowIfGreaterThan((float)time, 1, nameof(time));
        return options.Shift * time / (1 + (options.Shift - 1) * time);
    }

    // Rounding may bring the first time of a drawing above 1.
    internal override bool CanBeAskedAt(double time) => time >= 0 && time <= Math.Max(1, Shifted(1));

    internal override string AskedTimes => "from 0 to 1";

    internal override double TimeOf(ulong first, ulong second) => Shifted(options.TimestepSampling switch
    {
        TimestepSampling.Uniform => Uniform(first),
        TimestepSampling.Mode => TimeOfUniform(Uniform(first)),
        _ => TimeOfNormal(Normal(first, second)),
    });

    /// <summary>The time, not shifted, of a standard normal number under <see cref="TimestepSampling.LogitNormal"/>.</summary>
    internal double TimeOfNormal(double normal) => 1 / (1 + Math.Exp(-(options.LogitMean + options.LogitStd * normal)));

    /// <summary>
    /// The time, not shifted, of an even number from 0 to 1 under <see cref="TimestepSampling.Mode"/> (Esser et al. 2024, eq. 20, of which
    /// the times of u and of 1 - u lie as far from the middle).
    /// </summary>
    internal double TimeOfUniform(double u) => u + options.ModeScale * (Math.Pow(Math.Cos(Math.PI / 2 * u), 2) - 1 + u);

    internal override double Raised(double time, double factor, bool isFractional) => factor * time / (1 + (factor - 1) * time);
}
