namespace UNetGen.Data;

/// <summary>Things that are numbered through several files, the first file's first.</summary>
internal static class Firsts
{
    /// <summary>The number of each file's first thing, and behind them how many there are.</summary>
    /// <param name="counts">How many each file has; together fewer than 2^31.</param>
    public static int[] Of(IReadOnlyList<int> counts)
    {
        var firsts = new int[counts.Count + 1];
        for (var file = 0; file < counts.Count; file++)
            firsts[file + 1] = checked(firsts[file] + counts[file]);
        return firsts;
    }

    /// <summary>The file that a thing is of.</summary>
    public static int Find(int[] firsts, int number)
    {
        var found = Array.BinarySearch(firsts, number);
        var file = found >= 0 ? found : ~found - 1;
        // Of files without any the next one's first is the same.
        while (firsts[file + 1] == firsts[file])
            file++;
        return file;
    }
}
