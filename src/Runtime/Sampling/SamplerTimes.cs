using System.Globalization;
using UNetGen.Diffusion;

namespace UNetGen.Sampling;

/// <summary>Looks at the times that a sampler gives: anybody may write one.</summary>
internal static class SamplerTimes
{
    /// <summary>The times, if a drawing can go through them.</summary>
    /// <exception cref="InvalidOperationException">It can't.</exception>
    public static IReadOnlyList<double> Of(Sampler sampler, NoiseLevels levels)
    {
        var times = sampler.Times(levels);
        return Fault(times ?? [], levels) is not { } fault
            ? times!
            : throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"The times of {sampler.GetType().Name} must lie {levels.AskedTimes}, not rise, and end with {levels.Clean}, the clean "
                    + $"image, but {fault.ToString(CultureInfo.InvariantCulture)}."));
    }

    private static FormattableString? Fault(IReadOnlyList<double> times, NoiseLevels levels)
    {
        if (times.Count == 0)
            return $"there are none";
        if (times[^1] != levels.Clean)
            return $"the last is {times[^1]}";
        if (times.Count == 1)
            return $"there is none before the end, and so no step";
        for (var i = 0; i < times.Count - 1; i++)
        {
            if (times[i] == levels.Clean || !levels.CanBeAskedAt(times[i]))
                return $"{times[i]} is among them, in place {i + 1} of {times.Count}";
            if (i > 0 && times[i] > times[i - 1])
                return $"{times[i]} follows {times[i - 1]}";
        }
        return null;
    }
}
