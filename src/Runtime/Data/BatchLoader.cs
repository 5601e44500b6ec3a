using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>
/// An endless row of batches from a source, for one reader: epochs in an order of their own, one after the other without a gap, so that every
/// batch is full whatever the number of images. The same seed gives the same row. One batch ahead is prepared in the background.
/// </summary>
public sealed class BatchLoader
{
    private readonly IImageSource source;
    private readonly long seed;
    private readonly bool horizontalFlips;
    private readonly float[] pixels;
    private readonly int[] order;
    private long epoch = -1;
    private long position;
    private Task ahead;

    /// <summary>Starts at the first batch.</summary>
    /// <param name="source">Where the images come from.</param>
    /// <param name="batchSize">Images in a batch; may be more than the source has.</param>
    /// <param name="seed">Another seed is another order.</param>
    /// <param name="horizontalFlips">Mirrors half of the images, chosen anew each time; not for digits or letters.</param>
    public BatchLoader(IImageSource source, int batchSize, long seed = 0, bool horizontalFlips = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        if (source.Count == 0)
            throw new ArgumentException("The source has no images.", nameof(source));
        if ((long)batchSize * source.PixelCount() * sizeof(float) > int.MaxValue)
            throw new DataException(
                $"A batch of {batchSize} images of {source.Channels} x {source.Height} x {source.Width} is larger than 2 GiB; "
                + $"use at most {int.MaxValue / sizeof(float) / source.PixelCount()} images.");
        (this.source, BatchSize, this.seed, this.horizontalFlips) = (source, batchSize, seed, horizontalFlips);
        pixels = new float[batchSize * source.PixelCount()];
        order = new int[source.Count];
        ahead = Task.Run(Prepare);
    }

    /// <summary>Images in a batch.</summary>
    public int BatchSize { get; }

    /// <summary>The next batch. What the source throws while reading it is thrown here, and again at every later call.</summary>
    /// <returns>[batch, channels, height, width], float32, on the CPU, in [-1, 1]; the caller's to dispose.</returns>
    public Tensor Next()
    {
        ahead.GetAwaiter().GetResult();
        // Made here and not in the background: a tensor belongs to the dispose scope of the thread that makes it.
        var batch = empty([BatchSize, source.Channels, source.Height, source.Width], ScalarType.Float32, CPU);
        MemoryMarshal.AsBytes(pixels.AsSpan()).CopyTo(batch.bytes);
        ahead = Task.Run(Prepare);
        return batch;
    }

    private void Prepare()
    {
        var length = source.PixelCount();
        for (var i = 0; i < BatchSize; i++, position++)
        {
            var (epochOfPosition, place) = Math.DivRem(position, source.Count);
            if (epochOfPosition != epoch)
                Shuffle(epochOfPosition);
            var image = pixels.AsSpan(i * length, length);
            source.Read(order[place], image);
            if (horizontalFlips && new CounterHash(seed, ~position).NextInt(2) == 1)
                Mirror(image);
        }
    }

    /// <summary>Fisher and Yates. Epochs take the streams from 0 up, flips those from -1 down.</summary>
    private void Shuffle(long nextEpoch)
    {
        epoch = nextEpoch;
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        var random = new CounterHash(seed, epoch);
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
    }

    private void Mirror(Span<float> image)
    {
        for (var row = 0; row < image.Length; row += source.Width)
            image.Slice(row, source.Width).Reverse();
    }
}
