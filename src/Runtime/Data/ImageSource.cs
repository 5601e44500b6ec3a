namespace UNetGen.Data;

/// <summary>What every source checks, and what those that hold bytes share.</summary>
internal static class ImageSource
{
    public static int PixelCount(this IImageSource source) => checked(source.Channels * source.Height * source.Width);

    /// <summary>Bytes 0 to 255 as values -1 to 1.</summary>
    public static void ToValues(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (var i = 0; i < bytes.Length; i++)
            values[i] = bytes[i] / 127.5f - 1;
    }

    public static void CheckIndex(IImageSource source, int index)
    {
        if ((uint)index >= (uint)source.Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"There {(source.Count == 1 ? "is" : "are")} {Counted.Of(source.Count, "image")}.");
    }

    public static void CheckRead(IImageSource source, int index, Span<float> pixels)
    {
        CheckIndex(source, index);
        if (pixels.Length != source.PixelCount())
            throw new ArgumentException(
                $"An image is {source.Channels} x {source.Height} x {source.Width} = {source.PixelCount()} values; the span holds {pixels.Length}.", nameof(pixels));
    }

    /// <summary>Refuses what images from files can't become.</summary>
    public static void CheckTarget(string path, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (channels is not (1 or 3))
            throw new DataException($"'{path}': images from files have 1 channel (grey) or 3 (RGB), and the network wants {channels}.");
    }
}
