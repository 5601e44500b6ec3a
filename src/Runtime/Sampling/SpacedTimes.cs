using UNetGen.Diffusion;

namespace UNetGen.Sampling;

/// <summary>Computes the times of a spacing for diffusions without timesteps, and those between timesteps.</summary>
internal static class SpacedTimes
{
    /// <summary>
    /// From 1, noise, down, and shifted; behind them 0. Even ones are diffusers' where its scheduler is given the sigmas, as by Flux's
    /// pipeline; those of linspace are its own, from 1 to its last time of training, which is shifted once more with the others.
    /// </summary>
    /// <exception cref="UNetGenException">It is another spacing.</exception>
    public static IReadOnlyList<double> Of(TimestepSpacing spacing, int steps, FlowLevels flow)
    {
        var times = spacing switch
        {
            TimestepSpacing.Even => Enumerable.Range(0, steps).Select(i => 1 - (double)i / steps),
            TimestepSpacing.Linspace => SpacedTimesteps.EvenPlaces(1, flow.Shifted(FlowLevels.LeastTime), steps),
            _ => throw new UNetGenException(
                $"The spacing {spacing.Word()} is for timesteps or sigmas, and a flow has neither: its times lie evenly along the line from "
                    + "noise to image, and `shift` in its spec moves them. Use the spacing even, or linspace."),
        };
        return [.. times.Select(flow.Shifted), flow.Clean];
    }

    /// <summary>From sigma_max to sigma_min (Karras et al. 2022, eq. 5), and behind them 0.</summary>
    /// <exception cref="UNetGenException">It is a spacing of timesteps.</exception>
    public static IReadOnlyList<double> Of(TimestepSpacing spacing, int steps, EdmLevels edm) => spacing switch
    {
        TimestepSpacing.Karras or TimestepSpacing.LogSnr => [.. Falling(spacing, steps, edm.SigmaMax, edm.SigmaMin), edm.Clean],
        _ => throw new UNetGenException(
            $"The spacing {spacing.Word()} is for timesteps, and EDM has none: it goes over sigma. Use the spacing karras or log-snr."),
    };

    /// <summary>
    /// Between timesteps, over the sigmas of <see cref="SpacedTimesteps.Ends"/> or, of linspace, over those between timesteps' in even
    /// places, and behind them the clean image.
    /// </summary>
    /// <exception cref="UNetGenException">Of linspace: there are fewer timesteps than steps, or one step only.</exception>
    public static IReadOnlyList<double> Of(TimestepSpacing spacing, int steps, NoiseSchedule schedule)
    {
        if (spacing == TimestepSpacing.Linspace)
        {
            SpacedTimesteps.Check(spacing, steps, schedule.Timesteps);
            var places = SpacedTimesteps.EvenPlaces(schedule.Timesteps - 1, 0, steps);
            return [.. places.Select(place => WithSigmaAt(place, schedule)), schedule.Clean];
        }
        var (most, least) = SpacedTimesteps.Ends(schedule);
        return [.. Falling(spacing, steps, most, least).Select(schedule.TimeOfSigma), schedule.Clean];
    }

    private static IEnumerable<double> Falling(TimestepSpacing spacing, int steps, double most, double least)
    {
        var (function, inverse) = SpacedTimesteps.Even(spacing);
        return SpacedTimesteps.EvenPlaces(function(most), function(least), steps).Select(inverse);
    }

    /// <summary>The time of the sigma that is linear from one timestep to the next.</summary>
    private static double WithSigmaAt(double place, NoiseSchedule schedule)
    {
        var lower = (int)place;
        return place == lower
            ? place
            : schedule.TimeOfSigma(double.Lerp(schedule.Sigma(lower), schedule.Sigma(lower + 1), place - lower));
    }
}
