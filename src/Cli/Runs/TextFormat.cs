using System.Drawing;
using System.Globalization;
using UNetGen.Data;

namespace UNetGen.Cli.Runs;

/// <summary>How a value is written as text: on the command line and in a run file alike.</summary>
/// <param name="Range">What it must be, to follow "must be".</param>
/// <param name="TryParse">The value, where the text is one.</param>
/// <param name="Write">The text, from which the same value is parsed.</param>
internal sealed record TextFormat<T>(string Range, TextFormat<T>.Parser TryParse, Func<T, string> Write)
{
    public delegate bool Parser(string text, out T value);

    /// <summary>Where it can be one of a few words only, these.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What float32 makes of a number that is refused for that, to follow its text; empty: nothing.</summary>
    public Func<string, string> Rounding { get; init; } = _ => "";
}

/// <summary>The formats there are.</summary>
internal static class TextFormat
{
    /// <summary>What stands for null.</summary>
    public const string None = "none";

    // Thirty years.
    private const double MostSeconds = 1e9;

    public static readonly TextFormat<string> Word = new(
        "a word", (string text, out string value) => (value = text).Length > 0, text => text);

    /// <summary>Where images are.</summary>
    public static readonly TextFormat<string> Images = PathOr(ImageSources.Shapes);

    /// <summary>Where weights are, or other pictures.</summary>
    public static readonly TextFormat<string> PathOrNone = PathOr(None);

    public static readonly TextFormat<bool> Flag =
        new("true or false", bool.TryParse, value => value ? "true" : "false") { Words = ["true", "false"] };

    public static readonly TextFormat<long> Integer = new(
        $"a whole number from {long.MinValue} to {long.MaxValue}",
        (string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value),
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>An opaque one.</summary>
    public static readonly TextFormat<Color> Colour = new(
        "black, white or a colour as #rrggbb",
        (string text, out Color value) =>
        {
            var digits =
                text.ToLowerInvariant() switch
                {
                    "black" => "000000",
                    "white" => "ffffff",
                    [
                    '#', .. { Length: 6 } given] => given,
                    _ => ""
                };
            var good = int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rgb);
            value = Color.FromArgb(byte.MaxValue, rgb >> 16, rgb >> 8 & byte.MaxValue, rgb & byte.MaxValue);
            return good;
        },
        value => (value.ToArgb() & 0xFFFFFF) switch { 0 => "black", 0xFFFFFF => "white", var rgb => $"#{rgb:x6}" })
    {
        Words = ["black", "white"],
    };

    /// <summary>A word, or a path, which is written so that it holds from every folder.</summary>
    private static TextFormat<string> PathOr(string word) => new(
        $"{word}, or a path",
        (string text, out string value) => (value = text).Length > 0 && !text.Contains('\0'),
        text => text == word ? text : Path.TrimEndingDirectorySeparator(Path.GetFullPath(text)));

    public static TextFormat<int> Whole(int min, int max = int.MaxValue) => new(
        $"a whole number from {min} to {max}",
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>With a point and without thousands.</summary>
    public static TextFormat<double> Real(string range, Predicate<double> holds) => new(
        range,
        (string text, out double value) => TryParseReal(text, out value) && holds(value),
        value => value.ToString("R", CultureInfo.InvariantCulture))
    {
        Rounding = RoundingOf,
    };

    /// <summary>A number that float32, in which all is computed, tells from 0 and from infinity.</summary>
    public static bool TryParseReal(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && (value == 0 || float.IsNormal((float)value));

    /// <summary>What float32 makes of a number, where its sense is lost by that, to follow the number; empty: nothing.</summary>
    public static string RoundingOf(string text)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
            return "";
        const string computed = "for float32, in which all is computed";
        return (Math.Abs(value), (float)Math.Abs(value)) switch
        {
            ( < 1, 1) => ", which float32, in which all is computed, rounds to 1",
            ( > 0, < 1) when !float.IsNormal((float)value) => $", which is too small {computed}",
            (_, float.PositiveInfinity) => $", which is too large {computed}",
            _ => "",
        };
    }

    /// <summary>A time as a number of a unit.</summary>
    public static TextFormat<TimeSpan> Time(string unit, TimeSpan one)
    {
        var most = Math.Floor(MostSeconds / one.TotalSeconds);
        return new(
            string.Create(CultureInfo.InvariantCulture, $"a positive number of {unit} up to {most}"),
            (string text, out TimeSpan value) =>
            {
                value = IsInRange(text, out var count) ? count * one : default;
                return value > TimeSpan.Zero;
            },
            value => (value / one).ToString("R", CultureInfo.InvariantCulture))
        {
            Rounding = text => IsInRange(text, out var count) && count * one == TimeSpan.Zero ? ", which is shorter than a clock tells" : "",
        };

        // A clock's time is no number that a network computes with: float32 has no part in it.
        bool IsInRange(string text, out double count) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out count) && count > 0 && count <= most;
    }

    public static TextFormat<T> Choice<T>() where T : struct, Enum => new(
        WordChoice.Listed([.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())]),
        (string text, out T value) => Enum.TryParse(text, ignoreCase: true, out value)
            && Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase),
        value => value.ToString().ToLowerInvariant())
    {
        Words = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())],
    };

    public static TextFormat<T?> OrNone<T>(this TextFormat<T> format) where T : struct => new(
        $"{format.Range}, or {None}",
        (string text, out T? value) =>
        {
            value = null;
            if (text == None)
                return true;
            var good = format.TryParse(text, out var given);
            value = given;
            return good;
        },
        value => value is { } given ? format.Write(given) : None)
    {
        Words = [.. format.Words, None],
        Rounding = format.Rounding,
    };

    /// <summary>One or several, with commas between.</summary>
    public static TextFormat<IReadOnlyList<T>> OneOrMore<T>(this TextFormat<T> format) => new(
        $"{format.Range}; or several, with commas between",
        (string text, out IReadOnlyList<T> values) =>
        {
            var list = new List<T>();
            values = list;
            foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
            {
                if (!format.TryParse(part, out var value))
                    return false;
                list.Add(value);
            }
            return true;
        },
        values => string.Join(", ", values.Select(format.Write)))
    {
        // Of a list the first that isn't taken is the one to be named.
        Rounding = text => text.Split(',', StringSplitOptions.TrimEntries).FirstOrDefault(part => !format.TryParse(part, out _)) is { } part
            ? format.Rounding(part)
            : "",
    };
}
