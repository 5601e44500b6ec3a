namespace UNetGen.Networks;

/// <summary>What a checkpoint's spec and a network's have otherwise, in an error's words.</summary>
internal static class SpecDifferences
{
    private const int Most = 40;

    /// <summary>
    /// The lines that only one of two specs has. Both list every key in the same order, so that a line stands for a setting.
    /// </summary>
    /// <param name="ofCheckpoint">The checkpoint's whole spec.</param>
    /// <param name="ofNetwork">The network's.</param>
    /// <returns>A sentence, after a space; empty where no line differs.</returns>
    public static string Of(string ofCheckpoint, string ofNetwork)
    {
        static string[] Lines(string text) => text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var (theirs, ours) = (Lines(ofCheckpoint), Lines(ofNetwork));
        var lines = theirs.Except(ours).Select(line => $"\n  checkpoint: {Excerpt.Of(line.Trim())}")
            .Concat(ours.Except(theirs).Select(line => $"\n  network:    {Excerpt.Of(line.Trim())}"))
            .ToArray();
        var more = lines.Length > Most ? $"\n  and {lines.Length - Most} more" : "";
        return lines.Length == 0 ? "" : " Their specs differ:" + string.Concat(lines.Take(Most)) + more;
    }

    /// <summary>As much of a spec's hash as tells it from others.</summary>
    public static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}
