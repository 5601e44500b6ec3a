using System.Buffers.Binary;
using SkiaSharp;

namespace UNetGen.Pictures;

/// <summary>How a PNG file's picture has to be turned to stand upright, as its EXIF part (eXIf) says, which Skia passes over.</summary>
internal static class PngOrientation
{
    // Of every part: its length and name before the content, and the sum behind it.
    private const int PartStart = 8;
    private const int PartEnd = 4;

    // Of TIFF's directories: a tag, its type, how many values, and the value.
    private const int EntryLength = 12;
    private const int ValueAt = 8;
    private const ushort OrientationTag = 274;

    /// <summary>Reads it; upright where the file is no PNG, or says nothing that can be read.</summary>
    /// <param name="content">All bytes of a file.</param>
    public static SKEncodedOrigin Of(ReadOnlySpan<byte> content)
    {
        if (!content.StartsWith(OverviewMark.Signature))
            return SKEncodedOrigin.TopLeft;
        var rest = content[OverviewMark.Signature.Length..];
        while (rest.Length >= PartStart)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - PartStart)
                break;
            var part = rest.Slice(PartStart, (int)length);
            if (rest[4..].StartsWith("eXIf"u8))
                return OfTiff(part);
            rest = rest[Math.Min(rest.Length, PartStart + part.Length + PartEnd)..];
        }
        return SKEncodedOrigin.TopLeft;
    }

    /// <summary>By the first directory of a TIFF file, which EXIF is.</summary>
    private static SKEncodedOrigin OfTiff(ReadOnlySpan<byte> tiff)
    {
        var isLittle = tiff.StartsWith("II*\0"u8);
        if (tiff.Length < 8 || !(isLittle || tiff.StartsWith("MM\0*"u8)))
            return SKEncodedOrigin.TopLeft;
        var directory = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2)
            return SKEncodedOrigin.TopLeft;
        var entries = tiff[(int)directory..];
        var count = Short(entries);
        for (entries = entries[2..]; count > 0 && entries.Length >= EntryLength; count--, entries = entries[EntryLength..])
        {
            if (Short(entries) == OrientationTag)
                return Short(entries[ValueAt..]) is >= 1 and <= 8 and var origin ? (SKEncodedOrigin)origin : SKEncodedOrigin.TopLeft;
        }
        return SKEncodedOrigin.TopLeft;

        ushort Short(ReadOnlySpan<byte> at) =>
            isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);
    }
}
