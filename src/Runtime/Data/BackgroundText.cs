using System.Drawing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace UNetGen.Data;

/// <summary>What lies behind transparent pixels, as files say it: <c>#rrggbb</c>.</summary>
internal static partial class BackgroundText
{
    /// <summary>A colour as a text.</summary>
    public static string Of(Color colour) => $"#{colour.ToArgb() & 0xFFFFFF:x6}";

    /// <summary>A text's colour; null: it is none.</summary>
    public static Color? Read(string text) => Colour().IsMatch(text)
        ? Color.FromArgb(255, Color.FromArgb(int.Parse(text.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
        : null;

    [GeneratedRegex(@"\A#[0-9a-f]{6}\z")]
    private static partial Regex Colour();
}
