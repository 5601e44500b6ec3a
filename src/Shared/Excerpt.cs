using System.Globalization;

namespace UNetGen;

/// <summary>What a message quotes of a file's content: one line that can be read, whatever the file holds.</summary>
internal static class Excerpt
{
    private const int Most = 200;
    private const int Shown = 120;
    private const int MostItems = 10;

    /// <summary>
    /// The text as it is where it is short; else its beginning, and its length. What would move a terminal's cursor shows as a sign of
    /// its own.
    /// </summary>
    public static string Of(string text)
    {
        var length = text.Length <= Most ? text.Length : char.IsHighSurrogate(text[Shown - 1]) ? Shown - 1 : Shown;
        var start = string.Concat(text.Take(length).Select(Sign));
        return length == text.Length ? start : start + "... (" + text.Length.ToString("N0", CultureInfo.InvariantCulture) + " characters)";
    }

    /// <summary>Unicode's picture of a control character, a dot for those that have none, and else the character.</summary>
    private static char Sign(char c) => c switch
    {
        < ' ' => (char)('\u2400' + c),
        '\u007F' => '\u2421',
        '\u2028' or '\u2029' => '\u2424',
        _ => char.IsControl(c) ? '\u00B7' : c,
    };

    /// <summary>The first few of a list, each as <see cref="Of(string)"/> shows it, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> items)
    {
        var shown = string.Join(", ", items.Take(MostItems).Select(Of));
        return items.Count <= MostItems
            ? shown
            : shown + " and " + (items.Count - MostItems).ToString("N0", CultureInfo.InvariantCulture) + " more";
    }
}
