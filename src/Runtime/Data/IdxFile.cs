using System.Buffers.Binary;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.GZip;
using UNetGen.Files;

namespace UNetGen.Data;

/// <summary>
/// A file in MNIST's format IDX (LeCun, Cortes and Burges), of bytes: big-endian, a magic number (0, 0, 0x08 for bytes, the number of
/// dimensions), each dimension as a 32-bit integer, then the bytes. Also gzipped, which the file's content tells.
/// </summary>
internal static class IdxFile
{
    /// <summary>Whether a file starts as gzip or as any IDX file does; what is wrong with it in detail, reading tells.</summary>
    public static bool LooksLike(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using var stream = RegularFile.OpenRead(path);
        return stream.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4
            && (IsGzip(start) || (start[0] == 0 && start[1] == 0 && start[2] is >= 8 and <= 14 && start[3] is >= 1 and <= 8));
    }

    /// <summary>Reads a file record by record, a record being what the first dimension counts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">What it must hold.</param>
    /// <param name="checkDimensions">Is given the dimensions, before anything else is read.</param>
    /// <param name="record">Is given each record; the array serves again.</param>
    /// <exception cref="DataException">It can't be read, or isn't a whole file of that content.</exception>
    public static void Read(string path, IdxContent content, Action<uint[]> checkDimensions, Action<byte[]> record)
    {
        try
        {
            using var stream = OpenUnzipped(path);
            ReadRecords(stream, path, content, checkDimensions, record);
        }
        catch (Exception e) when (e is SharpZipBaseException or EndOfStreamException)
        {
            throw new DataException($"'{path}' is not a whole gzip file: {e.Message.TrimEnd('.')}. Fetch it once more.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{path}' can't be read: {e.Message}", e);
        }
    }

    private static void ReadRecords(Stream stream, string path, IdxContent content, Action<uint[]> checkDimensions, Action<byte[]> record)
    {
        var header = new byte[4 + 4 * (int)content];
        var read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read >= 4)
            CheckMagic(header, path, content);
        if (read < header.Length)
            throw new DataException(
                $"'{path}' is cut off: an IDX file of {content.Plural()} starts with {Counted.Of(header.Length, "byte")} of header, and it "
                    + $"has {read}.");
        var dimensions = new uint[(int)content];
        for (var i = 0; i < dimensions.Length; i++)
            dimensions[i] = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 + 4 * i));
        checkDimensions(dimensions);

        var what = dimensions is [var count, var rows, var columns]
            ? $"{Counted.Of(count, "image")} of {rows} x {columns}"
            : Counted.Of(dimensions[0], "label");
        var bytes = new byte[dimensions[1..].Aggregate(1, (size, dimension) => checked(size * (int)dimension))];
        var expected = header.Length + (long)dimensions[0] * bytes.Length;
        for (var i = 0L; i < dimensions[0]; i++)
        {
            var got = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (got < bytes.Length)
                throw new DataException(
                    $"'{path}' is cut off: {what} {(dimensions[0] == 1 ? "takes" : "take")} {expected} bytes, and it has "
                        + $"{header.Length + i * bytes.Length + got}.");
            record(bytes);
        }
        if (stream.ReadByte() >= 0)
            throw new DataException(
                $"'{path}' is too long: {what} {(dimensions[0] == 1 ? "takes" : "take")} {expected} bytes, and more follow.");
    }

    private static void CheckMagic(ReadOnlySpan<byte> header, string path, IdxContent content)
    {
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        var expected = 0x800 + (uint)content;
        if (magic == expected)
            return;
        var why = magic switch
        {
            0x801 => "That is a file of labels; the images are in another, ...-images-idx3-ubyte.",
            0x803 => "That is a file of images.",
            _ when magic >> 16 == 0 && (magic >> 8) is >= 0x09 and <= 0x0E => "That is an IDX file, but not of bytes.",
            _ when magic >> 8 == 0x08 => $"That is an IDX file of bytes, but with {magic & 0xff} dimensions instead of {(int)content}.",
            _ => "It is not an IDX file.",
        };
        throw new DataException($"'{path}' starts with 0x{magic:X8}, where an IDX file of {content.Plural()} has 0x{expected:X8}. {why}");
    }

    private static string Plural(this IdxContent content) => content == IdxContent.Images ? "images" : "labels";

    private static bool IsGzip(ReadOnlySpan<byte> start) => start is [0x1f, 0x8b, ..];

    private static Stream OpenUnzipped(string path)
    {
        var stream = RegularFile.OpenRead(path);
        Span<byte> start = stackalloc byte[2];
        var read = stream.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        stream.Position = 0;
        // .NET's own takes a file without its end, where the sum of the content stands.
        return IsGzip(start[..read]) ? new GZipInputStream(stream) : new BufferedStream(stream);
    }
}

/// <summary>What an IDX file holds, as the number of its dimensions.</summary>
internal enum IdxContent
{
    /// <summary>[count], a byte each.</summary>
    Labels = 1,

    /// <summary>[count, rows, columns].</summary>
    Images = 3,
}
