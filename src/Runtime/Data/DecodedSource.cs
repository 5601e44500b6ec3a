using System.Security.Cryptography;

namespace UNetGen.Data;

/// <summary>
/// Images of a file or a few, all read when the source is opened and held in memory as bytes: a batch then costs a copy. A set that doesn't
/// fit into half of the memory is refused when it is opened, before the work is done.
/// </summary>
public abstract class DecodedSource : IImageSource
{
    private readonly IReadOnlyList<byte[]> images;
    private readonly IReadOnlyList<byte> labels;
    private readonly Lazy<DataIdentity> identity;

    private protected DecodedSource(
        string description, IReadOnlyList<byte[]> images, IReadOnlyList<byte> labels, IReadOnlyList<string> classes, int channels,
        int height, int width)
    {
        (Description, this.images, this.labels, Classes) = (description, images, labels, classes);
        (Channels, Height, Width) = (channels, height, width);
        identity = new(() => DataIdentity.Of(this, "pixels or labels", HashOfContent()));
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
    public IReadOnlyList<string> Classes { get; }

    /// <summary>By a hash of pixels and labels, made when it is first asked for.</summary>
    public DataIdentity Identity => identity.Value;

    /// <inheritdoc/>
    public bool ScalesBytes => true;

    /// <summary>What else a folder holds in which these images were found.</summary>
    public IReadOnlyList<string> Notes { get; internal set; } = [];

    /// <inheritdoc/>
    public int Label(int index)
    {
        SourceChecks.CheckIndex(this, index);
        return Classes.Count > 0 ? labels[index] : throw new InvalidOperationException($"{Description}: the images have no classes.");
    }

    /// <inheritdoc/>
    public void Read(int index, Span<float> pixels)
    {
        SourceChecks.CheckRead(this, index, pixels);
        ToValues(images[index], pixels);
    }

    /// <summary>Bytes 0 to 255 as values -1 to 1.</summary>
    internal static void ToValues(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (var i = 0; i < bytes.Length; i++)
            values[i] = bytes[i] / 127.5f - 1;
    }

    private string HashOfContent()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var image in images)
            hash.AppendData(image);
        hash.AppendData([.. labels]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
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
