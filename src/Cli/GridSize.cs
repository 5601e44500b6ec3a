using UNetGen.Networks;
using UNetGen.Pictures;

namespace UNetGen.Cli;

/// <summary>Whether pictures fit into one grid, to be known before they are drawn.</summary>
internal static class GridSize
{
    /// <param name="info">Whose pictures.</param>
    /// <param name="count">How many there are in it.</param>
    /// <param name="advice">What to do for more, a sentence.</param>
    /// <param name="columns">So many are in a row; 0 makes a square.</param>
    /// <param name="what">What is too many, with its verb; null: --count.</param>
    /// <exception cref="UNetGenException">They don't fit.</exception>
    public static void Require(NetworkInfo info, long count, string advice, int columns = 0, string? what = null)
    {
        var most = ImageGrid.MostImages(info.Channels, info.ImageHeight, info.ImageWidth, columns);
        if (count > most)
            throw new UNetGenException(FormattableString.Invariant(
                $"{what ?? $"--count {count} is"} too many for a grid: one picture file holds at most {most:N0} pictures of ")
                + FormattableString.Invariant($"{info.Name}, which are ")
                + FormattableString.Invariant($"{info.ImageWidth} x {info.ImageHeight}. {advice}"));
    }
}
