using System.Globalization;

namespace UNetGen.Distributed;

/// <summary>
/// Ranks that train, draw or measure as one must have the same network, options, images and weights, and have not. The message says what
/// differs and names the ranks.
/// </summary>
public sealed class RanksDifferException : UNetGenException
{
    private const int MostNamed = 8;

    private RanksDifferException(string message) : base(message)
    {
    }

    /// <summary>Compares what each rank says with what rank 0 does; all ranks throw, or none.</summary>
    /// <param name="ranks">All call it, with the same facts in the same order.</param>
    /// <param name="what">How the message begins.</param>
    /// <param name="mend">How it ends.</param>
    /// <param name="facts">What is to be the same.</param>
    internal static void ThrowUnlessSame(ICollective ranks, string what, string mend, IReadOnlyList<RankFact> facts)
    {
        if (ranks.Size == 1)
            return;
        var said = ranks.Gather([.. facts.Select(fact => fact.Value)]);
        var differences = facts.Select((fact, column) => Difference(fact, [.. said.Select(row => row[column])])).OfType<string>().ToArray();
        if (differences.Length > 0)
            throw new RanksDifferException($"{what}: other than on rank 0 are {string.Join("; ", differences)}. {mend}");
    }

    /// <summary>Ranks in a sentence, of many the first.</summary>
    /// <param name="ranks">Their numbers.</param>
    /// <param name="name">What each is called; null: <c>rank 3</c>.</param>
    internal static string Named(IReadOnlyList<int> ranks, Func<int, string>? name = null) =>
        string.Join(", ", ranks.Take(MostNamed).Select(name ?? (rank => Text($"rank {rank}"))))
            + (ranks.Count > MostNamed ? $" and {Counted.Of(ranks.Count - MostNamed, "other")}" : "");

    private static string? Difference(RankFact fact, long[] values)
    {
        int[] others = [.. Enumerable.Range(0, values.Length).Where(rank => values[rank] != values[0])];
        if (others.Length == 0)
            return null;
        return fact.IsNumber
            ? Text($"{fact.What} ({values[0]:N0} on rank 0, {Named(others, rank => Text($"{values[rank]:N0} on rank {rank}"))})")
            : $"{fact.What} ({Named(others)})";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
