using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>What several keys together can violate, of the keys that came with ddpm and adm.</summary>
internal static class FamilyChecks
{
    // Each is some lines of the class, which the compiler reads at every keystroke: with these, half a megabyte.
    private const int MaxBlocks = 256;

    public static void CheckBlocksPerLevel(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.GivenBlocksPerLevel.Count != 1 && spec.GivenBlocksPerLevel.Count != spec.Levels)
            ReportLength("blocks_per_level", spec.GivenBlocksPerLevel.Count, spec, source, problems);
        else if (Enumerable.Range(0, spec.Levels).Sum(spec.BlocksAt) is var blocks && blocks > MaxBlocks)
            problems.Report(Rules.OutOfRange, source.Span("blocks_per_level"), $"{blocks} residual blocks on the way down; at most {MaxBlocks} on all levels together");
    }

    public static void ReportLength(string key, int count, UNetSpec spec, SpecSource source, Problems problems) => problems.Report(Rules.OneALevel, source.Span(key),
        $"{key} has {Text.Words(count)} {(count == 1 ? "entry" : "entries")}, but channel_multipliers has {SpecChecks.Levels(spec.Levels)}; give one entry a level");

    /// <summary>Resolutions are of square images; a default must not quietly mean something else for others.</summary>
    public static bool CheckDefaultResolutions(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.Attention is not { DefaultResolutions: { } resolutions, GivenLevels: null, Off: false } || spec.ImageSize.Height == spec.ImageSize.Width)
            return true;
        problems.Report(Rules.Attention, source.Span("image_size"),
            $"this preset attends at resolutions [{string.Join(", ", resolutions)}] of square images, and this one is {spec.ImageSize}; give attention.levels, one of none, linear and full a level, or attention: none");
        return false;
    }

    /// <summary>In ddpm and adm the heads share the width of the place that attends.</summary>
    public static void CheckHeads(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (!spec.IsPreActivation)
            return;
        var (heads, headDim) = (spec.Attention.GivenHeads, spec.Attention.GivenHeadDim);
        foreach (var width in spec.AttendedWidths.Distinct())
        {
            var place = PlaceOf(width, spec);
            if (heads is not null && headDim is not null)
            {
                if ((long)heads * headDim == width)
                    continue;
                problems.Report(Rules.Heads, source.Span("attention.head_dim"),
                    $"{heads} heads of {headDim} are {(long)heads * headDim} wide, but {place} is {width} wide; give heads or head_dim, not both");
            }
            else if (headDim is { } features && width % features != 0)
            {
                problems.Report(Rules.Heads, source.Span("attention.head_dim"), $"{place} is {width} wide: not divisible by head_dim {features}; use head_dim {NearestDivisors(features)}");
            }
            else if (headDim is null && width % (heads ?? spec.Attention.DefaultHeads) != 0)
            {
                var count = heads ?? spec.Attention.DefaultHeads;
                problems.Report(Rules.Heads, source.Span("attention.heads", "dim"),
                    $"{place} is {width} wide: not divisible by heads {count}{(heads is null ? ", the preset's default" : "")}; use heads {NearestDivisors(count)}");
            }
            else
            {
                continue;
            }

            return; // one such message says it
        }

        string NearestDivisors(int value)
        {
            var common = spec.AttendedWidths.Aggregate(SpecChecks.GreatestCommonDivisor);
            return Text.OneOf(SpecChecks.NearestDivisors(common, value));
        }
    }

    public static void CheckLearnedVariance(UNetSpec spec, SpecSource source, Problems problems)
    {
        const string variance = "diffusion.variance";
        if (spec.LearnedVariance && spec.Variance != Variance.LearnedRange)
        {
            problems.Report(Rules.LearnedVariance, source.Span(variance),
                $"learned_variance: true predicts the variance, and variance: {Text.SnakeCase(spec.Variance.ToString())} would ignore it; use variance: learned_range, or learned_variance: false");
        }
        else if (!spec.LearnedVariance && spec.Variance == Variance.LearnedRange)
        {
            problems.Report(Rules.LearnedVariance, source.Span(variance), "variance: learned_range reads what the network predicts; it needs learned_variance: true");
        }

        if (spec.LearnedVariance && spec.Diffusion.Objective == Objective.V)
        {
            problems.Report(Rules.LearnedVariance, source.Span("diffusion.objective"),
                "learned_variance goes with objective: noise or x0, for which its loss is defined (Nichol and Dhariwal 2021); use one of them, or learned_variance: false");
        }
    }

    private static string PlaceOf(int width, UNetSpec spec)
    {
        for (var level = 0; level < spec.Levels; level++)
        {
            if (spec.AttentionAt(level) != AttentionKind.None && spec.WidthAfter(level) == width)
                return $"level {level}";
        }

        return "the middle";
    }
}
