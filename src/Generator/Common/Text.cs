using System.Globalization;
using System.Text;

namespace UNetGen.Generator.Common;

/// <summary>Words for messages.</summary>
internal static class Text
{
    /// <summary><c>image_size[0]</c>.</summary>
    public static string Item(string key, int index) => $"{key}[{index.ToString(CultureInfo.InvariantCulture)}]";

    /// <summary>Whether a key is that of an item of this list.</summary>
    public static bool IsItemOf(string key, string list) =>
        key.Length > list.Length && key[list.Length] == '[' && key.StartsWith(list, StringComparison.Ordinal);

    /// <summary>The list of an item, or the key itself where it is none.</summary>
    public static string ListOf(string key) => key.Split('[')[0];

    /// <summary><c>my-small_unet</c> to <c>MySmallUnet</c>: letters and digits stay, what follows anything else is capital.</summary>
    public static string PascalCase(string text)
    {
        var result = new StringBuilder();
        var capital = true;
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
            {
                result.Append(capital ? char.ToUpperInvariant(c) : c);
                capital = false;
            }
            else
            {
                capital = true;
            }
        }

        return result.ToString();
    }

    /// <summary><c>a</c>, <c>a or b</c>, <c>a, b or c</c>.</summary>
    public static string OneOf<T>(IEnumerable<T> items) => List(items, "or");

    /// <summary><c>a</c>, <c>a and b</c>, <c>a, b and c</c>.</summary>
    public static string AllOf<T>(IEnumerable<T> items) => List(items, "and");

    private static string List<T>(IEnumerable<T> items, string word)
    {
        var words = items.Select(item => $"{item}").ToList();
        return words.Count < 2 ? string.Concat(words) : $"{string.Join(", ", words.Take(words.Count - 1))} {word} {words[words.Count - 1]}";
    }

    /// <summary><c>1,234,567</c>.</summary>
    public static string Thousands(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Two digits or more, in units of a thousand: <c>67 MB</c>, <c>1.1 GB</c>.</summary>
    public static string Bytes(double bytes)
    {
        var units = new[] { "bytes", "kB", "MB", "GB", "TB" };
        var unit = 0;
        for (; bytes >= 999.5 && unit < units.Length - 1; unit++)
            bytes /= 1000;
        return $"{bytes.ToString(bytes < 9.95 && unit > 0 ? "0.0" : "#,0", CultureInfo.InvariantCulture)} {units[unit]}";
    }

    /// <summary>What a user wrote, fit for a message: on one line, and not longer than one reads.</summary>
    public static string Shown(string text)
    {
        const int most = 60;
        var shown = new StringBuilder();
        foreach (var c in text.Length > most ? text.Substring(0, char.IsHighSurrogate(text[most - 1]) ? most - 1 : most) : text)
            shown.Append(char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' ? $"\\u{(int)c:X4}" : $"{c}");
        return shown.Append(text.Length > most ? "..." : "").ToString();
    }

    /// <summary>Small numbers in words.</summary>
    public static string Words(int value) => value is >= 0 and <= 12
        ? new[] { "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve" }[value]
        : $"{value}";

    /// <summary>The likeliest word for a misspelt one, or null where none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates) => EditDistance.Nearest(word.Replace('-', '_'), candidates);
}
