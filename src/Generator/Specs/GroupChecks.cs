using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether the groups of GroupNorms divide each width that is normalised.</summary>
internal static class GroupChecks
{
    /// <summary>
    /// One error for each cause. Where the spec gives <c>groups</c>, that key is the cause for all widths; where it doesn't, init_dim and
    /// the levels may each be one.
    /// </summary>
    /// <param name="bounds">The spec with only those norms that are certain, and with all that may be.</param>
    public static void Check(CheckContext context, SpecBounds bounds)
    {
        if (!context.Knows("preset", "dim", "channel_multipliers", "groups", "norm"))
            return;

        // Concatenated widths are sums of these: what divides them divides the sums.
        var spec = bounds.Least;
        var all = Enumerable.Range(0, spec.Levels).Select(spec.WidthAfter).Prepend(spec.InitDim).ToList();
        var certain = NormalisedByGroups(spec);
        certain[0] &= context.Knows("init_dim");
        var wrong = Enumerable.Range(0, all.Count).Where(index => certain[index] && all[index] % spec.Groups != 0).ToList();
        if (wrong.Count == 0)
            return;

        var keys = context.Keys;
        var possible = NormalisedByGroups(bounds.Most);
        var common = all.Where((_, index) => certain[index] || possible[index]).Aggregate(Divisors.GreatestCommon);
        var groups = Divisors.Nearest(common, spec.Groups);
        var byInitDim = wrong[0] == 0 && keys.Has("init_dim");
        if (keys.Has("groups"))
        {
            var remedy = !byInitDim ? OrDim() : wrong.Count == 1 ? OrInitDim() : "";
            context.ReportMisfit(Rules.Groups, "groups",
                $"{What(wrong[0])}: not divisible by groups {spec.Groups}; use groups {Text.OneOf(groups)}{remedy}");
            return;
        }

        if (byInitDim)
            context.ReportMisfit(Rules.Groups, "init_dim", ByDefault(0, OrInitDim()));
        if (!byInitDim && wrong[0] == 0)
            context.ReportMisfit(Rules.Groups, "dim", ByDefault(0, OrDim()));
        else if (wrong.Find(index => index > 0) is > 0 and var level)
            context.ReportItemMisfit(Rules.Groups, "channel_multipliers", level - 1, ByDefault(level, OrDim()));

        string ByDefault(int index, string remedy) =>
            $"{What(index)}: not divisible by groups {spec.Groups}, the preset's default; use groups {Text.OneOf(groups)}{remedy}";

        string What(int index) => index == 0
            ? $"the first convolution is {spec.InitDim} wide ({(keys.Has("init_dim") ? "init_dim" : "dim")} {spec.InitDim})"
            : $"level {index - 1} is {all[index]} wide (dim {spec.Dim} * {spec.ChannelMultipliers[index - 1]})";

        string OrDim() => NearestDim(spec) is { } dim ? $", or dim {dim}" : "";

        string OrInitDim()
        {
            var below = spec.InitDim / spec.Groups * spec.Groups;
            var nearest = new[] { below, below + spec.Groups }.Where(width => width is > 0 and <= SpecLimits.Width).ToList();
            return nearest.Count == 0 ? "" : $", or init_dim {Text.OneOf(nearest)}";
        }
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
        // Around the user's blocks stand the norms of attention and, in ddpm, adm and conditional, the one at the end.
        return [false, .. levels.Select(level => spec.IsPreActivation
            && (level == 0
                || spec.AttentionAt(level) is AttentionKind.Full or AttentionKind.Cross
                || (level == spec.Levels - 1 && spec.AttentionInTheMiddle != AttentionKind.None)))];
    }

    /// <summary>
    /// The next valid dims below and above the spec's with which no width is too large and the groups divide all of them, where any are
    /// normalised by groups, but a given init_dim; fewer where there are none as near as twice the groups.
    /// </summary>
    public static IReadOnlyList<int> DimsNear(UNetSpec spec)
    {
        var groups = NormalisedByGroups(spec).Contains(true) ? spec.Groups : 1;
        var most = SpecLimits.Width / Math.Max(1, spec.ChannelMultipliers.Max());
        var tries = Enumerable.Range(0, 2 * groups + 2).ToList();
        var below = tries.Select(step => Math.Min(spec.Dim - 1, most) - step);
        var above = spec.Dim < most ? tries.Select(step => Math.Max(spec.Dim + 1, SpecLimits.LeastDim) + step) : [];
        return new[] { below, above }.SelectMany(dims => dims.Where(dim => Fits(spec, dim, groups)).Take(1)).ToList();
    }

    /// <summary>The nearest valid dim whose every width but a given init_dim the groups divide, upwards where two are as near.</summary>
    private static int? NearestDim(UNetSpec spec)
    {
        for (var distance = 1; distance <= 2 * spec.Groups; distance++)
        {
            foreach (var dim in new[] { spec.Dim + distance, spec.Dim - distance })
            {
                if (Fits(spec, dim, spec.Groups))
                    return dim;
            }
        }

        return null;
    }

    private static bool Fits(UNetSpec spec, int dim, int groups) =>
        dim >= SpecLimits.LeastDim
        && dim % 2 == 0
        && (spec.GivenInitDim is not null || (spec with { Dim = dim }).InitDim % groups == 0)
        && spec.ChannelMultipliers.All(multiplier => (long)dim * multiplier <= SpecLimits.Width && dim * multiplier % groups == 0);
}
