using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>
/// What only several keys together can violate. Each message has the arithmetic and the nearest values that would do. Each check asks for what it needs
/// (<see cref="SpecReading.Knows"/>), so those that find fault with a value stand before those that build on it.
/// </summary>
internal static class SpecChecks
{
    public static void Check(SpecReading reading)
    {
        LevelChecks.Check(reading);
        AttentionChecks.CheckWhere(reading);
        var bounds = SpecBounds.Of(reading);
        GroupChecks.Check(reading, bounds);
        AttentionChecks.CheckHeads(reading, bounds.Least);
        AttentionChecks.CheckSizes(reading, bounds.Least);
        DiffusionChecks.Check(reading);
        CheckEffect(reading, bounds.Most);
    }

    private static void CheckEffect(SpecReading reading, UNetSpec most)
    {
        Func<string, bool> knows = reading.KnowsLength;
        foreach (var field in Fields.All)
        {
            if (reading.Source.HasOwn(field.Key) && !reading.Source.IsUncertain(field.Key) && field.WhyUseless(most, knows) is { } reason)
                reading.ReportKey(Rules.NoEffect, field.Key, $"'{field.Key}' would have no effect: {reason}");
        }
    }
}
