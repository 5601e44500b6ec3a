using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

/// <summary>
/// A spec of which not all is known lies between two: of attention, and of the family's own blocks where the user's stand, <see cref="Least"/> has only what is certain, so
/// what is wrong with it is wrong; <see cref="Most"/> has all that may be, levels to resample between included, so what is of no effect in it is of none.
/// </summary>
internal sealed record SpecBounds(UNetSpec Least, UNetSpec Most)
{
    public static SpecBounds Of(CheckContext context)
    {
        var (least, most) = (context.Spec, context.Spec);
        var (levels, knowsWhere) = (Math.Max(2, least.Levels), KnowsWhere(context));
        if (!knowsWhere)
            least = least with { Attention = least.Attention with { GivenLevels = AtEach(AttentionKind.None), GivenResolutions = null } };
        if (!knowsWhere || context.IsAnyItemWrong("attention.levels") || context.IsAnyItemWrong("attention.resolutions"))
            most = most with { Attention = most.Attention with { Off = false, GivenLevels = AtEach(AttentionKind.Linear), GivenResolutions = null } };
        if (!context.KnowsLength("channel_multipliers"))
            most = most with { ChannelMultipliers = new[] { 1, 1 }.ToEquatableArray() };
        if (!context.Knows("blocks.resnet"))
            (least, most) = (least with { ResnetBlock = "" }, most with { ResnetBlock = null });
        if (!context.Knows("attention.mid"))
            (least, most) = (least with { Attention = least.Attention with { Mid = AttentionKind.None } }, most with { Attention = most.Attention with { Off = false, Mid = AttentionKind.Full } });
        var mayResampleInBlocks = context.Spec.Preset is null || context.Spec.IsPreActivation;
        if (!context.Knows("downsample"))
            (least, most) = (least with { Downsample = DownsampleKind.Conv }, mayResampleInBlocks ? most with { Downsample = DownsampleKind.Resblock } : most);
        if (!context.Knows("upsample"))
            (least, most) = (least with { Upsample = UpsampleKind.NearestConv }, mayResampleInBlocks ? most with { Upsample = UpsampleKind.Resblock } : most);
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
        if (!context.KnowsLength("channel_multipliers") || (attention.GivenLevels is null && attention.GivenResolutions is null && context.Spec.Preset is null))
            return false;
        return attention.GivenLevels is not null || (attention.GivenResolutions ?? attention.DefaultResolutions) is null || context.Knows("image_size");
    }
}
