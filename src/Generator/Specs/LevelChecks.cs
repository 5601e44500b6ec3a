using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>
/// Whether the image can be halved for each level, each level's width is possible, and lists have one entry for each level.
/// </summary>
internal static class LevelChecks
{
    private const string Multipliers = "channel_multipliers";

    private const string BlocksPerLevel = "blocks_per_level";

    public static void Check(CheckContext context)
    {
        var levels = context.Spec.Levels;
        if (context.KnowsLength(Multipliers) && levels > SpecLimits.Levels)
            context.Report(Rules.Halving, Multipliers,
                $"{levels} levels; no image can be halved so often: use at most {SpecLimits.Levels}");
        CheckWidths(context);
        CheckHalving(context);
        CheckBlocks(context);
    }

    /// <summary>Whether a list has an entry for each level, or it isn't known.</summary>
    public static void CheckLength(CheckContext context, string key, int count)
    {
        if (context.KnowsLength(Multipliers) && count != context.Spec.Levels)
        {
            context.Report(Rules.OneALevel, key,
                $"{key} has {Text.Words(count)} {(count == 1 ? "entry" : "entries")}, "
                + $"but channel_multipliers has {Levels(context.Spec.Levels)}; give one entry per level");
        }
    }

    private static void CheckWidths(CheckContext context)
    {
        var spec = context.Spec;
        if (context.Knows("dim") && (spec.Dim < SpecLimits.LeastDim || spec.Dim % 2 != 0 || spec.Dim > SpecLimits.Width))
        {
            // What the other widths ask of dim counts as well, so that the next build doesn't ask for yet another.
            var near = context.Knows("preset", Multipliers, "groups", "norm", "init_dim") ? GroupChecks.DimsNear(spec) : [];
            var use = near.Count > 0 ? Text.OneOf(near)
                : spec.Dim < SpecLimits.LeastDim ? $"{SpecLimits.LeastDim}"
                : spec.Dim > SpecLimits.Width ? $"{SpecLimits.Width}" : $"{spec.Dim - 1} or {spec.Dim + 1}";
            context.Report(Rules.Width, "dim",
                $"dim {spec.Dim}: the base width must be even, from {SpecLimits.LeastDim} to {SpecLimits.Width}; use {use}");
        }

        for (var level = 0; level < spec.Levels; level++)
        {
            var multiplier = spec.ChannelMultipliers[level];
            var width = (long)spec.Dim * multiplier;
            if (!context.KnowsItem(Multipliers, level))
                continue;
            if (multiplier < 1)
                context.ReportItem(Rules.Width, Multipliers, level,
                    $"level {level} would be dim * {multiplier} wide; a multiplier is at least 1");
            else if (context.Knows("dim") && width > SpecLimits.Width)
                context.ReportItem(Rules.Width, Multipliers, level,
                    $"level {level} would be {width} wide (dim {spec.Dim} * {multiplier}); at most {SpecLimits.Width}: "
                    + $"use a multiplier of at most {SpecLimits.Width / spec.Dim}");
        }
    }

    private static void CheckHalving(CheckContext context)
    {
        var spec = context.Spec;
        if (!context.KnowsLength(Multipliers))
            return;
        var (height, width) = (spec.ImageSize.Height, spec.ImageSize.Width);
        CheckSide(height == width ? "" : "height ", 0, height);
        if (height != width)
            CheckSide("width ", 1, width);

        void CheckSide(string name, int index, int size)
        {
            var factor = spec.DownsampleFactor;
            if (!context.KnowsItem("image_size", index) || size % factor == 0)
                return;
            var halvings = Enumerable.Range(0, spec.Levels).First(count => size % (2 << count) != 0);
            var steps = name + size + string.Concat(Enumerable.Repeat(" / 2", halvings)) + (halvings == 0 ? "" : $" = {size >> halvings}");
            var below = size / factor * factor;
            var sizes = below == 0 ? $"{factor}" : $"{below} or {below + factor}";
            context.ReportItem(Rules.Halving, "image_size", index,
                $"{steps} cannot halve {(halvings == 0 ? "even once" : "again")}: {Levels(spec.Levels)} need a multiple of {factor}; "
                + $"use {sizes}, or {Levels(halvings + 1)}");
        }
    }

    private static void CheckBlocks(CheckContext context)
    {
        var spec = context.Spec;
        if (!context.Keys.Has(BlocksPerLevel) || !context.Knows("preset") || !context.KnowsLength(BlocksPerLevel))
            return;
        if (spec.GivenBlocksPerLevel.Count != 1)
            CheckLength(context, BlocksPerLevel, spec.GivenBlocksPerLevel.Count);
        if (context.Knows(BlocksPerLevel)
            && context.KnowsLength(Multipliers)
            && Enumerable.Range(0, spec.Levels).Sum(spec.BlocksAt) is var blocks
            && blocks > SpecLimits.Blocks)
            context.Report(Rules.OutOfRange, BlocksPerLevel,
                $"{blocks} residual blocks on the way down; at most {SpecLimits.Blocks} on all levels together");
    }

    private static string Levels(int count) => count == 1 ? "one level" : $"{Text.Words(count)} levels";
}
