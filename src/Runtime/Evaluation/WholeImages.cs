using System.Runtime.InteropServices;
using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>Some of a source's images.</summary>
/// <param name="Images">[batch, channels, height, width], float32, on the CPU; the receiver's to dispose.</param>
/// <param name="Numbers">Of the images in the source.</param>
internal readonly record struct ImageBatch(Tensor Images, IReadOnlyList<int> Numbers);

/// <summary>A source's images for what counts them.</summary>
internal static class WholeImages
{
    /// <summary>
    /// Every image once, by its number. Images whose files turn out broken are left out: another stands in for each, and would count twice.
    /// Of several processes each has its turns.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; a read that hangs is left to itself.</exception>
    public static IEnumerable<ImageBatch> InOrder(
        IImageSource source, int batchSize, int rank = 0, int ranks = 1, CancellationToken cancellation = default)
    {
        var shape = SourceShape.Of(source);
        var pixels = new float[checked(Math.Min(batchSize, shape.Count) * shape.PixelCount)];
        for (var start = (long)rank * batchSize; start < shape.Count; start += (long)ranks * batchSize)
        {
            var first = (int)start;
            var size = Math.Min(batchSize, shape.Count - first);
            var read = Task.Run(() => Read(source, first, size, pixels, cancellation), default);
            var numbers = Patience.Await(read, cancellation);
            if (numbers.Count == 0)
                continue;
            // Made here: a tensor belongs to the dispose scope of the thread that makes it.
            var images = empty([numbers.Count, shape.Channels, shape.Height, shape.Width], ScalarType.Float32, CPU);
            MemoryMarshal.AsBytes(pixels.AsSpan(0, numbers.Count * shape.PixelCount)).CopyTo(images.bytes);
            yield return new(images, numbers);
        }
    }

    /// <exception cref="DataException">There was no image to be counted.</exception>
    public static void RequireSome(IImageSource source, bool wereAny)
    {
        if (source.Count == 0)
            throw new DataException($"There are no images to count: {source.Description}.");
        if (!wereAny)
            throw new DataException($"None of the images can be counted: {source.Description}, and all of their files are broken.");
    }

    /// <summary>Writes the whole ones of <paramref name="count"/> images, one after the other.</summary>
    /// <returns>Their numbers.</returns>
    private static List<int> Read(IImageSource source, int first, int count, float[] pixels, CancellationToken cancellation)
    {
        var length = source.PixelCount();
        var numbers = new List<int>(count);
        for (var number = first; number < first + count; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            var image = pixels.AsSpan(numbers.Count * length, length);
            // What a source leaves unwritten would be another image's; so it shows.
            image.Fill(float.NaN);
            if (source.TryRead(number, image))
                numbers.Add(number);
        }
        return numbers;
    }
}
