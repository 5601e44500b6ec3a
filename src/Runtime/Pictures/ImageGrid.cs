using SkiaSharp;
using UNetGen.Files;
using static TorchSharp.torch;

namespace UNetGen.Pictures;

/// <summary>Tensors of images as one PNG file, row by row, magnified by a whole number so that single pixels can be seen.</summary>
public static class ImageGrid
{
    private const int DefaultGap = 4;

    // Apart from black and white pictures alike.
    private const byte GapGrey = 96;

    /// <summary>
    /// Writes images as a grid. The file is replaced as a whole or not at all. It bears an <see cref="OverviewMark"/>, so that no
    /// training takes it
    /// for data; a single image without a gap at a scale of 1 is a picture like others, and bears none.
    /// </summary>
    /// <param name="images">
    /// [batch, channels, height, width] in [-1, 1], on any device; what lies beyond is clipped, NaN is black. One channel is drawn grey,
    /// three as RGB; with any other number each image's channels follow one another in grey.
    /// </param>
    /// <param name="path">A .png file; its folder is made where it is missing.</param>
    /// <param name="columns">Images in a row; 0 makes the grid as square as it can be.</param>
    /// <param name="scale">Pixels a pixel, along each side; 0 takes the first at which images are at least 64 wide or high.</param>
    /// <param name="gap">Pixels around each image; 0 with a single image and a scale of 1 writes it as it is.</param>
    /// <exception cref="ArgumentException">The tensor hasn't four dimensions, or is empty.</exception>
    public static void Save(Tensor images, string path, int columns = 0, int scale = 0, int gap = DefaultGap)
    {
        if (images.dim() != 4 || images.numel() == 0)
            throw new ArgumentException(
                $"Expected images [batch, channels, height, width], got [{string.Join(", ", images.shape)}].", nameof(images));
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        var (count, channels, height, width) = ((int)images.shape[0], (int)images.shape[1], (int)images.shape[2], (int)images.shape[3]);
        if (columns == 0)
            columns = (int)Math.Ceiling(Math.Sqrt(count));
        if (scale == 0)
            scale = Math.Max(1, (int)Math.Ceiling(64.0 / Math.Max(height, width)));
        if (channels is not (1 or 3))
            (count, columns, channels) = (count * channels, columns * channels, 1);
        columns = Math.Min(columns, count);
        var rows = (count + columns - 1) / columns;

        using var scope = NewDisposeScope();
        var pixels = ((images.detach().cpu().to(ScalarType.Float32).clamp(-1, 1).nan_to_num(-1) + 1) * 127.5).round().to(ScalarType.Byte)
            .contiguous().bytes;

        using var grid = new SKBitmap(new SKImageInfo(
            gap + columns * (width * scale + gap), gap + rows * (height * scale + gap), SKColorType.Rgba8888, SKAlphaType.Opaque));
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
        var isPicture = (count, scale, gap) == (1, 1, 0);
        AtomicFile.Write(path, stream => stream.Write(isPicture ? png.Span : OverviewMark.Add(png.Span)));
    }

    /// <summary>Writes how several images came about: a row an image, a column a step.</summary>
    /// <param name="steps">In order, each [batch, channels, height, width] in [-1, 1].</param>
    /// <param name="path">A .png file.</param>
    /// <param name="scale">As in <see cref="Save"/>.</param>
    /// <exception cref="ArgumentException">There are no steps, or their shapes differ.</exception>
    public static void SaveStrip(IReadOnlyList<Tensor> steps, string path, int scale = 0)
    {
        if (steps.Count == 0 || steps.Any(step => step.dim() != 4 || !step.shape.SequenceEqual(steps[0].shape)))
            throw new ArgumentException("A strip needs steps, each of the same shape [batch, channels, height, width].", nameof(steps));
        using var scope = NewDisposeScope();
        Save(stack(steps, dim: 1).flatten(0, 1), path, steps.Count, scale);
    }
}
