using UNetGen.Diffusion;

namespace UNetGen.Sampling;

/// <summary>How the few timesteps of a fast sampler lie among the diffusion's T. The last step always ends at the clean image.</summary>
public enum TimestepSpacing
{
    /// <summary>
    /// The integers at or below steps + 1 even places from -1, the clean image, to T - 1: denoising-diffusion-pytorch's, computed exactly.
    /// Its own are rounded in float32, by the processor's vectors, which sets some of them off by one.
    /// </summary>
    Even,

    /// <summary>
    /// Multiples of T / steps, rounded down, from 0 or <see cref="SpacedSampler.StepsOffset"/>: it never sees the noisiest timesteps (the
    /// default of diffusers' DDIM).
    /// </summary>
    Leading,

    /// <summary>
    /// Even places from 0 to T - 1, rounded as NumPy does (diffusers' DDIM; Nichol and Dhariwal 2021). Of a flow those of diffusers' flow
    /// schedulers, whose low end is shifted twice.
    /// </summary>
    Linspace,

    /// <summary>Even places from T - 1 down, rounded as NumPy does (diffusers; Lin et al. 2023, table 2).</summary>
    Trailing,

    /// <summary>
    /// Even in lambda, half the logarithm of the signal-to-noise ratio, at the nearest timesteps; repeated ones are left out (Lu et al.
    /// 2022).
    /// </summary>
    LogSnr,

    /// <summary>
    /// Even in the 7th root of sigma, the noise's deviation over the image's factor, at the nearest timesteps; repeated ones are left out
    /// (Karras et al. 2022, eq. 5).
    /// </summary>
    Karras,
}

/// <summary>Computes the timesteps of a spacing.</summary>
internal static class SpacedTimesteps
{
    // Karras et al. 2022, table 1. Schedules that end noisier, a cosine's at sigma 20,000, would spend most steps where there is nothing to
    // see.
    private const double LargestSigma = 80;

    private const double SmallestSigma = 0.002;

    private const double Rho = 7;

    /// <summary>The timesteps, falling, with -1 behind them.</summary>
    /// <param name="spacing">How they lie.</param>
    /// <param name="steps">How many.</param>
    /// <param name="schedule">The diffusion's numbers.</param>
    /// <param name="offset">Added to each of <see cref="TimestepSpacing.Leading"/>.</param>
    /// <exception cref="UNetGenException">
    /// There are fewer timesteps than steps, an offset leads beyond them, or the spacing can't do with one step.
    /// </exception>
    public static IReadOnlyList<int> Of(TimestepSpacing spacing, int steps, NoiseSchedule schedule, int offset = 0)
    {
        var timesteps = schedule.Timesteps;
        Check(spacing, steps, timesteps, offset);
        var indices = Enumerable.Range(0, steps);
        var times = spacing switch
        {
            TimestepSpacing.Even => indices.Select(i => (int)((i + 1L) * timesteps / steps) - 1).Reverse(),
            TimestepSpacing.Leading => indices.Select(i => i * (timesteps / steps) + offset).Reverse(),
            TimestepSpacing.Linspace => indices.Select(i => (int)Math.Round(i * ((timesteps - 1.0) / Math.Max(1, steps - 1)))).Reverse(),
            TimestepSpacing.Trailing => Trailing(timesteps, steps),
            TimestepSpacing.LogSnr or TimestepSpacing.Karras => Nearest(schedule, steps, spacing),
            _ => throw new ArgumentOutOfRangeException(nameof(spacing), $"There is no spacing {spacing}."),
        };
        return [.. times, -1];
    }

    /// <summary>Whether a diffusion of so many timesteps has such ones.</summary>
    /// <exception cref="UNetGenException">As of <see cref="Of"/>.</exception>
    internal static void Check(TimestepSpacing spacing, int steps, int timesteps, int offset = 0)
    {
        if (steps > timesteps)
            throw new UNetGenException(
                $"A sampler can't take {Counted.Of(steps, "step")}: the network's diffusion has {Counted.Of(timesteps, "timestep")}. Use "
                    + $"{(timesteps == 1 ? "1 step" : $"{timesteps} steps or fewer")}.");
        // Who gives an offset says at which timestep.
        if (steps == 1 && timesteps > 1 && offset == 0 && (spacing is TimestepSpacing.Leading or TimestepSpacing.Linspace))
            throw new UNetGenException(
                $"With the spacing {spacing.Word()} a single step would be taken for timestep 0, where hardly any noise is, though it starts "
                    + "from nothing else. Use 2 steps or more" + (spacing == TimestepSpacing.Leading
                        ? FormattableString.Invariant(
                            $", another spacing, or the timestep that it is to be taken for as the offset, such as {timesteps - 1}.")
                        : ", or another spacing."));
        var noisiest = (steps - 1) * (timesteps / steps);
        if (offset >= timesteps - noisiest)
            throw new UNetGenException(
                $"With an offset of {offset} the first of {Counted.Of(steps, "step")} would begin at timestep {noisiest + (long)offset}, "
                    + $"and the diffusion's last is {timesteps - 1}. Use fewer steps, or a smaller offset.");
    }

    /// <summary>What a spacing is called on the command line and in descriptions: <c>log-snr</c>.</summary>
    internal static string Word(this TimestepSpacing spacing) => SpecWords.SnakeCase(spacing.ToString()).Replace('_', '-');

    /// <summary>
    /// As NumPy's arange counts from T down by T / steps: by the difference of its first two numbers, whose rounding decides what lies
    /// halfway between two timesteps.
    /// </summary>
    private static IEnumerable<int> Trailing(int timesteps, int steps)
    {
        var step = timesteps - (double)timesteps / steps - timesteps;
        return Enumerable.Range(0, steps).Select(i => (int)Math.Round(timesteps + i * step) - 1);
    }

    /// <summary>Even places of a function of sigma, from the noisiest to the least noisy.</summary>
    private static IEnumerable<int> Nearest(NoiseSchedule schedule, int steps, TimestepSpacing spacing)
    {
        var (function, inverse) = Even(spacing);
        var (most, least) = Ends(schedule);
        return EvenPlaces(function(most), function(least), steps).Select(place => schedule.NearestTimestep(inverse(place))).Distinct();
    }

    /// <summary>The sigmas with which to begin and to end: EDM's, as far as the schedule goes.</summary>
    internal static (double Most, double Least) Ends(NoiseSchedule schedule) => (
        Math.Min(LargestSigma, schedule.Sigma(schedule.Timesteps - 1)), Math.Max(SmallestSigma, schedule.Sigma(0)));

    /// <summary>From the first to the last; of one place the first.</summary>
    internal static IEnumerable<double> EvenPlaces(double first, double last, int count) =>
        Enumerable.Range(0, count).Select(i => count == 1 ? first : first + (last - first) * i / (count - 1));

    /// <summary>The function of sigma in which the places of a spacing are even, and its inverse.</summary>
    internal static (Func<double, double> Function, Func<double, double> Inverse) Even(TimestepSpacing spacing) =>
        spacing == TimestepSpacing.LogSnr ? (Math.Log, Math.Exp) : (sigma => Math.Pow(sigma, 1 / Rho), root => Math.Pow(root, Rho));
}
