using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether transformers have layers for each level, and not too many.</summary>
internal static class TransformerChecks
{
    private const string Layers = "attention.layers";

    /// <param name="least">The spec with only that attention which is certain.</param>
    public static void Check(CheckContext context, UNetSpec least)
    {
        var given = least.Attention.GivenLayers;
        if (least.Preset != Preset.Conditional || !context.Keys.Has(Layers) || !context.KnowsLength(Layers))
            return;
        if (given.Count != 1)
            LevelChecks.CheckLength(context, Layers, given.Count);
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
}
