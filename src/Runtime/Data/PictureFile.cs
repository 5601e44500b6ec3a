using System.Drawing;
using SkiaSharp;
using UNetGen.Pictures;

namespace UNetGen.Data;

/// <summary>Decodes one picture file.</summary>
internal static class PictureFile
{
    // The limit at which Pillow refuses a picture as a "decompression bomb".
    private const long MostPixels = 178_956_970;

    // .jpe, .jfif and .jif are JPEG files, .dib is BMP; of a GIF with several pictures the first is taken.
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".webp", ".bmp", ".dib", ".gif"];

    /// <summary>The formats' extensions, for people.</summary>
    public static string ExtensionList => $"{string.Join(", ", Extensions[..^1])} and {Extensions[^1]}";

    /// <summary>Whether a file's name says that it is a picture; case doesn't matter.</summary>
    public static bool HasName(ReadOnlySpan<char> name)
    {
        var extension = Path.GetExtension(name);
        foreach (var known in Extensions)
        {
            if (extension.Equals(known, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Makes an image of a picture file's content: turned upright, in sRGB, cropped and scaled as <see cref="ImageFit"/> does it.
    /// </summary>
    /// <param name="content">All bytes of the file.</param>
    /// <param name="shape">[channels, height, width]: 1 (grey) or 3 (RGB), and pixels.</param>
    /// <param name="background">What lies behind transparent pixels.</param>
    /// <param name="reason">What is wrong with the file, or null.</param>
    /// <returns>[channels, height, width] bytes, or null where the file is broken.</returns>
    /// <exception cref="OutOfMemoryException">There is no memory for the decoded picture now.</exception>
    public static unsafe byte[]? Decode(byte[] content, (int Channels, int Height, int Width) shape, Color background, out string? reason)
    {
        if (OverviewMark.IsIn(content))
        {
            reason = "is a grid or a plot that UNetGen has drawn, no data";
            return null;
        }
        fixed (byte* start = content)
        {
            using var data = SKData.Create((nint)start, content.Length);
            // The codec owns the stream from here on, also where there is none.
            using var codec = SKCodec.Create(new SKMemoryStream(data), out var opened);
            if (codec == null)
            {
                // Skia takes TIFF for a camera's raw picture that is damaged.
                reason = ReasonOf(IsTiff(content) ? SKCodecResult.Unimplemented : opened);
                return null;
            }
            var size = DecodedSize(codec, shape.Height, shape.Width);
            if ((long)size.Width * size.Height > MostPixels)
            {
                reason = $"is too large to decode ({codec.Info.Width} x {codec.Info.Height})";
                return null;
            }
            using var srgb = SKColorSpace.CreateSrgb();
            using var bitmap = new SKBitmap();
            if (!bitmap.TryAllocPixels(new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul, srgb)))
                throw new OutOfMemoryException();
            var decoded = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
            if (decoded != SKCodecResult.Success)
            {
                reason = ReasonOf(decoded);
                return null;
            }
            bitmap.SetImmutable();
            using var image = SKImage.FromBitmap(bitmap);
            reason = null;
            return ImageFit.Fit(image, OriginOf(codec, content), shape, background);
        }
    }

    /// <summary>What a picture file says of itself, before its pixels are decoded.</summary>
    /// <param name="content">All bytes of the file.</param>
    /// <param name="reason">What is wrong with the file, or null.</param>
    /// <returns>Pixels of its sides, upright, and how many pictures it has; null where it is none.</returns>
    public static unsafe (int Width, int Height, int Frames)? Look(byte[] content, out string? reason)
    {
        fixed (byte* start = content)
        {
            using var data = SKData.Create((nint)start, content.Length);
            using var codec = SKCodec.Create(new SKMemoryStream(data), out var opened);
            reason = codec is null ? ReasonOf(IsTiff(content) ? SKCodecResult.Unimplemented : opened) : null;
            if (codec is null)
                return null;
            // What one picture is, Skia counts as none.
            var frames = Math.Max(1, codec.FrameCount);
            return OriginOf(codec, content) >= SKEncodedOrigin.LeftTop
                ? (codec.Info.Height, codec.Info.Width, frames)
                : (codec.Info.Width, codec.Info.Height, frames);
        }
    }

    private static SKEncodedOrigin OriginOf(SKCodec codec, byte[] content) =>
        codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Of(content) : codec.EncodedOrigin;

    private static bool IsTiff(ReadOnlySpan<byte> content) => content.StartsWith("II*\0"u8) || content.StartsWith("MM\0*"u8);

    private static string ReasonOf(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "is cut off",
        // Of a file in no format that it knows, Skia says that it isn't implemented.
        SKCodecResult.Unimplemented => $"is no picture: its content is none of {ExtensionList}",
        SKCodecResult.ErrorInInput or SKCodecResult.InvalidInput => "is damaged",
        SKCodecResult.InvalidConversion => "has pixels of a kind that can't be converted",
        _ => "can't be decoded",
    };

    /// <summary>
    /// JPEG decodes to eighths of its sides at a fraction of the cost. About twice the target's are left, so that the scaling after it
    /// decides how the result looks.
    /// </summary>
    private static SKSizeI DecodedSize(SKCodec codec, int height, int width)
    {
        // Lying or not, the shorter side with the longer one is safe.
        var scale = 2f * Math.Max(height, width) / Math.Min(codec.Info.Width, codec.Info.Height);
        return scale < 1 ? codec.GetScaledDimensions(scale) : codec.Info.Size;
    }
}
