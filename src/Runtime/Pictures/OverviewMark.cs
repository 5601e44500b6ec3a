using System.Buffers.Binary;
using System.Text;
using UNetGen.Files;

namespace UNetGen.Pictures;

/// <summary>
/// A mark in PNG files that show several pictures or a plot, so that they are told from data wherever a user keeps them: a text of PNG's
/// own (tEXt), which every program that shows the picture passes over, right behind the header. A program that saves the picture anew
/// drops it or puts it elsewhere: then it is the user's picture. Grids have another one than plots and strips, which no grid may replace.
/// </summary>
public static class OverviewMark
{
    /// <summary>Where a PNG's first part ends: 8 bytes of signature, and IHDR's 13 with length, name and sum.</summary>
    private const int HeaderEnd = 33;

    /// <summary>With which every PNG file begins.</summary>
    internal static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    // Earlier versions had it in plots and strips as well.
    private static readonly byte[] MarkOfGrids =
        Part("tEXt", "Software\0UNetGen: an overview of pictures or numbers, no picture to learn from");

    private static readonly byte[] MarkOfOthers = Part("tEXt", "Software\0UNetGen: a plot or a strip of steps, no picture to learn from");

    /// <summary>Puts the mark of plots and strips into a picture.</summary>
    /// <param name="png">A PNG file's content, of an encoder.</param>
    /// <returns>The same picture with the mark.</returns>
    /// <exception cref="ArgumentException">It is no PNG file.</exception>
    public static byte[] Add(ReadOnlySpan<byte> png) => Add(png, MarkOfOthers);

    /// <summary>The same of a grid, whose place another grid may take.</summary>
    internal static byte[] AddToGrid(ReadOnlySpan<byte> png) => Add(png, MarkOfGrids);

    /// <summary>Whether a file's content has a mark.</summary>
    /// <param name="content">All of it, or its first 200 bytes.</param>
    internal static bool IsIn(ReadOnlySpan<byte> content) => Has(content, MarkOfGrids) || Has(content, MarkOfOthers);

    /// <summary>Whether a file has a mark. What can't be read has none: who needs the picture is told why.</summary>
    internal static bool IsInFile(string path) => FileHas(path, MarkOfGrids) || FileHas(path, MarkOfOthers);

    /// <summary>Whether a file has the mark of a grid.</summary>
    internal static bool IsGrid(string path) => FileHas(path, MarkOfGrids);

    private static byte[] Add(ReadOnlySpan<byte> png, byte[] mark) => png.Length > HeaderEnd && png.StartsWith(Signature)
        ? [.. png[..HeaderEnd], .. mark, .. png[HeaderEnd..]]
        : throw new ArgumentException("These bytes are no PNG file.", nameof(png));

    private static bool Has(ReadOnlySpan<byte> content, byte[] mark) =>
        content.Length > HeaderEnd && content.StartsWith(Signature) && content[HeaderEnd..].StartsWith(mark);

    private static bool FileHas(string path, byte[] mark)
    {
        try
        {
            using var file = RegularFile.OpenRead(path);
            Span<byte> start = stackalloc byte[HeaderEnd + mark.Length];
            return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && Has(start, mark);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static byte[] Part(string name, string text)
    {
        var summed = Encoding.ASCII.GetBytes(name + text);
        var part = new byte[sizeof(int) + summed.Length + sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(part, text.Length);
        summed.CopyTo(part, sizeof(int));
        BinaryPrimitives.WriteUInt32BigEndian(part.AsSpan(^sizeof(uint)), Crc32(summed));
        return part;
    }

    /// <summary>PNG's sum (ISO 3309), bit by bit: it is made once.</summary>
    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }
}
