using System.Buffers.Binary;
using UNetGen.Files;

namespace UNetGen.Pictures;

/// <summary>What the first part of a PNG file (IHDR) says.</summary>
/// <param name="Channels">1 for grey, 3 for colours; transparency doesn't count.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Width">Pixels.</param>
internal readonly record struct PngHeader(int Channels, int Height, int Width)
{
    private const int Length = 26;
    private const byte Colours = 2; // of the type's bits: 1 a palette, 2 colours, 4 transparency

    /// <summary>Reads it; null where the file is no PNG.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static PngHeader? Of(string path)
    {
        using var file = RegularFile.OpenRead(path);
        Span<byte> start = stackalloc byte[Length];
        if (file.ReadAtLeast(start, Length, throwOnEndOfStream: false) < Length || !start.StartsWith(OverviewMark.Signature))
            return null;
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(start[16..]), BinaryPrimitives.ReadInt32BigEndian(start[20..]));
        return width > 0 && height > 0 ? new((start[25] & Colours) == 0 ? 1 : 3, height, width) : null;
    }
}
