using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// Where the outer pixels of a tile, one on each side, are read from, and what is left of them: inside the image all, outside nothing,
/// which is read from their neighbours instead.
/// </summary>
/// <param name="points">Pixels on a side, these among them.</param>
/// <param name="pixel">Floats from a pixel to the next.</param>
/// <param name="line">Floats from a row of pixels to the next.</param>
/// <param name="top">Whether the first row lies outside.</param>
/// <param name="bottom">Whether the last row lies outside.</param>
/// <param name="left">Whether the first column lies outside.</param>
/// <param name="right">Whether the last column lies outside.</param>
internal readonly struct TileEdges<V>(int points, nint pixel, nint line, bool top, bool bottom, bool left, bool right)
    where V : unmanaged, IFloats<V>
{
    /// <summary>From the tile's first pixel on, in floats.</summary>
    public readonly nint FirstLine = top ? line : 0, LastLine = (bottom ? points - 2 : points - 1) * line, FirstPixel = left ? pixel : 0;
    public readonly nint LastPixel = (right ? points - 2 : points - 1) * pixel;

    /// <summary>All bits set for what lies inside.</summary>
    public readonly V Top = Inside(!top), Bottom = Inside(!bottom), Left = Inside(!left), Right = Inside(!right);

    private static V Inside(bool inside) => inside ? V.AllBitsSet : V.Zero;
}
