using System.Globalization;
using SkiaSharp;
using UNetGen.Files;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Pictures;

/// <summary>Tensors of images as one PNG file, row by row, magnified by a whole number so that single pixels can be seen.</summary>
public static class ImageGrid
{
    private const int DefaultGap = 4;

    // Of the side that is to be reached where no scale is given.
    private const double LeastSide = 64;

    // What the bitmap's library holds: bytes are counted by an int, and four are a pixel.
    private const long MostPixels = int.MaxValue / 4;

    // What libpng writes.
    private const long LongestSide = 1_000_000;

    // Apart from black and white pictures alike.
    private const byte GapGrey = 96;

    /// <summary>
    /// Writes images as a grid. The file is replaced as a whole or not at all. It bears an <see cref="OverviewMark"/>, so that no
    /// training takes it for data; a single image without a gap at a scale of 1 is a picture like others, and bears none, also where its
    /// channels lie side by side: so the samples of a network with four channels can be read as samples.
    /// </summary>
    /// <param name="images">
    /// [batch, channels, height, width], of a floating type, in [-1, 1], on any device; what lies beyond is clipped. One channel is drawn
    /// grey, three as RGB; with any other number each image's channels follow one another in grey.
    /// </param>
    /// <param name="path">A .png file; its folder is made where it is missing.</param>
    /// <param name="columns">Images in a row; 0 makes the grid as square as it can be.</param>
    /// <param name="scale">Pixels a pixel, along each side; 0 takes the first at which images are at least 64 wide or high.</param>
    /// <param name="gap">Pixels around each image; 0 with a single image and a scale of 1 writes it as it is.</param>
    /// <exception cref="ArgumentException">
    /// The tensor hasn't four dimensions, is empty, of whole numbers, disposed, sparse, or on the device meta; or the grid would have more
    /// pixels than a picture holds, 536 million and a million along a side; or the path doesn't end in .png.
    /// </exception>
    /// <exception cref="UNetGenException">Images have values that are no finite numbers; the message says how many.</exception>
    public static void Save(Tensor images, string path, int columns = 0, int scale = 0, int gap = DefaultGap) =>
        Draw(images, path, columns, scale, gap, OverviewMark.AddToGrid);

    /// <summary>How many images <see cref="Save"/> lays into one grid at the scale and gap it takes itself.</summary>
    /// <param name="channels">Of each image, at least 1.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="columns">As for <see cref="Save"/>.</param>
    /// <returns>0 where a single one is too large.</returns>
    public static int MostImages(int channels, int height, int width, int columns = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        var (fits, tooMany) = (0, (int)MostPixels);
        while (tooMany - fits > 1)
        {
            var count = fits + (tooMany - fits) / 2;
            (fits, tooMany) = Layout.Of(count, channels, height, width, columns, 0, DefaultGap).Fits ? (count, tooMany) : (fits, count);
        }
        return fits;
    }

    private static void Draw(Tensor images, string path, int columns, int scale, int gap, Marking mark)
    {
        ReadableTensor.Require(images);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"What is written is a PNG file, so its name must end in .png, not as {path} does.", nameof(path));
        if (images.dim() != 4 || images.numel() == 0)
            throw new ArgumentException(
                $"Expected images [batch, channels, height, width], got [{string.Join(", ", images.shape)}].", nameof(images));
        if (!images.is_floating_point())
            throw new ArgumentException(
                $"Images have floating point values in [-1, 1], but these are {images.dtype}: bytes become such by v / 127.5 - 1.",
                nameof(images));
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        var (channels, height, width) = ((int)images.shape[1], (int)images.shape[2], (int)images.shape[3]);
        var layout = Layout.Of((int)images.shape[0], channels, height, width, columns, scale, gap);
        if (!layout.Fits)
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"A grid of {layout.Width:N0} x {layout.Height:N0} pixels is more than a picture holds, {MostPixels:N0} pixels and "
                    + $"{LongestSide:N0} along a side. Save fewer "
                    + $"images, at a smaller scale and gap, or each into a file of its own."), nameof(images));
        (columns, scale) = (layout.Columns, layout.Scale);
        var isPicture = (images.shape[0], scale, gap) == (1, 1, 0);
        var count = layout.Count;
        if (channels is not (1 or 3))
            channels = 1;

        using var scope = NewDisposeScope();
        var values = images.detach().cpu().to(ScalarType.Float32);
        RequireFinite(values, path);
        values = values.clamp(Number.Of(-1), Number.Of(1));
        var pixels = (values.add(Number.Of(1), Number.One) * Number.Of(127.5)).round().to(ScalarType.Byte).contiguous().bytes;

        using var grid = new SKBitmap(new SKImageInfo(
            (int)layout.Width, (int)layout.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        grid.Erase(new SKColor(GapGrey, GapGrey, GapGrey));
        var target = grid.GetPixelSpan();
        var plane = height * width;
        for (var i = 0; i < count; i++)
        {
            var (row, column) = Math.DivRem(i, columns);
            for (var y = 0; y < height * scale; y++)
            {
                var line =
                    target[((gap + row * (height * scale + gap) + y) * grid.RowBytes + 4 * (gap + column * (width * scale + gap)))..];
                for (var x = 0; x < width * scale; x++)
                {
                    var at = i * channels * plane + y / scale * width + x / scale;
                    line[4 * x] = pixels[at];
                    line[4 * x + 1] = pixels[channels == 3 ? at + plane : at];
                    line[4 * x + 2] = pixels[channels == 3 ? at + 2 * plane : at];
                }
            }
        }
        using var image = SKImage.FromBitmap(grid);
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, stream => stream.Write(isPicture ? png.Span : mark(png.Span)));
    }

    /// <summary>Writes how several images came about: a row an image, a column a step.</summary>
    /// <param name="steps">In order, each [batch, channels, height, width] in [-1, 1].</param>
    /// <param name="path">A .png file.</param>
    /// <param name="scale">As in <see cref="Save"/>.</param>
    /// <exception cref="ArgumentException">
    /// There are no steps, or their shapes differ, or one is null or has no numbers, or the strip would have more pixels than a picture
    /// holds.
    /// </exception>
    /// <exception cref="UNetGenException">As in <see cref="Save"/>; an image counts once for each of its steps.</exception>
    public static void SaveStrip(IReadOnlyList<Tensor> steps, string path, int scale = 0)
    {
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentException.ThrowIfNullOrEmpty(path);
        for (var i = 0; i < steps.Count; i++)
        {
            if (ReadableTensor.FaultOf(steps[i]) is { } fault)
                throw new ArgumentException($"The tensor of step {i} {fault}.", nameof(steps));
        }
        if (steps.Count == 0 || steps.Any(step => step.dim() != 4 || !step.shape.SequenceEqual(steps[0].shape)))
            throw new ArgumentException("A strip needs steps, each of the same shape [batch, channels, height, width].", nameof(steps));
        using var scope = NewDisposeScope();
        Draw(stack(steps, dim: 1).flatten(0, 1), path, steps.Count, scale, DefaultGap, OverviewMark.Add);
    }

    /// <summary>No colour stands for such a value, and black or white in its place would look like a picture.</summary>
    private static void RequireFinite(Tensor images, string path)
    {
        var broken = images.isfinite().logical_not().flatten(1).any(1).sum().item<long>();
        if (broken > 0)
            throw new UNetGenException(
                $"{path} isn't drawn: {broken} of {Counted.Of(images.shape[0], "image")} {(broken == 1 ? "has" : "have")} values that are "
                    + "no finite numbers (NaN or infinite), as a training gives that has diverged. Leave these images out, or draw others.");
    }

    private delegate byte[] Marking(ReadOnlySpan<byte> png);

    /// <summary>Where the images go: each channel is one where they aren't drawn together.</summary>
    private readonly record struct Layout(int Count, int Columns, int Scale, long Width, long Height)
    {
        public bool Fits => Width <= LongestSide && Height <= LongestSide && Width * Height <= MostPixels;

        public static Layout Of(int images, int channels, int height, int width, int columns, int scale, int gap)
        {
            var apart = channels is 1 or 3 ? 1 : channels;
            var (count, inRow) = ((long)images * apart, (columns == 0 ? (long)Math.Ceiling(Math.Sqrt(images)) : columns) * apart);
            inRow = Math.Min(inRow, count);
            if (scale == 0)
                scale = Math.Max(1, (int)Math.Ceiling(LeastSide / Math.Max(height, width)));
            var rows = (count + inRow - 1) / inRow;
            return new(
                (int)Math.Min(count, int.MaxValue), (int)Math.Min(inRow, int.MaxValue), scale,
                Side(inRow, width), Side(rows, height));

            // What is beyond a long is beyond a picture too.
            long Side(long number, int pixels) => (long)Math.Min(gap + number * ((double)pixels * scale + gap), long.MaxValue / 2);
        }
    }
}
