using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

/// <summary>
/// The two specs between which a spec lies that isn't wholly known. <see cref="Least"/> has only the attention, and only the blocks of the
/// family's own, that are certain: what is wrong with it is wrong in any case. <see cref="Most"/> has all that there may be, also levels to
/// resample between: what has no effect in it has none in any case.
/// </summary>
internal sealed record SpecBounds(UNetSpec Least, UNetSpec Most)
{
    public static SpecBounds Of(CheckContext context)
    {
        var (least, most) = (context.Spec, context.Spec);
        var (levels, knowsWhere) = (Math.Max(2, least.Levels), KnowsWhere(context));
        var isConditional = least.Preset == Preset.Conditional;
        if (!knowsWhere)
            least = least with { Attention = least.Attention with { GivenLevels = AtEach(AttentionKind.None), GivenResolutions = null } };
        if (!knowsWhere || context.IsAnyItemWrong("attention.levels") || context.IsAnyItemWrong("attention.resolutions"))
        {
            var everywhere = AtEach(isConditional ? AttentionKind.Cross : AttentionKind.Linear);
            most = most with { Attention = most.Attention with { Off = false, GivenLevels = everywhere, GivenResolutions = null } };
        }

        if (!context.KnowsLength("channel_multipliers"))
            most = most with { ChannelMultipliers = new[] { 1, 1 }.ToEquatableArray() };
        if (!context.Knows("blocks.resnet"))
            (least, most) = (least with { ResnetBlock = "" }, most with { ResnetBlock = null });
        if (!context.Knows("attention.mid"))
        {
            least = least with { Attention = least.Attention with { Mid = AttentionKind.None } };
            var attends = isConditional ? AttentionKind.Cross : AttentionKind.Full;
            most = most with { Attention = most.Attention with { Off = false, Mid = attends } };
        }

        var mayResampleInBlocks = context.Spec.Preset is null || context.Spec.IsPreActivation;
        if (!context.Knows("downsample"))
        {
            least = least with { Downsample = DownsampleKind.Conv };
            most = mayResampleInBlocks ? most with { Downsample = DownsampleKind.Resblock } : most;
        }

        if (!context.Knows("upsample"))
        {
            least = least with { Upsample = UpsampleKind.NearestConv };
            most = mayResampleInBlocks ? most with { Upsample = UpsampleKind.Resblock } : most;
        }

        return new SpecBounds(least, most);

        EquatableArray<AttentionKind> AtEach(AttentionKind kind) => Enumerable.Repeat(kind, levels).ToEquatableArray();
    }

    /// <summary>Whether it is known which levels attend, but for items of the list that says so.</summary>
    private static bool KnowsWhere(CheckContext context)
    {
        var attention = context.Spec.Attention;
        if (!context.AreCertain("attention.levels", "attention.resolutions"))
            return false;
        if (attention.Off)
            return true;
        if (!context.KnowsLength("channel_multipliers")
            || (attention.GivenLevels is null && attention.GivenResolutions is null && context.Spec.Preset is null))
            return false;
        return attention.GivenLevels is not null
            || (attention.GivenResolutions ?? attention.DefaultResolutions) is null
            || context.Knows("image_size");
    }
}
