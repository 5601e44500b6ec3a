namespace UNetGen.Cli;

/// <summary>"Did you mean" of options, commands and keys, which are also shortened and lengthened.</summary>
internal static class NearName
{
    // More are no answer, but a list that --help has.
    private const int MostListed = 4;
    private const int LeastLetters = 3;

    /// <summary>
    /// The likeliest names as a sentence, to follow another; empty where none is likely. They are those that the word is a beginning of
    /// (<c>--batch</c> of <c>--batch-size</c>), of these the one that is nearly the word; else the nearest; else the one that the word
    /// begins with (<c>--output</c> with <c>--out</c>).
    /// </summary>
    public static string Suggestion(string word, IReadOnlyList<string> names)
    {
        var longer = names.Where(name => Letters(word) > 0 && name.StartsWith(word, StringComparison.OrdinalIgnoreCase)).ToArray();
        string[] likely = EditDistance.Nearest(word, longer) is { } nearest ? [nearest]
            : longer.Length is > 0 and <= MostListed ? longer
            : (EditDistance.Nearest(word, names) ?? Beginning(word, names)) is { } near ? [near]
            : [];
        return likely.Length == 0 ? "" : $" Did you mean {WordChoice.Listed([.. likely.Select(name => $"'{name}'")])}?";
    }

    private static string? Beginning(string word, IReadOnlyList<string> names) => names
        .Where(name => Letters(name) >= LeastLetters && word.StartsWith(name, StringComparison.OrdinalIgnoreCase))
        .MaxBy(name => name.Length);

    private static int Letters(string name) => name.Count(char.IsLetter);
}
