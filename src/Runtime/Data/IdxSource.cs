using System.Buffers.Binary;
using System.IO.Compression;

namespace UNetGen.Data;

/// <summary>
/// The images of an IDX file, MNIST's format (LeCun, Cortes and Burges): big-endian, the magic number 0x00000803, then count, rows and columns
/// as 32-bit integers, then a byte a pixel. Also gzipped, which the file's content tells.
/// </summary>
/// <remarks>
/// Three channels repeat the grey one. An image that has to grow by at most a quarter in both directions is padded with black on all
/// sides, so that its pixels stay as they are (28 x 28 to 32 x 32); otherwise it is cropped to the wanted aspect ratio and scaled.
/// </remarks>
public sealed class IdxSource : DecodedSource
{
    private const int HeaderLength = 16;
    private const int LongestSide = 8192;

    private IdxSource(string description, IReadOnlyList<byte[]> images, int channels, int height, int width)
        : base(description, images, channels, height, width)
    {
    }

    /// <summary>Opens an IDX file of images.</summary>
    /// <param name="path">The file, or a folder that holds <c>train-images-idx3-ubyte</c> or <c>train-images-idx3-ubyte.gz</c>.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="DataException">There is no such file, or it isn't a whole IDX file of images, or it doesn't fit into memory.</exception>
    public static IdxSource Open(string path, int channels, int height, int width)
    {
        CheckTarget(path, channels, height, width);
        var file = Directory.Exists(path)
            ? FindIn(path) ?? throw new DataException($"'{path}' holds neither {TrainImages} nor {TrainImages}.gz.")
            : path;
        try
        {
            using var stream = OpenUnzipped(file);
            var images = ReadImages(stream, file, channels, height, width);
            return new IdxSource(FormattableString.Invariant($"{images.Count:N0} images in {file}"), images, channels, height, width);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{file}' can't be read: {e.Message}", e);
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"'{file}' is not a whole gzip file: {e.Message}", e);
        }
    }

    private const string TrainImages = "train-images-idx3-ubyte";

    /// <summary>The training images in a folder laid out as MNIST's is, or null.</summary>
    internal static string? FindIn(string folder) =>
        new[] { TrainImages, TrainImages + ".gz" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Whether a file starts as gzip or as any IDX file does; what is wrong with it in detail, opening tells.</summary>
    internal static bool LooksLike(string file)
    {
        Span<byte> start = stackalloc byte[4];
        using var stream = File.OpenRead(file);
        return stream.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4
            && (IsGzip(start) || (start[0] == 0 && start[1] == 0 && start[2] is >= 8 and <= 14 && start[3] is >= 1 and <= 8));
    }

    private static bool IsGzip(ReadOnlySpan<byte> start) => start is [0x1f, 0x8b, ..];

    private static Stream OpenUnzipped(string file)
    {
        var stream = File.OpenRead(file);
        Span<byte> start = stackalloc byte[2];
        var read = stream.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        stream.Position = 0;
        return IsGzip(start[..read]) ? new GZipStream(stream, CompressionMode.Decompress) : new BufferedStream(stream);
    }

    private static List<byte[]> ReadImages(Stream stream, string file, int channels, int height, int width)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        var read = stream.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false);
        if (read >= 4)
            CheckMagic(header, file);
        if (read < HeaderLength)
            throw new DataException($"'{file}' is cut off: an IDX file of images starts with {HeaderLength} bytes of header, and it has {read}.");

        var count = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        var rows = BinaryPrimitives.ReadUInt32BigEndian(header[8..]);
        var columns = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
        if (count == 0 || rows is 0 or > LongestSide || columns is 0 or > LongestSide)
            throw new DataException(
                $"'{file}': its header says {count} images of {rows} x {columns} pixels; there must be at least one, with sides from 1 to {LongestSide}.");
        CheckMemory(file, count, channels, height, width);

        var expected = HeaderLength + (long)count * rows * columns;
        var grey = new byte[rows * columns];
        var images = new List<byte[]>();
        for (var i = 0L; i < count; i++)
        {
            var got = stream.ReadAtLeast(grey, grey.Length, throwOnEndOfStream: false);
            if (got < grey.Length)
                throw new DataException(
                    $"'{file}' is cut off: {count} images of {rows} x {columns} take {expected} bytes, and it has {HeaderLength + i * grey.Length + got}.");
            images.Add(Fit(grey, (int)rows, (int)columns, channels, height, width));
        }
        if (stream.ReadByte() >= 0)
            throw new DataException($"'{file}' is too long: {count} images of {rows} x {columns} take {expected} bytes, and more follow.");
        return images;
    }

    private static void CheckMagic(ReadOnlySpan<byte> header, string file)
    {
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (magic == 0x803)
            return;
        var why = magic switch
        {
            0x801 => "That is a file of labels; the images are in another, ...-images-idx3-ubyte.",
            _ when magic >> 16 == 0 && (magic >> 8) is >= 0x09 and <= 0x0E => "That is an IDX file, but not of bytes.",
            _ when magic >> 8 == 0x08 => $"That is an IDX file of bytes, but with {magic & 0xff} dimensions instead of 3.",
            _ => "It is not an IDX file.",
        };
        throw new DataException($"'{file}' starts with 0x{magic:X8}, where an IDX file of images has 0x00000803. {why}");
    }

    private static byte[] Fit(byte[] grey, int rows, int columns, int channels, int height, int width)
    {
        var pads = rows <= height && columns <= width && 4 * height <= 5 * rows && 4 * width <= 5 * columns;
        if (!pads)
            return ImageFit.FitGrey(grey, rows, columns, channels, height, width);
        var pixels = new byte[channels * height * width];
        var (top, left) = ((height - rows) / 2, (width - columns) / 2);
        for (var c = 0; c < channels; c++)
        {
            for (var y = 0; y < rows; y++)
                grey.AsSpan(y * columns, columns).CopyTo(pixels.AsSpan((c * height + top + y) * width + left));
        }
        return pixels;
    }
}
