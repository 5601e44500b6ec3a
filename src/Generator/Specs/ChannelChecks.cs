using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether the channels that go in are those of the image and of its condition.</summary>
internal static class ChannelChecks
{
    private const string Channels = "channels", Condition = "condition_channels", Out = "out_channels";

    public static void Check(CheckContext context)
    {
        if (!context.Keys.Has(Out) || !context.AreCertain(Out))
            return;
        if (context.Keys.Has(Condition) && context.AreCertain(Condition))
        {
            // At an inherited one, which says so, where one of them is.
            context.ReportKey(Rules.Channels, context.Keys.HasOwn(Out) ? Condition : Out,
                "condition_channels and out_channels both say how many channels are a condition; use one of them");
            return;
        }

        if (context.Knows(Channels) && context.Spec.ConditionChannels < 0)
        {
            var (read, given) = (context.Spec.Channels, context.Spec.Channels + context.Spec.ConditionChannels);
            context.ReportMisfit(Rules.Channels, Out,
                $"{read} channels can't come out where {given} go in, since those that come out are the image's (a variance that is learnt "
                + $"isn't counted); use out_channels {given} or less, or more channels");
        }
    }
}
