using System.Buffers.Binary;
using UNetGen.Files;

namespace UNetGen.Pictures;

/// <summary>What a PNG file's first part (IHDR) says of its picture.</summary>
/// <param name="Height">Pixels.</param>
/// <param name="Width">Pixels.</param>
/// <param name="IsRgb">Whether its pixels are red, green and blue, and neither grey nor numbers of a palette.</param>
internal readonly record struct PngHeader(int Height, int Width, bool IsRgb)
{
    // The signature, the part's length and name, two numbers, the bits of a value and the type.
    private const int Length = 26;

    private const byte Rgb = 2;
    private const byte Rgba = 6;

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
        return width > 0 && height > 0 ? new(height, width, start[25] is Rgb or Rgba) : null;
    }
}
