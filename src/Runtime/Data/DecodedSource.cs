namespace UNetGen.Data;

/// <summary>
/// Images from files, all decoded when the source is opened and held in memory as bytes: a batch then costs a copy. A set that doesn't fit into
/// half of the memory is refused when it is opened, before the work is done.
/// </summary>
public abstract class DecodedSource : IImageSource
{
    private readonly IReadOnlyList<byte[]> images;

    private protected DecodedSource(string description, IReadOnlyList<byte[]> images, int channels, int height, int width)
    {
        (Description, this.images, Channels, Height, Width) = (description, images, channels, height, width);
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count => images.Count;

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public void Read(int index, Span<float> pixels)
    {
        ImageSource.CheckRead(this, index, pixels);
        var image = images[index];
        for (var i = 0; i < image.Length; i++)
            pixels[i] = image[i] / 127.5f - 1;
    }

    private protected static void CheckTarget(string path, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (channels is not (1 or 3))
            throw new DataException($"'{path}': images from files have 1 channel (grey) or 3 (RGB), and the network wants {channels}.");
    }

    private protected static void CheckMemory(string path, long count, int channels, int height, int width)
    {
        var needed = count * channels * height * width;
        var half = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        if (needed > half)
            throw new DataException(FormattableString.Invariant(
                $"'{path}': {count:N0} images of {channels} x {height} x {width} bytes take {needed / 1e9:F1} GB of memory, more than half of this machine's {2 * half / 1e9:F1} GB. Use fewer or smaller images."));
    }
}
