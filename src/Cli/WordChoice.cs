namespace UNetGen.Cli;

/// <summary>"Did you mean" where a few words are all that there can be.</summary>
internal static class WordChoice
{
    private const int LongestWord = 64;

    /// <summary>As they are said: <c>a, b or c</c>.</summary>
    public static string Listed(IReadOnlyList<string> words) =>
        words.Count < 2 ? string.Concat(words) : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";

    /// <summary>
    /// The likeliest word as a sentence, to follow another; empty where none is likely. Among so few, one is likely though it is further
    /// off than a misspelt name: the only one that is abbreviated (<c>bf16</c>), or the nearest with the same first letter and at most half
    /// of its letters wrong (<c>dimm</c> for <c>ddim</c>, but not <c>none</c> for <c>cosine</c>).
    /// </summary>
    public static string Suggestion(string word, IReadOnlyList<string> words)
    {
        if (word.Length > LongestWord)
            return "";
        var plain = word.ToLowerInvariant();
        var likely = EditDistance.Nearest(word, words)
            ?? (words.Where(known => Abbreviates(plain, known)).ToArray() is [var only] ? only : null)
            ?? words.Where(known => known.FirstOrDefault() == plain.FirstOrDefault())
                .Where(known => EditDistance.Between(plain, known) <= known.Length / 2)
                .OrderBy(known => EditDistance.Between(plain, known)).ThenBy(known => known.Except(plain).Count()).FirstOrDefault();
        return likely is null ? "" : $" Did you mean '{likely}'?";
    }

    /// <summary>Whether some of a word's letters were left out, but not the first.</summary>
    private static bool Abbreviates(string word, string known)
    {
        if (word.Length < 2 || word[0] != known[0])
            return false;
        var at = 0;
        foreach (var letter in known)
        {
            if (at < word.Length && letter == word[at])
                at++;
        }
        return at == word.Length;
    }
}
