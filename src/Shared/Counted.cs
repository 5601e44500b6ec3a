using System.Globalization;

namespace UNetGen;

/// <summary>Numbers of things in messages: one class, but two classes. Compiled into all projects.</summary>
internal static class Counted
{
    /// <summary>The number, with commas between thousands, and the word that goes with it.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The word for one.</param>
    /// <param name="many">The word for none and for several, where it isn't the same with an s.</param>
    public static string Of(long count, string one, string? many = null) =>
        count == 1 ? $"1 {one}" : $"{count.ToString("N0", CultureInfo.InvariantCulture)} {many ?? one + "s"}";
}
