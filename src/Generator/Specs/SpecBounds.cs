namespace UNetGen.Generator.Specs;

/// <summary>
/// A spec of which not all is known lies between two: of attention, and of the family's own blocks where the user's stand, <see cref="Least"/> has only what is certain, so
/// what is wrong with it is wrong; <see cref="Most"/> has all that may be, levels to resample between included, so what is of no effect in it is of none.
/// </summary>
internal sealed record SpecBounds(UNetSpec Least, UNetSpec Most)
{
    public static SpecBounds Of(SpecReading reading)
    {
        var (least, most) = (reading.Spec, reading.Spec);
        var (levels, knowsWhere) = (Math.Max(2, least.Levels), KnowsWhere(reading));
        if (!knowsWhere)
            least = least with { Attention = least.Attention with { GivenLevels = AtEach(AttentionKind.None), GivenResolutions = null } };
        if (!knowsWhere || reading.IsAnyItemWrong("attention.levels") || reading.IsAnyItemWrong("attention.resolutions"))
            most = most with { Attention = most.Attention with { Off = false, GivenLevels = AtEach(AttentionKind.Linear), GivenResolutions = null } };
        if (!reading.KnowsLength("channel_multipliers"))
            most = most with { ChannelMultipliers = new[] { 1, 1 }.ToEquatableArray() };
        if (!reading.Knows("blocks.resnet"))
            (least, most) = (least with { ResnetBlock = "" }, most with { ResnetBlock = null });
        if (!reading.Knows("attention.mid"))
            (least, most) = (least with { Attention = least.Attention with { Mid = AttentionKind.None } }, most with { Attention = most.Attention with { Off = false, Mid = AttentionKind.Full } });
        var mayResampleInBlocks = reading.Spec.Preset is null || reading.Spec.IsPreActivation;
        if (!reading.Knows("downsample"))
            (least, most) = (least with { Downsample = DownsampleKind.Conv }, mayResampleInBlocks ? most with { Downsample = DownsampleKind.Resblock } : most);
        if (!reading.Knows("upsample"))
            (least, most) = (least with { Upsample = UpsampleKind.NearestConv }, mayResampleInBlocks ? most with { Upsample = UpsampleKind.Resblock } : most);
        return new SpecBounds(least, most);

        EquatableArray<AttentionKind> AtEach(AttentionKind kind) => Enumerable.Repeat(kind, levels).ToEquatableArray();
    }

    /// <summary>Whether it is known which levels attend, but for items of the list that says so.</summary>
    private static bool KnowsWhere(SpecReading reading)
    {
        var attention = reading.Spec.Attention;
        if (!reading.AreCertain("attention.levels", "attention.resolutions"))
            return false;
        if (attention.Off)
            return true;
        if (!reading.KnowsLength("channel_multipliers") || (attention.GivenLevels is null && attention.GivenResolutions is null && reading.Spec.Preset is null))
            return false;
        return attention.GivenLevels is not null || (attention.GivenResolutions ?? attention.DefaultResolutions) is null || reading.Knows("image_size");
    }
}
