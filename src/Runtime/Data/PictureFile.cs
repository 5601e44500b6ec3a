using SkiaSharp;

namespace UNetGen.Data;

/// <summary>Decodes one picture file.</summary>
internal static class PictureFile
{
    // The limit at which Pillow refuses a picture as a "decompression bomb".
    private const long MostPixels = 178_956_970;

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

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

    /// <summary>Reads a picture, turned upright, in sRGB, cropped and scaled as <see cref="ImageFit"/> does it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="reason">What is wrong with the file, or null.</param>
    /// <returns>[channels, height, width] bytes, or null where the file is broken.</returns>
    public static byte[]? Decode(string file, int channels, int height, int width, out string? reason)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (stream.Length == 0)
            {
                reason = "is empty";
                return null;
            }
            using var codec = SKCodec.Create(stream, out var opened);
            if (codec == null)
            {
                reason = ReasonOf(opened);
                return null;
            }
            using var srgb = SKColorSpace.CreateSrgb();
            using var bitmap = new SKBitmap();
            var size = DecodedSize(codec, height, width);
            if ((long)size.Width * size.Height > MostPixels
                || !bitmap.TryAllocPixels(new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul, srgb)))
            {
                reason = $"is too large to decode ({codec.Info.Width} x {codec.Info.Height})";
                return null;
            }
            var decoded = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
            if (decoded != SKCodecResult.Success)
            {
                reason = ReasonOf(decoded);
                return null;
            }
            bitmap.SetImmutable();
            using var image = SKImage.FromBitmap(bitmap);
            reason = null;
            return ImageFit.Fit(image, codec.EncodedOrigin, channels, height, width);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = $"can't be read: {e.Message}";
            return null;
        }
    }

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
    /// JPEG decodes to eighths of its sides at a fraction of the cost. About twice the target's are left, so that the scaling after it decides how the result looks.
    /// </summary>
    private static SKSizeI DecodedSize(SKCodec codec, int height, int width)
    {
        // Lying or not, the shorter side with the longer one is safe.
        var scale = 2f * Math.Max(height, width) / Math.Min(codec.Info.Width, codec.Info.Height);
        return scale < 1 ? codec.GetScaledDimensions(scale) : codec.Info.Size;
    }
}
