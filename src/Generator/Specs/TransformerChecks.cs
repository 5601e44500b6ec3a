using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether transformers have layers for each level, not too many, and none where there is no transformer.</summary>
internal static class TransformerChecks
{
    private const string Layers = "attention.layers";

    /// <param name="bounds">The spec with only that attention which is certain, and with all that may be.</param>
    public static void Check(CheckContext context, SpecBounds bounds)
    {
        var least = bounds.Least;
        var given = least.Attention.GivenLayers;
        if (least.Preset != Preset.Conditional || !context.Keys.Has(Layers) || !context.KnowsLength(Layers))
            return;
        if (given.Count != 1)
            LevelChecks.CheckLength(context, Layers, given.Count);
        CheckEffect(context, bounds.Most);
        if (!context.Knows(Layers, "blocks_per_level", "channel_multipliers")
            || (given.Count != 1 && given.Count != least.Levels)
            || (least.GivenBlocksPerLevel.Count != 1 && least.GivenBlocksPerLevel.Count != least.Levels))
            return;
        var all = Enumerable.Range(0, least.Levels)
            .Where(level => least.AttentionAt(level) == AttentionKind.Cross)
            .Sum(level => (2L * least.BlocksAt(level) + 1) * least.TransformerLayersAt(level));
        if (least.AttentionInTheMiddle == AttentionKind.Cross && least.Levels > 0)
            all += least.TransformerLayersAt(least.Levels - 1);
        if (all > SpecLimits.AllTransformerLayers)
            context.Report(Rules.OutOfRange, Layers,
                $"the transformers have {all} layers together; at most {SpecLimits.AllTransformerLayers}: use fewer");
    }

    /// <summary>A list has an entry for each level, which is 1 where nothing else would say anything.</summary>
    private static void CheckEffect(CheckContext context, UNetSpec most)
    {
        var given = most.Attention.GivenLayers;
        if (!context.Keys.HasOwn(Layers)
            || !context.KnowsLength("channel_multipliers")
            || given.Count != most.Levels
            || !most.AnyCrossAttention)
            return;
        for (var level = 0; level < most.Levels; level++)
        {
            if (given[level] != most.TransformerLayersAt(level) && context.KnowsItem(Layers, level))
                context.ReportItemMisfit(Rules.NoEffect, Layers, level,
                    $"layers {given[level]} at level {level} would have no effect: there is no transformer; say 1");
        }
    }
}
