using System.Globalization;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>What only several keys together can violate. Each message has the arithmetic and the nearest values that would do.</summary>
internal static class SpecChecks
{
    // 2^12 is the largest image.
    private const int MaxLevels = 13;

    // As of the language: 64 x 64, whose scores are 67 MB a head and image.
    private const int ManyTokens = 4096;

    // What a process can address at all, 128 TiB; with it the operations of one attention fit into 64 bits.
    private const double MaxScoreBytes = 1L << 47;

    public static void Check(UNetSpec spec, SpecSource source, Problems problems)
    {
        CheckWidths(spec, source, problems);
        if (problems.AnyError)
            return; // what follows divides by these

        CheckHalving(spec, source, problems);
        FamilyChecks.CheckBlocksPerLevel(spec, source, problems);
        FamilyChecks.CheckLearnedVariance(spec, source, problems);
        var attends = CheckAttentionLevels(spec, source, problems);
        if (attends || spec.HasOwnResnetBlocks)
            CheckGroups(spec, source, problems);
        if (attends)
        {
            ResolutionChecks.WarnOfNoLevel(spec, source, problems);
            FamilyChecks.CheckHeads(spec, source, problems);
            CheckAttentionSizes(spec, source, problems);
            CheckEffect(spec, source, problems);
        }

        CheckSchedule(spec, source, problems);
    }

    private static void CheckWidths(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.Levels > MaxLevels)
        {
            problems.Report(Rules.Halving, source.Span("channel_multipliers"), $"{spec.Levels} levels; no image can be halved so often: use at most {MaxLevels}");
            return;
        }

        if (spec.Dim < 4 || spec.Dim % 2 != 0 || spec.Dim > Fields.MaxWidth)
        {
            var use = spec.Dim < 4 ? "4" : spec.Dim > Fields.MaxWidth ? $"{Fields.MaxWidth}" : $"{spec.Dim - 1} or {spec.Dim + 1}";
            problems.Report(Rules.Width, source.Span("dim"), $"dim {spec.Dim}: the base width must be even, from 4 to {Fields.MaxWidth}; use {use}");
            return;
        }

        for (var level = 0; level < spec.Levels; level++)
        {
            var multiplier = spec.ChannelMultipliers[level];
            var width = (long)spec.Dim * multiplier;
            if (multiplier < 1)
                problems.Report(Rules.Width, source.ItemSpan("channel_multipliers", level), $"level {level} would be {width} wide (dim {spec.Dim} * {multiplier}); a multiplier is at least 1");
            else if (width > Fields.MaxWidth)
                problems.Report(Rules.Width, source.ItemSpan("channel_multipliers", level), $"level {level} would be {width} wide (dim {spec.Dim} * {multiplier}); at most {Fields.MaxWidth}: use a multiplier of at most {Fields.MaxWidth / spec.Dim}");
        }
    }

    private static void CheckHalving(UNetSpec spec, SpecSource source, Problems problems)
    {
        var (height, width) = (spec.ImageSize.Height, spec.ImageSize.Width);
        CheckSide(height == width ? "" : "height ", 0, height);
        if (height != width)
            CheckSide("width ", 1, width);

        void CheckSide(string name, int index, int size)
        {
            var factor = spec.DownsampleFactor;
            if (size % factor == 0)
                return;
            var halvings = Enumerable.Range(0, spec.Levels).First(count => size % (2 << count) != 0);
            var steps = name + size + string.Concat(Enumerable.Repeat(" / 2", halvings)) + (halvings == 0 ? "" : $" = {size >> halvings}");
            var below = size / factor * factor;
            var sizes = below == 0 ? $"{factor}" : $"{below} or {below + factor}";
            problems.Report(Rules.Halving, source.ItemSpan("image_size", index),
                $"{steps} cannot halve {(halvings == 0 ? "even once" : "again")}: {Levels(spec.Levels)} need a multiple of {factor}; use {sizes}, or {Levels(halvings + 1)}");
        }
    }

    private static void CheckGroups(UNetSpec spec, SpecSource source, Problems problems)
    {
        // Concatenated widths are sums of these: what divides them divides the sums.
        var all = Enumerable.Range(0, spec.Levels).Select(spec.WidthAfter).Prepend(spec.InitDim).ToList();
        var normalised = NormalisedByGroups(spec);
        var wrong = Enumerable.Range(0, all.Count).Where(index => normalised[index] && all[index] % spec.Groups != 0).DefaultIfEmpty(-1).First();
        if (wrong < 0)
            return;

        var what = wrong == 0
            ? $"the first convolution is {spec.InitDim} wide ({(source.Has("init_dim") ? "init_dim" : "dim")} {spec.InitDim})"
            : $"level {wrong - 1} is {all[wrong]} wide (dim {spec.Dim} * {spec.ChannelMultipliers[wrong - 1]})";
        var widths = all.Where((_, index) => normalised[index]);
        var common = widths.Aggregate(GreatestCommonDivisor);
        var groups = NearestDivisors(common, spec.Groups);
        var dim = source.Has("init_dim") && spec.InitDim % spec.Groups != 0 ? null : NearestDim(spec);
        problems.Report(Rules.Groups, source.Has("groups") ? source.Span("groups") : wrong == 0 ? source.Span("init_dim", "dim") : source.ItemSpan("channel_multipliers", wrong - 1),
            $"{what}: not divisible by groups {spec.Groups}{(source.Has("groups") ? "" : ", the preset's default")}; use groups {Text.OneOf(groups)}{(dim is { } d ? $", or dim {d}" : "")}");
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

    /// <summary>Whether it is known which level attends.</summary>
    private static bool CheckAttentionLevels(UNetSpec spec, SpecSource source, Problems problems)
    {
        const string levelsKey = "attention.levels", resolutionsKey = "attention.resolutions";
        if (spec.Attention.GivenLevels is not null && spec.Attention.GivenResolutions is not null)
        {
            problems.Report(Rules.Attention, source.KeySpan(resolutionsKey), "levels and resolutions both say where attention stands; use one of them");
            return false;
        }

        if (spec.Attention.GivenLevels is { } given && given.Count != spec.Levels)
        {
            FamilyChecks.ReportLength(levelsKey, given.Count, spec, source, problems);
            return false;
        }

        if (spec.Attention.GivenResolutions is not { } resolutions)
            return FamilyChecks.CheckDefaultResolutions(spec, source, problems);
        if (spec.ImageSize.Height != spec.ImageSize.Width)
        {
            problems.Report(Rules.Attention, source.KeySpan(resolutionsKey), $"resolutions need a square image, this one is {spec.ImageSize}; use attention.levels");
            return false;
        }

        var sizes = Enumerable.Range(0, spec.Levels).Select(level => spec.SizeAt(level).Height).ToList();
        for (var i = 0; i < resolutions.Count; i++)
        {
            if (!sizes.Contains(resolutions[i]))
                problems.Report(Rules.Attention, source.ItemSpan(resolutionsKey, i), $"no level has size {resolutions[i]}; the levels are at {Text.AllOf(sizes)}");
        }

        return true;
    }

    private static void CheckAttentionSizes(UNetSpec spec, SpecSource source, Problems problems)
    {
        var attention = spec.Attention;
        var (heads, headDim) = (attention.GivenHeads ?? attention.DefaultHeads, attention.GivenHeadDim ?? AttentionSpec.DefaultHeadDim);
        var width = (long)heads * headDim;
        if (spec.AnyAttention && !spec.IsPreActivation && width > Fields.MaxWidth)
            problems.Report(Rules.Attention, source.Span("attention.heads", "attention.head_dim"),
                $"{heads} heads of {headDim} are {width} wide; at most {Fields.MaxWidth}: use fewer or narrower heads");

        for (var level = 0; level < spec.Levels; level++)
        {
            if (spec.AttentionAt(level) == AttentionKind.Full)
                CheckFull($"at level {level}", spec.SizeAt(level), attention.GivenResolutions is null ? "use linear attention there, or a smaller image" : "leave this size out, or use a smaller image", spec.HeadsAt(spec.WidthAfter(level)), PlaceOf(level));
        }

        if (spec.AttentionInTheMiddle == AttentionKind.Full)
            CheckFull("in the middle", spec.SizeAt(spec.Levels - 1), "use mid: none, more levels or a smaller image", spec.HeadsAt(spec.WidthAfter(spec.Levels - 1)), source.Span("attention.mid", "image_size"));

        SpecSpan PlaceOf(int level)
        {
            if (attention.GivenResolutions is { } resolutions)
                return source.ItemSpan("attention.resolutions", resolutions.ToList().IndexOf(spec.SizeAt(level).Height));
            return source.Has("attention.levels") ? source.ItemSpan("attention.levels", level) : source.Span("image_size");
        }

        void CheckFull(string where, ImageSize size, string remedy, int heads, SpecSpan place)
        {
            var tokens = (long)size.Height * size.Width;
            if (tokens <= ManyTokens)
                return;
            var perHead = 4.0 * tokens * (tokens + attention.MemoryTokens);
            var all = perHead * Math.Max(1, heads); // none where head_dim is wider than the place, which is an error already
            var impossible = all > MaxScoreBytes;
            problems.Report(impossible ? Rules.Attention : Rules.ManyTokens, place,
                $"full attention {where} is over {Text.Thousands(tokens)} tokens ({size}): its scores take {Text.Bytes(perHead)} per image and head{(heads == 1 ? "" : $", {Text.Bytes(all)} for all {heads} heads")} (float32){(impossible ? ", more than a process can address" : "")}; {remedy}");
        }
    }

    private static void CheckEffect(UNetSpec spec, SpecSource source, Problems problems)
    {
        foreach (var field in Fields.All)
        {
            if (source.HasOwn(field.Key) && field.WhyUseless(spec) is { } reason)
                problems.Report(Rules.NoEffect, source.KeySpan(field.Key), $"'{field.Key}' would have no effect: {reason}");
        }
    }

    private static void CheckSchedule(UNetSpec spec, SpecSource source, Problems problems)
    {
        const double lastBeta = 0.02;
        var last = lastBeta * 1000 / spec.Diffusion.Timesteps;
        if (spec.Diffusion is { Schedule: BetaSchedule.Linear, ScheduleScaling: true } && last >= 1)
        {
            problems.Report(Rules.Schedule, source.Span("diffusion.timesteps"),
                $"the last beta would be 0.02 * 1000 / {spec.Diffusion.Timesteps} = {last.ToString("0.###", CultureInfo.InvariantCulture)}, and must be below 1; use at least 21 timesteps, schedule_scaling: false or schedule: cosine");
        }
    }

    public static string Levels(int count) => count == 1 ? "one level" : $"{Text.Words(count)} levels";

    /// <summary>The divisors nearest to a value, by ratio.</summary>
    public static IEnumerable<int> NearestDivisors(int number, int value) => Enumerable.Range(1, number).Where(divisor => number % divisor == 0)
        .OrderBy(divisor => Math.Abs(Math.Log(divisor) - Math.Log(value))).ThenBy(divisor => divisor).Take(4).OrderBy(divisor => divisor);

    public static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}
