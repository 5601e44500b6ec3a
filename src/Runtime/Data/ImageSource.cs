namespace UNetGen.Data;

/// <summary>What every source checks.</summary>
internal static class ImageSource
{
    public static int PixelCount(this IImageSource source) => checked(source.Channels * source.Height * source.Width);

    public static void CheckRead(IImageSource source, int index, Span<float> pixels)
    {
        if ((uint)index >= (uint)source.Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {source.Count} images.");
        if (pixels.Length != source.PixelCount())
            throw new ArgumentException(
                $"An image is {source.Channels} x {source.Height} x {source.Width} = {source.PixelCount()} values; the span holds {pixels.Length}.", nameof(pixels));
    }
}
