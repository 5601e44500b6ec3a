using UNetGen.Diffusion;

namespace UNetGen.Sampling;

/// <summary>Computes the times of a spacing for diffusions without timesteps, and those between timesteps.</summary>
internal static class SpacedTimes
{
    /// <summary>
    /// Even from 1, noise, down, and shifted; behind them 0. These are diffusers' where its scheduler is given the sigmas, as by Flux's
    /// pipeline.
    /// </summary>
    /// <exception cref="UNetGenException">It is another spacing.</exception>
    public static IReadOnlyList<double> Of(TimestepSpacing spacing, int steps, FlowLevels flow) => spacing == TimestepSpacing.Even
        ? [.. Enumerable.Range(0, steps).Select(i => flow.Shifted(1 - (double)i / steps)), flow.Clean]
        : throw new UNetGenException(
            $"The spacing {Word(spacing)} is for timesteps or sigmas, and a flow has neither: its times lie evenly along the line from "
                + "noise to image, and `shift` in its spec moves them. Use the spacing even.");

    /// <summary>From sigma_max to sigma_min (Karras et al. 2022, eq. 5), and behind them 0.</summary>
    /// <exception cref="UNetGenException">It is a spacing of timesteps.</exception>
    public static IReadOnlyList<double> Of(TimestepSpacing spacing, int steps, EdmLevels edm) => spacing switch
    {
        TimestepSpacing.Karras or TimestepSpacing.LogSnr => [.. Falling(spacing, steps, edm.SigmaMax, edm.SigmaMin), edm.Clean],
        _ => throw new UNetGenException(
            $"The spacing {Word(spacing)} is for timesteps, and EDM has none: it goes over sigma. Use the spacing karras or log-snr."),
    };

    /// <summary>Between timesteps, over the sigmas of <see cref="SpacedTimesteps.Ends"/>, and behind them the clean image.</summary>
    public static IReadOnlyList<double> Of(TimestepSpacing spacing, int steps, NoiseSchedule schedule)
    {
        var (most, least) = SpacedTimesteps.Ends(schedule);
        return [.. Falling(spacing, steps, most, least).Select(schedule.TimeOfSigma), schedule.Clean];
    }

    private static IEnumerable<double> Falling(TimestepSpacing spacing, int steps, double most, double least)
    {
        var (function, inverse) = SpacedTimesteps.Even(spacing);
        return SpacedTimesteps.EvenPlaces(function(most), function(least), steps).Select(inverse);
    }

    private static string Word(TimestepSpacing spacing) =>
        spacing == TimestepSpacing.LogSnr ? "log-snr" : spacing.ToString().ToLowerInvariant();
}
