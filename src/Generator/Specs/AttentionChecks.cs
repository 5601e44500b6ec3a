using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether attention stands where it can, with heads that divide the place's width and scores that fit into memory.</summary>
internal static class AttentionChecks
{
    // As of the language: 64 x 64, whose scores are 67 MB a head and image.
    private const int ManyTokens = 4096;

    private const string Levels = "attention.levels", Resolutions = "attention.resolutions";
    private const string Heads = "attention.heads", HeadDim = "attention.head_dim";

    /// <summary>Levels and resolutions, the two ways to say which levels attend; preset conditional has only the first.</summary>
    public static void CheckWhere(CheckContext context)
    {
        var attention = context.Spec.Attention;
        var isConditional = context.Spec.Preset == Preset.Conditional;
        if (!isConditional && context.Keys.Has(Levels) && context.Keys.Has(Resolutions))
        {
            if (!context.Keys.IsUncertain(Levels) && !context.Keys.IsUncertain(Resolutions))
                context.ReportKey(Rules.Attention, Resolutions, "levels and resolutions both say where attention stands; use one of them");
        }
        else if (!context.AreCertain(Levels, Resolutions))
        {
            return;
        }
        else if (attention.GivenLevels is { } given)
        {
            LevelChecks.CheckLength(context, Levels, given.Count);
        }
        // Or its sides may not be as meant.
        else if (!isConditional && context.Knows("image_size") && context.KnowsLength("channel_multipliers"))
        {
            CheckResolutions(context);
        }
    }

    /// <summary>In ddpm, adm and conditional the heads share the width of the place that attends.</summary>
    /// <param name="least">The spec with only that attention which is certain.</param>
    public static void CheckHeads(CheckContext context, UNetSpec least)
    {
        var (heads, headDim) = (least.Attention.GivenHeads, least.Attention.GivenHeadDim);
        if (!least.IsPreActivation || !context.Knows("dim", "channel_multipliers", Heads, HeadDim))
            return;
        foreach (var width in least.AttendedWidths.Distinct())
        {
            var place = PlaceOf(width, least);
            if (heads is not null && headDim is not null)
            {
                if ((long)heads * headDim == width)
                    continue;
                context.Report(Rules.Heads, HeadDim,
                    $"{heads} heads of {headDim} are {(long)heads * headDim} wide, but {place} is {width} wide; "
                    + "give heads or head_dim, not both");
            }
            else if (headDim is { } features && width % features != 0)
            {
                context.Report(Rules.Heads, HeadDim,
                    $"{place} is {width} wide: not divisible by head_dim {features}; use head_dim {NearestDivisors(features)}");
            }
            else if (headDim is null && width % (heads ?? least.Attention.DefaultHeads) != 0)
            {
                var count = heads ?? least.Attention.DefaultHeads;
                context.Report(Rules.Heads, context.Keys.First(Heads, "dim"),
                    $"{place} is {width} wide: not divisible by heads {count}{(heads is null ? ", the preset's default" : "")}; "
                    + $"use heads {NearestDivisors(count)}");
            }
            else
            {
                continue;
            }

            return; // one such message says it
        }

        string NearestDivisors(int value) => Text.OneOf(Divisors.Nearest(least.AttendedWidths.Aggregate(Divisors.GreatestCommon), value));
    }

    /// <param name="least">The spec with only that attention which is certain.</param>
    public static void CheckSizes(CheckContext context, UNetSpec least)
    {
        var attention = least.Attention;
        // Elsewhere heads don't share the widths.
        var knowsWidths = least.IsPreActivation ? context.Knows("dim", "channel_multipliers") : context.KnowsLength("channel_multipliers");
        if (!knowsWidths || !context.Knows("preset", Heads, HeadDim))
            return;

        var (heads, headDim) = (attention.GivenHeads ?? attention.DefaultHeads, attention.GivenHeadDim ?? AttentionSpec.DefaultHeadDim);
        var width = (long)heads * headDim;
        if (least.AnyAttention && !least.IsPreActivation && width > SpecLimits.Width)
            context.Report(Rules.Attention, context.Keys.First(Heads, HeadDim),
                $"{heads} heads of {headDim} are {width} wide; at most {SpecLimits.Width}: use fewer or narrower heads");
        else if (context.Knows("image_size", "attention.memory_tokens"))
            CheckScores(context, least);
    }

    private static void CheckResolutions(CheckContext context)
    {
        var spec = context.Spec;
        var square = spec.ImageSize.Height == spec.ImageSize.Width;
        if (spec.Attention.GivenResolutions is not { } resolutions)
        {
            // Resolutions are of square images; a default must not quietly mean something else for others.
            if (!square && spec.Attention is { DefaultResolutions: { } usual, Off: false })
            {
                context.Report(Rules.Attention, "image_size",
                    $"this preset attends at resolutions [{string.Join(", ", usual)}] of square images, and this one is {spec.ImageSize}; "
                    + "give attention.levels, one of none, linear and full per level, or attention: none");
            }

            ResolutionChecks.WarnOfNoLevel(context);
        }
        else if (!square)
        {
            context.ReportKey(Rules.Attention, Resolutions,
                $"resolutions need a square image, this one is {spec.ImageSize}; use attention.levels");
        }
        else
        {
            var sizes = Enumerable.Range(0, spec.Levels).Select(level => spec.SizeAt(level).Height).ToList();
            for (var i = 0; i < resolutions.Count; i++)
            {
                if (context.KnowsItem(Resolutions, i) && !sizes.Contains(resolutions[i]))
                    context.ReportItem(Rules.Attention, Resolutions, i,
                        $"no level has size {resolutions[i]}; the levels are at {Text.AllOf(sizes)}");
            }
        }
    }

    /// <summary>The scores of full attention, and of the pixels among themselves in a transformer: tokens times tokens, per head.</summary>
    private static void CheckScores(CheckContext context, UNetSpec spec)
    {
        const string linearOrSmaller = "use linear attention there, or a smaller image";
        const string outOrSmaller = "leave this size out, or use a smaller image";
        const string noneThereOrSmaller = "use none there, or a smaller image";
        const string noneOrSmaller = "use mid: none, more levels or a smaller image";
        var (attention, keys) = (spec.Attention, context.Keys);
        for (var level = 0; level < spec.Levels; level++)
        {
            if (spec.AttentionAt(level) is not (AttentionKind.Full or AttentionKind.Cross))
                continue;
            var (size, heads) = (spec.SizeAt(level), spec.HeadsAt(spec.WidthAfter(level)));
            if (spec.Preset == Preset.Conditional)
                CheckFull($"at level {level}", size, noneThereOrSmaller, heads, keys.First(Levels, "image_size"),
                    keys.Has(Levels) ? level : -1);
            else if (attention.GivenResolutions is { } resolutions)
                CheckFull($"at level {level}", size, outOrSmaller, heads, Resolutions, resolutions.ToList().IndexOf(size.Height));
            else if (keys.Has(Levels))
                CheckFull($"at level {level}", size, linearOrSmaller, heads, Levels, level);
            else
                CheckFull($"at level {level}", size, linearOrSmaller, heads, "image_size", -1);
        }

        if (spec.AttentionInTheMiddle is AttentionKind.Full or AttentionKind.Cross)
        {
            var last = spec.Levels - 1;
            var heads = spec.HeadsAt(spec.WidthAfter(last));
            CheckFull("in the middle", spec.SizeAt(last), noneOrSmaller, heads, keys.First("attention.mid", "image_size"), -1);
        }

        void CheckFull(string where, ImageSize size, string remedy, int heads, string key, int item)
        {
            var tokens = (long)size.Height * size.Width;
            if (tokens <= ManyTokens)
                return;
            var perHead = SpecLimits.ScoreBytesOf(tokens, attention.MemoryTokens);
            var all = perHead * Math.Max(1, heads); // none where head_dim is wider than the place, which is an error already
            var impossible = all > SpecLimits.ScoreBytes;
            var ofAll = heads == 1 ? "" : $", {Text.Bytes(all)} for all {heads} heads";
            var kind = spec.Preset == Preset.Conditional ? "the pixels' attention to one another" : "full attention";
            var message = $"{kind} {where} is over {Text.Thousands(tokens)} tokens ({size}): "
                + $"its scores take {Text.Bytes(perHead)} per image and head{ofAll} (float32)"
                + $"{(impossible ? ", more than a process can address" : "")}; {remedy}";
            var rule = impossible ? Rules.Attention : Rules.ManyTokens;
            if (item < 0)
                context.Report(rule, key, message);
            else
                context.ReportItem(rule, key, item, message);
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
