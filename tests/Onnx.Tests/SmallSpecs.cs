using System.Globalization;
using System.Text.RegularExpressions;

namespace UNetGen.Onnx.Tests;

/// <summary>Random specs with smaller numbers, whose networks are made and run in little time.</summary>
internal static partial class SmallSpecs
{
    /// <summary>
    /// A spec of <see cref="Generator.Tests.Harness.SpecGen.Valid"/> with the same keys.
    /// </summary>
    public static string Of(string spec)
    {
        // Widths stay multiples of what groups and heads share.
        var width = 4 * (Groups().Match(spec) is { Success: true } groups ? Whole(groups.Groups[1].Value) : 1);
        var levels = Multipliers().Match(spec).Groups[1].Value.Split(',');
        var half = 1 << (levels.Length - 1);
        return string.Join('\n', spec.Split('\n').Select(line => line.Split(": ") switch
        {
            // Lists of blocks are short already.
            ["dim", _] => $"dim: {width}",
            ["channel_multipliers", var list] => $"channel_multipliers: {Each(list, 1, 2)}",
            ["image_size", var sizes] => $"image_size: {Each(sizes, half, 2)}",
            // A group of one channel and one pixel is normalised to its rounding times 1 / sqrt(eps).
            ["init_dim", var number] => $"init_dim: {2 * Whole(number)}",
            [("channels" or "  heads" or "blocks_per_level") and var key, var number] when number[0] != '[' => $"{key}: {Each(number, 1, 4)}",
            ["context_dim", var number] => $"context_dim: {Each(number, 1, 16)}",
            ["time_emb_dim", var number] => $"time_emb_dim: {Each(number, 1, 64)}",
            ["  head_dim", var number] => $"  head_dim: {Each(number, 1, 8)}",
            _ => line,
        }));
    }

    /// <summary>Numbers that are multiples of a unit, as multiples of it from 1 to the most.</summary>
    private static string Each(string numbers, int unit, int most) => Number().Replace(
        numbers, number => (((Whole(number.Value) / unit - 1) % most + 1) * unit).ToString(CultureInfo.InvariantCulture));

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^groups: (\d+)$", RegexOptions.Multiline)]
    private static partial Regex Groups();

    [GeneratedRegex(@"^channel_multipliers: \[(.*)\]$", RegexOptions.Multiline)]
    private static partial Regex Multipliers();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
