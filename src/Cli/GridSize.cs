using UNetGen.Networks;
using UNetGen.Pictures;

namespace UNetGen.Cli;

/// <summary>Whether pictures fit into one grid, to be known before they are drawn.</summary>
internal static class GridSize
{
    /// <param name="info">Whose pictures.</param>
    /// <param name="count">How many, of --count.</param>
    /// <param name="advice">What to do for more, a sentence.</param>
    /// <exception cref="UNetGenException">They don't fit.</exception>
    public static void Require(NetworkInfo info, int count, string advice)
    {
        var most = ImageGrid.MostImages(info.Channels, info.ImageHeight, info.ImageWidth);
        if (count > most)
            throw new UNetGenException(FormattableString.Invariant(
                $"--count {count} is too many for a grid: one picture file holds at most {most:N0} pictures of {info.Name}, which are ")
                + FormattableString.Invariant($"{info.ImageWidth} x {info.ImageHeight}. {advice}"));
    }
}
