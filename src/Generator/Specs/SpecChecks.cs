using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>
/// What only several keys together can violate. Each message has the arithmetic and the nearest values that would do. Each check asks for
/// what it needs (<see cref="CheckContext.Knows"/>), so those that find fault with a value stand before those that build on it.
/// </summary>
internal static class SpecChecks
{
    public static void Check(CheckContext context)
    {
        ChannelChecks.Check(context);
        LevelChecks.Check(context);
        AttentionChecks.CheckWhere(context);
        var bounds = SpecBounds.Of(context);
        GroupChecks.Check(context, bounds);
        AttentionChecks.CheckHeads(context, bounds.Least);
        AttentionChecks.CheckSizes(context, bounds.Least);
        TransformerChecks.Check(context, bounds);
        DiffusionChecks.Check(context);
        CheckEffect(context, bounds.Most);
    }

    private static void CheckEffect(CheckContext context, UNetSpec most)
    {
        Func<string, bool> knows = context.KnowsLength;
        foreach (var field in Fields.All)
        {
            if (context.Keys.HasOwn(field.Key) && !context.Keys.IsUncertain(field.Key) && field.WhyUseless(most, knows) is { } reason)
                context.ReportKey(Rules.NoEffect, field.Key, $"'{field.Key}' would have no effect: {reason}");
        }
    }
}
