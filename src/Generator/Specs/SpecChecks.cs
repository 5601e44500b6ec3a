using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>What only several keys together can violate. Each message has the arithmetic and the nearest values that would do.</summary>
internal static class SpecChecks
{
    public static void Check(UNetSpec spec, SpecSource source, Problems problems)
    {
        CheckWidths(spec, source, problems);
        if (problems.Any)
            return; // what follows divides by these

        CheckHalving(spec, source, problems);
        CheckGroups(spec, source, problems);
        CheckAttention(spec, source, problems);
        CheckEffect(spec, source, problems);
        CheckSchedule(spec, source, problems);
    }

    private static void CheckWidths(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.Dim < 4 || spec.Dim % 2 != 0 || spec.Dim > Fields.MaxWidth)
        {
            var use = spec.Dim < 4 ? "4" : spec.Dim > Fields.MaxWidth ? $"{Fields.MaxWidth}" : $"{spec.Dim - 1} or {spec.Dim + 1}";
            if (spec.Dim == 5)
                use = "4 or 6";
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
                problems.Report(Rules.Width, source.ItemSpan("channel_multipliers", level), $"level {level} would be {width} wide (dim {spec.Dim} * {multiplier}); at most {Fields.MaxWidth}: use at most {Fields.MaxWidth / spec.Dim}");
        }
    }

    private static void CheckHalving(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.Levels > 15)
        {
            problems.Report(Rules.Halving, source.Span("channel_multipliers"), $"{spec.Levels} levels; no image can be halved so often: use at most 15");
            return;
        }

        var size = spec.ImageSize;
        var (good, wrong, name) = Halvings(size.Height) <= Halvings(size.Width)
            ? (Halvings(size.Height), size.Height, size.Height == size.Width ? "" : "height ")
            : (Halvings(size.Width), size.Width, "width ");
        if (good >= spec.Levels - 1)
            return;

        var factor = spec.DownsampleFactor;
        var steps = name + wrong + string.Concat(Enumerable.Repeat(" / 2", good)) + (good == 0 ? "" : $" = {wrong >> good}");
        var below = wrong / factor * factor;
        var sizes = below == 0 ? $"{factor}" : $"{below} or {below + factor}";
        var levels = good == 0 ? "one level" : $"{Text.Words(good + 1)} levels";
        problems.Report(Rules.Halving, source.Span("image_size"),
            $"{steps} cannot halve {(good == 0 ? "even once" : "again")}: {Text.Words(spec.Levels)} levels need a multiple of {factor}; use {sizes}, or {levels}");

        static int Halvings(int size)
        {
            var count = 0;
            for (; size % 2 == 0 && size > 0; size /= 2)
                count++;
            return count;
        }
    }

    private static void CheckGroups(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.Norm != Norm.Group)
            return;
        var widths = Enumerable.Range(0, spec.Levels).Select(spec.WidthAfter).Prepend(spec.InitDim).ToList();
        var wrong = widths.FindIndex(width => width % spec.Groups != 0);
        if (wrong < 0)
            return;

        var what = wrong == 0
            ? $"the first convolution is {spec.InitDim} wide ({(source.Has("init_dim") ? "init_dim" : "dim")} {spec.InitDim})"
            : $"level {wrong - 1} is {widths[wrong]} wide (dim {spec.Dim} * {spec.ChannelMultipliers[wrong - 1]})";
        var common = widths.Aggregate(GreatestCommonDivisor);
        var groups = Enumerable.Range(1, common).Where(g => common % g == 0)
            .OrderBy(g => Math.Abs(Math.Log(g) - Math.Log(spec.Groups))).ThenBy(g => g).Take(4).OrderBy(g => g);
        var dim = source.Has("init_dim") && spec.InitDim % spec.Groups != 0 ? null : NearestDim(spec);
        problems.Report(Rules.Groups, source.Has("groups") ? source.Span("groups") : wrong == 0 ? source.Span("init_dim", "dim") : source.ItemSpan("channel_multipliers", wrong - 1),
            $"{what}: not divisible by groups {spec.Groups}; use groups {Text.OneOf(groups)}{(dim is { } d ? $", or dim {d}" : "")}");
    }

    /// <summary>The nearest valid dim whose every width the groups divide, upwards where two are as near.</summary>
    private static int? NearestDim(UNetSpec spec)
    {
        for (var distance = 1; distance <= 2 * spec.Groups; distance++)
        {
            foreach (var dim in new[] { spec.Dim + distance, spec.Dim - distance })
            {
                var first = spec.GivenInitDim ?? dim;
                if (dim >= 4 && dim % 2 == 0 && first % spec.Groups == 0 && spec.ChannelMultipliers.All(multiplier => dim * multiplier % spec.Groups == 0))
                    return dim;
            }
        }

        return null;
    }

    private static void CheckAttention(UNetSpec spec, SpecSource source, Problems problems)
    {
        const string levelsKey = "attention.levels", resolutionsKey = "attention.resolutions";
        if (spec.Attention.GivenLevels is { } levels && spec.Attention.GivenResolutions is not null)
        {
            problems.Report(Rules.Attention, source.KeySpan(resolutionsKey), "levels and resolutions both say where attention stands; use one of them");
        }
        else if (spec.Attention.GivenLevels is { } given && given.Count != spec.Levels)
        {
            problems.Report(Rules.Attention, source.Span(levelsKey),
                $"{Text.Words(given.Count)} {(given.Count == 1 ? "entry" : "entries")} for {Text.Words(spec.Levels)} {(spec.Levels == 1 ? "level" : "levels")} (channel_multipliers); one entry a level");
        }
        else if (spec.Attention.GivenResolutions is { } resolutions)
        {
            if (spec.ImageSize.Height != spec.ImageSize.Width)
            {
                problems.Report(Rules.Attention, source.KeySpan(resolutionsKey), $"resolutions need a square image, this one is {spec.ImageSize}; use attention.levels");
                return;
            }

            var sizes = Enumerable.Range(0, spec.Levels).Select(level => spec.SizeAt(level).Height).ToList();
            for (var i = 0; i < resolutions.Count; i++)
            {
                if (!sizes.Contains(resolutions[i]))
                    problems.Report(Rules.Attention, source.ItemSpan(resolutionsKey, i), $"no level has size {resolutions[i]}; the levels are at {Text.OneOf(sizes).Replace(" or ", " and ")}");
            }
        }
    }

    private static void CheckEffect(UNetSpec spec, SpecSource source, Problems problems)
    {
        if (spec.Norm == Norm.Rms)
            Useless("groups", "norm: rms has no groups; leave it out, or say norm: group");
        if (!Fields.UsesNormEps(spec))
            Useless("norm_eps", "there is no GroupNorm here; leave it out, or say norm: group");
        foreach (var key in new[] { "theta", "order", "freq_shift" })
        {
            if (!Fields.IsSinusoidal(spec))
                Useless("time_embedding." + key, "only type: sinusoidal has it; leave it out");
        }

        if (spec.Diffusion.Schedule != BetaSchedule.Linear)
            Useless("diffusion.schedule_scaling", "only schedule: linear is scaled; leave it out");
        if (spec.Diffusion.LossWeight != LossWeight.MinSnr)
            Useless("diffusion.min_snr_gamma", "it belongs to loss_weight: min_snr; leave it out, or say so");

        void Useless(string key, string reason)
        {
            if (source.Has(key))
                problems.Report(Rules.NoEffect, source.KeySpan(key), $"'{key}' would have no effect: {reason}");
        }
    }

    private static void CheckSchedule(UNetSpec spec, SpecSource source, Problems problems)
    {
        const double lastBeta = 0.02;
        var last = lastBeta * 1000 / spec.Diffusion.Timesteps;
        if (spec.Diffusion is { Schedule: BetaSchedule.Linear, ScheduleScaling: true } && last >= 1)
        {
            problems.Report(Rules.Schedule, source.Span("diffusion.timesteps"),
                $"the last beta would be 0.02 * 1000 / {spec.Diffusion.Timesteps} = {last.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture)}, and must be below 1; use at least 21 timesteps, schedule_scaling: false or schedule: cosine");
        }
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}
