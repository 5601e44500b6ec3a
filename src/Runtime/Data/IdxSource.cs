namespace UNetGen.Data;

/// <summary>
/// The images of an IDX file, MNIST's format (LeCun, Cortes and Burges), plain or gzipped, and their labels from the file beside it, where
/// there is one: <c>train-labels-idx1-ubyte</c> for <c>train-images-idx3-ubyte</c>.
/// </summary>
/// <remarks>
/// Three channels repeat the grey one. An image that has to grow by at most a quarter in both directions is padded with black on all
/// sides, so that its pixels stay as they are (28 x 28 to 32 x 32); otherwise it is cropped to the wanted aspect ratio and scaled.
/// The classes are the numbers from 0 to the greatest label.
/// </remarks>
public sealed class IdxSource : DecodedSource
{
    private const int LongestSide = 8192;
    private const string TrainImages = "train-images-idx3-ubyte";
    private const string TestImages = "t10k-images-idx3-ubyte";

    private IdxSource(
        string description, IReadOnlyList<byte[]> images, IReadOnlyList<byte> labels, IReadOnlyList<string> classes, int channels,
        int height, int width)
        : base(description, images, labels, classes, channels, height, width)
    {
    }

    /// <summary>What a folder is searched for.</summary>
    internal static string LookedFor => $"{TrainImages} or {TestImages} (MNIST, also with a dot before idx3, and .gz)";

    /// <summary>Opens an IDX file of images.</summary>
    /// <param name="path">
    /// The file, or a folder that holds <c>train-images-idx3-ubyte</c> or, where that is missing, <c>t10k-images-idx3-ubyte</c>; also with
    /// <c>.gz</c>, and as <c>train-images.idx3-ubyte</c>, as some copies have it.
    /// </param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="DataException">
    /// There is no such file, or it or the labels' isn't a whole IDX file, or they don't belong together, or they don't fit into memory.
    /// </exception>
    public static IdxSource Open(string path, int channels, int height, int width)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SourceChecks.CheckTarget(path, channels, height, width);
        var file = Directory.Exists(path) ? FindIn(path) ?? throw new DataException($"'{path}' doesn't hold {LookedFor}.") : path;
        var images = ReadImages(file, channels, height, width);
        var labels = LabelsBeside(file) is { } labelsFile ? ReadLabels(labelsFile, file, images.Count) : [];
        var classes = labels.Count == 0
            ? []
            : Enumerable.Range(0, labels.Max() + 1).Select(label => FormattableString.Invariant($"{label}")).ToArray();
        var description = $"{Counted.Of(images.Count, "image")} in {file}" + (
            labels.Count == 0 ? "" : " of " + Counted.Of(classes.Length, "class", "classes"));
        return new IdxSource(description, images, labels, classes, channels, height, width);
    }

    /// <summary>The training images in a folder laid out as MNIST's is, else the test images, or null.</summary>
    internal static string? FindIn(string folder) =>
        (from name in (string[])[TrainImages, TestImages]
         from spelt in (string[])[name, name.Replace("-idx3", ".idx3", StringComparison.Ordinal)]
         from ending in (string[])["", ".gz"]
         select Path.Combine(folder, spelt + ending)).FirstOrDefault(File.Exists);

    private static string? LabelsBeside(string file)
    {
        const string zipped = ".gz";
        var name = Path.GetFileName(file);
        var labels = name.Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal);
        // Only where the name says both can the other be told from it; never is a file taken as its own labels.
        if (!name.Contains("images", StringComparison.Ordinal) || !name.Contains("idx3", StringComparison.Ordinal))
            return null;
        var plain = labels.EndsWith(zipped, StringComparison.Ordinal) ? labels[..^zipped.Length] : labels;
        return new[] { plain, plain + zipped }.Select(candidate => Path.Join(Path.GetDirectoryName(file), candidate)).FirstOrDefault(
            File.Exists);
    }

    private static List<byte[]> ReadImages(string file, int channels, int height, int width)
    {
        var images = new List<byte[]>();
        var (rows, columns) = (0, 0);
        IdxFile.Read(
            file,
            IdxContent.Images,
            dimensions =>
            {
                if (dimensions is not [> 0, > 0 and <= LongestSide, > 0 and <= LongestSide])
                    throw new DataException(
                        $"'{file}': its header says {Counted.Of(dimensions[0], "image")} of {dimensions[1]} x {dimensions[2]} pixels; "
                            + $"there must be at least one, with sides from 1 to {LongestSide}.");
                CheckMemory(file, dimensions[0], channels, height, width);
                (rows, columns) = ((int)dimensions[1], (int)dimensions[2]);
            },
            grey => images.Add(Fit(grey, rows, columns, channels, height, width)));
        return images;
    }

    private static List<byte> ReadLabels(string file, string imagesFile, int images)
    {
        var labels = new List<byte>();
        IdxFile.Read(
            file,
            IdxContent.Labels,
            dimensions =>
            {
                if (dimensions[0] != images)
                    throw new DataException(
                        $"'{file}' has {Counted.Of(dimensions[0], "label")}, and '{imagesFile}' {Counted.Of(images, "image")}: they don't "
                            + "belong together. To train without labels, take the file of labels away.");
            },
            label => labels.Add(label[0]));
        return labels;
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
