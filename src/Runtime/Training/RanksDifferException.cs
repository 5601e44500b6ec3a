using System.Globalization;
using UNetGen.Distributed;

namespace UNetGen.Training;

/// <summary>
/// Ranks that train as one must have the same network, options, images and weights, and have not. The message says what differs and names
/// the ranks.
/// </summary>
public sealed class RanksDifferException : UNetGenException
{
    private const int MostNamed = 8;

    private RanksDifferException(string message) : base(message)
    {
    }

    /// <summary>Compares what each rank says with what rank 0 does; all ranks throw, or none.</summary>
    /// <param name="ranks">All call it, with as many facts.</param>
    /// <param name="what">How the message begins.</param>
    /// <param name="mend">How it ends.</param>
    /// <param name="facts">What is to be the same, as a clause's subject; its value or a hash of it; and which of the two it is.</param>
    internal static void ThrowUnlessSame(
        ICollective ranks, string what, string mend, IReadOnlyList<(string What, long Value, bool IsNumber)> facts)
    {
        var said = ranks.Gather([.. facts.Select(fact => fact.Value)]);
        var differences = facts.Select((fact, column) => Difference(fact.What, fact.IsNumber, [.. said.Select(row => row[column])]))
            .OfType<string>().ToArray();
        if (differences.Length > 0)
            throw new RanksDifferException($"{what}: other than on rank 0 are {string.Join("; ", differences)}. {mend}");
    }

    private static string? Difference(string what, bool isNumber, long[] values)
    {
        int[] others = [.. Enumerable.Range(0, values.Length).Where(rank => values[rank] != values[0])];
        if (others.Length == 0)
            return null;
        var named = others.Take(MostNamed).Select(rank => isNumber ? Text($"{values[rank]:N0} on rank {rank}") : Text($"rank {rank}"));
        var list = string.Join(", ", named) + (
            others.Length > MostNamed ? Text($" and {Counted.Of(others.Length - MostNamed, "other")}") : "");
        return isNumber ? Text($"{what} ({values[0]:N0} on rank 0, {list})") : $"{what} ({list})";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
