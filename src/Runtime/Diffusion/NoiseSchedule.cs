using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;

namespace UNetGen.Diffusion;

/// <summary>
/// The numbers of a diffusion, one per timestep, in float64: how much noise each step adds (beta) and what follows from it.
/// Names are those of Ho et al. 2020 and of the field's code; index 0 is the first, least noisy step.
/// </summary>
public sealed class NoiseSchedule : NoiseLevels
{
    // Nichol and Dhariwal 2021: the last betas of a cosine would reach 1, a step that leaves nothing of the image.
    private const double LargestBeta = 0.999;

    // The posterior's variance is 0 at timestep 0, where no noise is added; its logarithm is cut off here.
    private const double SmallestVariance = 1e-20;

    private readonly Objective objective;

    /// <summary>Computes the schedule that the options ask for.</summary>
    /// <param name="options">The diffusion part of a network's spec.</param>
    /// <exception cref="UNetGenException">
    /// The diffusion is of another type; or no timestep or more than 1,000,000, a beta outside (0, 1), a gamma that is not positive, a word
    /// that isn't one of its kind, a last timestep without signal of which the network couldn't learn, or betas that leave of the image
    /// less than float32 holds.
    /// </exception>
    public NoiseSchedule(DiffusionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireType(DiffusionType.Ddpm);
        if (options.Timesteps < 1)
            throw new UNetGenException(FormattableString.Invariant(
                $"A diffusion needs at least 1 timestep, but `Timesteps` is {options.Timesteps}."));
        if (options.Timesteps > SpecLimits.Timesteps)
            throw new UNetGenException(FormattableString.Invariant(
                $"A diffusion has at most {SpecLimits.Timesteps:N0} timesteps, but `Timesteps` is {options.Timesteps:N0}."));
        DiffusionOptions.CheckPositive(options.MinSnrGamma, nameof(options.MinSnrGamma));
        DiffusionOptions.CheckWord(options.Schedule, nameof(options.Schedule));
        DiffusionOptions.CheckWord(options.ScheduleRescale, nameof(options.ScheduleRescale));
        DiffusionOptions.CheckWord(options.Objective, nameof(options.Objective));
        DiffusionOptions.CheckWord(options.LossWeight, nameof(options.LossWeight));
        DiffusionOptions.CheckWord(options.Variance, nameof(options.Variance));
        objective = options.Objective;

        Betas = ComputeBetas(options);
        CheckBetas(options, Betas);
        CheckSignal(options, Betas);
        if (options.ScheduleRescale == ScheduleRescale.ZeroTerminalSnr)
        {
            CheckLastTimestep(options);
            Betas = WithoutTerminalSignal(Betas);
            // The last one is 1, which leaves nothing.
            CheckBetas(options, Betas[..^1]);
        }

        var alphasCumprod = new double[Betas.Length];
        var product = 1.0;
        for (var t = 0; t < Betas.Length; t++)
            alphasCumprod[t] = product *= 1 - Betas[t];
        AlphasCumprod = [.. alphasCumprod];
        AlphasCumprodPrevious = [1, .. alphasCumprod.AsSpan(0, alphasCumprod.Length - 1)];

        SignalToNoise = Each(t => AlphasCumprod[t] / (1 - AlphasCumprod[t]));
        PosteriorVariance = Each(t => Betas[t] * (1 - AlphasCumprodPrevious[t]) / (1 - AlphasCumprod[t]));
        PosteriorLogVarianceClipped = Each(t => Math.Log(Math.Max(PosteriorVariance[t], SmallestVariance)));
        PosteriorMeanCoefficientX0 = Each(t => Betas[t] * Math.Sqrt(AlphasCumprodPrevious[t]) / (1 - AlphasCumprod[t]));
        PosteriorMeanCoefficientXt = Each(t => (1 - AlphasCumprodPrevious[t]) * Math.Sqrt(1 - Betas[t]) / (1 - AlphasCumprod[t]));
        LossWeights = Each(t => LossWeightOf(options, SignalToNoise[t]));
    }

    /// <summary>Steps from image to noise.</summary>
    public int Timesteps => Betas.Length;

    /// <summary>beta_t: the variance of the noise that step t adds.</summary>
    public ImmutableArray<double> Betas { get; }

    /// <summary>alpha-bar_t, the product of 1 - beta up to and with t: the share of the image's variance that is left in x_t.</summary>
    public ImmutableArray<double> AlphasCumprod { get; }

    /// <summary>alpha-bar_(t-1); 1 at t = 0.</summary>
    public ImmutableArray<double> AlphasCumprodPrevious { get; }

    /// <summary>alpha-bar / (1 - alpha-bar); 0 where nothing is left of the image.</summary>
    public ImmutableArray<double> SignalToNoise { get; }

    /// <summary>beta-tilde_t: the variance of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, eq. 7); 0 at t = 0.</summary>
    public ImmutableArray<double> PosteriorVariance { get; }

    /// <summary>Logarithm of <see cref="PosteriorVariance"/>, cut off at log 1e-20.</summary>
    public ImmutableArray<double> PosteriorLogVarianceClipped { get; }

    /// <summary>What x_0 is multiplied with in the mean of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, eq. 7).</summary>
    public ImmutableArray<double> PosteriorMeanCoefficientX0 { get; }

    /// <summary>What x_t is multiplied with in the mean of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, eq. 7).</summary>
    public ImmutableArray<double> PosteriorMeanCoefficientXt { get; }

    /// <summary>How much the squared error at t counts in the training loss.</summary>
    public ImmutableArray<double> LossWeights { get; }

    /// <summary>
    /// EDM's sigma: the deviation of the noise in x_t over the factor of its image, sqrt((1 - alpha-bar) / alpha-bar); it grows with t, and
    /// is infinite where nothing is left of the image.
    /// </summary>
    /// <param name="t">The timestep.</param>
    public double Sigma(int t) => 1 / Math.Sqrt(SignalToNoise[(int)Asked(t)]);

    /// <summary>The same between timesteps, where its logarithm is linear, as diffusers has it.</summary>
    /// <param name="time">From 0 to the last timestep.</param>
    public double Sigma(double time)
    {
        var lower = (int)Asked(time);
        return time == lower ? Sigma(lower) : Math.Exp(double.Lerp(Math.Log(Sigma(lower)), Math.Log(Sigma(lower + 1)), time - lower));
    }

    /// <summary>The time, mostly between two timesteps, of a sigma; the first or last timestep of one beyond them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no number of at least 0.</exception>
    public double TimeOfSigma(double sigma)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sigma);
        ArgumentOutOfRangeException.ThrowIfEqual(sigma, double.NaN);
        if (sigma <= Sigma(0))
            return 0;
        var (low, high) = Around(sigma);
        var share = Math.Log(sigma / Sigma(low)) / Math.Log(Sigma(high) / Sigma(low));
        return Math.Min(low + share, Timesteps - 1);
    }

    /// <inheritdoc/>
    public override double Clean => -1;

    /// <inheritdoc/>
    public override NoiseLevel At(double time)
    {
        if (time == Clean)
            return new(1, 0);
        var alphaBar = AlphaBar(time);
        return new(Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
    }

    /// <inheritdoc/>
    public override OdeVariables OdeAt(double time) => new(Math.Sqrt(AlphaBar(time)), Sigma(time));

    /// <inheritdoc/>
    public override Preconditioning PreconditioningAt(double time)
    {
        var alphaBar = AlphaBar(time);
        return objective switch
        {
            Objective.Noise => new(1, time, Math.Sqrt(1 / alphaBar), -Math.Sqrt(1 / alphaBar - 1)),
            Objective.X0 => new(1, time, 0, 1),
            _ => new(1, time, Math.Sqrt(alphaBar), -Math.Sqrt(1 - alphaBar)),
        };
    }

    /// <inheritdoc/>
    public override double LossWeightAt(double time) => LossWeights[(int)Asked(time)];

    internal override bool CanBeAskedAt(double time) => time >= 0 && time <= Timesteps - 1;

    internal override string AskedTimes => $"from 0 to {Timesteps - 1}";

    internal override double TimeOf(ulong first, ulong second) => Math.BigMul(first, (ulong)Timesteps, out _);

    internal override double Raised(double time, double factor, bool isFractional)
    {
        var sigma = factor * Sigma(time);
        return isFractional ? TimeOfSigma(sigma) : NearestTimestep(sigma);
    }

    /// <summary>The timestep whose <see cref="Sigma(int)"/> has the nearest logarithm.</summary>
    internal int NearestTimestep(double sigma)
    {
        var (low, high) = Around(sigma);
        return sigma / Sigma(low) <= Sigma(high) / sigma ? low : high;
    }

    private double AlphaBar(double time)
    {
        if (Asked(time) == (int)time)
            return AlphasCumprod[(int)time];
        var sigma = Sigma(time);
        return 1 / (1 + sigma * sigma);
    }

    /// <summary>Two neighbours with the sigma between them, or the first or last two.</summary>
    private (int Low, int High) Around(double sigma)
    {
        var (low, high) = (0, Timesteps - 1);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (Sigma(middle) <= sigma)
                low = middle;
            else
                high = middle;
        }
        return (low, high);
    }

    private ImmutableArray<double> Each(Func<int, double> value) => [.. Enumerable.Range(0, Timesteps).Select(value)];

    private static ImmutableArray<double> ComputeBetas(DiffusionOptions options)
    {
        var timesteps = options.Timesteps;
        switch (options.Schedule)
        {
            case BetaSchedule.Linear:
                return [.. LinearBetas.Of(timesteps, options.BetaStart, options.BetaEnd, options.ScheduleScaling)];
            case BetaSchedule.ScaledLinear:
                return [.. LinearBetas.OfRoots(timesteps, options.BetaStart, options.BetaEnd)];
            case BetaSchedule.Cosine:
                return FromAlphaBar(timesteps, progress => Math.Pow(Math.Cos((progress + 0.008) / 1.008 * Math.PI / 2), 2));
            case BetaSchedule.Sigmoid:
                // Falls from sigmoid(3) to sigmoid(-3); what lies below is cut off, so that it ends at 0.
                return FromAlphaBar(timesteps, progress => Sigmoid(3) - Sigmoid(-3 + 6 * progress));
            default:
                throw new UnreachableException($"There is no noise schedule {options.Schedule}.");
        }
    }

    /// <summary>Betas whose cumulated product follows a curve, known up to a factor, over progress from 0 to 1.</summary>
    private static ImmutableArray<double> FromAlphaBar(int timesteps, Func<double, double> alphaBar)
    {
        var betas = new double[timesteps];
        for (var t = 0; t < timesteps; t++)
            betas[t] = Math.Clamp(1 - alphaBar((t + 1.0) / timesteps) / alphaBar((double)t / timesteps), 0, LargestBeta);
        return [.. betas];
    }

    /// <summary>
    /// Betas after which alpha-bar's root is sqrt(alpha-bar), less that of the last timestep, and scaled so that the first one stays (Lin
    /// et al. 2023, algorithm 1).
    /// </summary>
    private static ImmutableArray<double> WithoutTerminalSignal(ImmutableArray<double> betas)
    {
        var roots = new double[betas.Length];
        var product = 1.0;
        for (var t = 0; t < betas.Length; t++)
            roots[t] = Math.Sqrt(product *= 1 - betas[t]);

        var (first, last) = (roots[0], roots[^1]);
        var rescaled = new double[betas.Length];
        var previous = 1.0;
        for (var t = 0; t < betas.Length; t++)
        {
            var alphaBar = Math.Pow((roots[t] - last) * first / (first - last), 2);
            rescaled[t] = 1 - alphaBar / previous;
            previous = alphaBar;
        }
        return [.. rescaled];
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double LossWeightOf(DiffusionOptions options, double snr)
    {
        if (options.LossWeight == LossWeight.Plain)
            return 1;
        var clipped = options.LossWeight == LossWeight.MinSnr ? Math.Min(snr, options.MinSnrGamma) : snr;
        return options.Objective switch
        {
            Objective.Noise => clipped / snr,
            Objective.X0 => clipped,
            Objective.V => clipped / (snr + 1),
            _ => throw new UnreachableException($"There is no objective {options.Objective}."),
        };
    }

    private static void CheckLastTimestep(DiffusionOptions options)
    {
        if (options.Timesteps == 1)
            throw new UNetGenException(
                $"`ScheduleRescale` {options.ScheduleRescale} keeps the first timestep and leaves no signal at the last one, so that it "
                    + "needs at least 2 timesteps, but `Timesteps` is 1.");
        if (options.Objective == Objective.Noise)
            throw new UNetGenException(
                $"With `ScheduleRescale` {options.ScheduleRescale} the last timestep is noise alone, and of a network that predicts the "
                    + "noise one would learn nothing of the image there: `Objective` must be V or X0, or `ScheduleRescale` None.");
        if (options.LossWeight != LossWeight.Plain)
            throw new UNetGenException(
                $"With `ScheduleRescale` {options.ScheduleRescale} the last timestep has no signal, by which `LossWeight` "
                    + $"{options.LossWeight} weighs it, so that it would never be trained: `LossWeight` must be Plain.");
    }

    private static void CheckBetas(DiffusionOptions options, ImmutableArray<double> betas)
    {
        for (var t = 0; t < betas.Length; t++)
        {
            if (betas[t] is > 0 and < SpecLimits.NearlyOne)
                continue;
            var mend = options is { Schedule: BetaSchedule.Linear, ScheduleScaling: true }
                ? $"Linear betas are scaled by 1000 / timesteps: use {Enough(options)}, or switch `ScheduleScaling` off (in a spec: "
                    + "`schedule_scaling: false`)."
                : "Use another number of timesteps or another schedule.";
            throw new UNetGenException(string.Create(CultureInfo.InvariantCulture,
                $"The {options.Schedule} schedule over {Counted.Of(options.Timesteps, "timestep")} has beta {betas[t]:G6} "
                + $"at timestep {t}, outside (0, 1). {mend}"));
        }
    }

    /// <summary>What brings scaled betas below 1, and leaves a signal.</summary>
    private static string Enough(DiffusionOptions options)
    {
        var timesteps = SpecLimits.TimestepsFor(options.BetaEnd);
        return timesteps <= SpecLimits.Timesteps
            && LinearBetas.FirstWithoutSignal(LinearBetas.Of((int)timesteps, options.BetaStart, options.BetaEnd, areScaled: true)) is null
            ? $"at least {timesteps} timesteps"
            : $"a lower `{nameof(options.BetaEnd)}`";
    }

    /// <summary>Only betas between two ends can be so large for so long: a curve's alpha-bar is what it says.</summary>
    private static void CheckSignal(DiffusionOptions options, ImmutableArray<double> betas)
    {
        if (LinearBetas.FirstWithoutSignal(betas) is not { } lost)
            return;
        var isScaled = options is { Schedule: BetaSchedule.Linear, ScheduleScaling: true };
        throw new UNetGenException(string.Create(CultureInfo.InvariantCulture,
            $"The {options.Schedule} schedule from beta {options.BetaStart} to {options.BetaEnd} leaves of the image less than "
            + $"{SpecWords.Number(LinearBetas.LeastSignal)}, the least that float32 holds, from timestep {lost} of {options.Timesteps} on: lower "
            + $"`BetaEnd`{(isScaled ? " or `BetaStart`" : ", `BetaStart` or `Timesteps`")}."));
    }
}
