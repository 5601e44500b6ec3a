using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether the groups of GroupNorms divide each width that is normalised.</summary>
internal static class GroupChecks
{
    /// <param name="least">The spec with only those norms that are certain.</param>
    public static void Check(SpecReading reading, UNetSpec least)
    {
        if (!reading.Knows("preset", "dim", "channel_multipliers", "groups", "norm", "blocks.resnet"))
            return;

        // Concatenated widths are sums of these: what divides them divides the sums.
        var all = Enumerable.Range(0, least.Levels).Select(least.WidthAfter).Prepend(least.InitDim).ToList();
        var normalised = NormalisedByGroups(least);
        normalised[0] &= reading.Knows("init_dim");
        var wrong = Enumerable.Range(0, all.Count).Where(index => normalised[index] && all[index] % least.Groups != 0).DefaultIfEmpty(-1).First();
        if (wrong < 0)
            return;

        var source = reading.Source;
        var what = wrong == 0
            ? $"the first convolution is {least.InitDim} wide ({(source.Has("init_dim") ? "init_dim" : "dim")} {least.InitDim})"
            : $"level {wrong - 1} is {all[wrong]} wide (dim {least.Dim} * {least.ChannelMultipliers[wrong - 1]})";
        var widths = all.Where((_, index) => normalised[index]);
        var groups = Divisors.Nearest(widths.Aggregate(Divisors.GreatestCommon), least.Groups);
        var dim = source.Has("init_dim") && least.InitDim % least.Groups != 0 ? null : NearestDim(least);
        var message = $"{what}: not divisible by groups {least.Groups}{(source.Has("groups") ? "" : ", the preset's default")}; use groups {Text.OneOf(groups)}{(dim is { } d ? $", or dim {d}" : "")}";
        if (source.Has("groups"))
            reading.Report(Rules.Groups, "groups", message);
        else if (wrong == 0)
            reading.Report(Rules.Groups, source.First("init_dim", "dim"), message);
        else
            reading.ReportItem(Rules.Groups, "channel_multipliers", wrong - 1, message);
    }

    /// <summary>Whether a GroupNorm of <see cref="UNetSpec.Groups"/> normalises the first width and each level's.</summary>
    private static List<bool> NormalisedByGroups(UNetSpec spec)
    {
        var levels = Enumerable.Range(0, spec.Levels);
        if (spec.Norm != Norm.Group)
            return [false, .. levels.Select(_ => false)];
        var ofItsOwn = spec.Preset != Preset.Adm || spec.GivenInitDim is not null;
        if (spec.HasOwnResnetBlocks)
            return [ofItsOwn, .. levels.Select(_ => true)];
        // Around the user's blocks stand the norms of attention and, in ddpm and adm, the one at the end.
        return [false, .. levels.Select(level => spec.IsPreActivation
            && (level == 0 || spec.AttentionAt(level) == AttentionKind.Full || (level == spec.Levels - 1 && spec.AttentionInTheMiddle != AttentionKind.None)))];
    }

    /// <summary>The nearest valid dim whose every width the groups divide, upwards where two are as near.</summary>
    private static int? NearestDim(UNetSpec spec)
    {
        for (var distance = 1; distance <= 2 * spec.Groups; distance++)
        {
            foreach (var dim in new[] { spec.Dim + distance, spec.Dim - distance })
            {
                var first = (spec with { Dim = dim }).InitDim;
                if (dim >= 4 && dim % 2 == 0 && spec.ChannelMultipliers.All(multiplier => (long)dim * multiplier <= Fields.MaxWidth) && first % spec.Groups == 0 && spec.ChannelMultipliers.All(multiplier => dim * multiplier % spec.Groups == 0))
                    return dim;
            }
        }

        return null;
    }
}
