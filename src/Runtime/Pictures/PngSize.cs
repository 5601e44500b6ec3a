using System.Buffers.Binary;
using UNetGen.Files;

namespace UNetGen.Pictures;

/// <summary>How large a PNG file's picture is, as its first part (IHDR) says.</summary>
internal static class PngSize
{
    // The signature, the part's length and name, and two numbers.
    private const int Length = 24;

    /// <summary>Reads it, in pixels; null where the file is no PNG.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static (int Height, int Width)? Of(string path)
    {
        using var file = RegularFile.OpenRead(path);
        Span<byte> start = stackalloc byte[Length];
        if (file.ReadAtLeast(start, Length, throwOnEndOfStream: false) < Length || !start.StartsWith(OverviewMark.Signature))
            return null;
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(start[16..]), BinaryPrimitives.ReadInt32BigEndian(start[20..]));
        return width > 0 && height > 0 ? (height, width) : null;
    }
}
