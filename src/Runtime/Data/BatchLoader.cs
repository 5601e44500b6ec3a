using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>
/// An endless row of batches from a source, for one reader: epochs in an order of their own, one after the other without a gap, so that every
/// batch is full whatever the number of images. The same seed gives the same row. One batch ahead is prepared in the background.
/// </summary>
public sealed class BatchLoader
{
    private readonly IImageSource _source;
    private readonly long _seed;
    private readonly bool _horizontalFlips;
    private readonly float[] _pixels;
    private readonly int[] _order;
    private long _epoch = -1;
    private long _position;
    private Task _ahead;

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
        (_source, BatchSize, _seed, _horizontalFlips) = (source, batchSize, seed, horizontalFlips);
        _pixels = new float[checked(batchSize * source.PixelCount())];
        _order = new int[source.Count];
        _ahead = Task.Run(Prepare);
    }

    /// <summary>Images in a batch.</summary>
    public int BatchSize { get; }

    /// <summary>The next batch. What the source throws while reading it is thrown here, and again at every later call.</summary>
    /// <returns>[batch, channels, height, width], float32, on the CPU, in [-1, 1]; the caller's to dispose.</returns>
    public Tensor Next()
    {
        _ahead.GetAwaiter().GetResult();
        // Made here and not in the background: a tensor belongs to the dispose scope of the thread that makes it.
        var batch = empty([BatchSize, _source.Channels, _source.Height, _source.Width], ScalarType.Float32, CPU);
        MemoryMarshal.AsBytes(_pixels.AsSpan()).CopyTo(batch.bytes);
        _ahead = Task.Run(Prepare);
        return batch;
    }

    private void Prepare()
    {
        var length = _source.PixelCount();
        for (var i = 0; i < BatchSize; i++, _position++)
        {
            var (epoch, place) = Math.DivRem(_position, _source.Count);
            if (epoch != _epoch)
                Shuffle(epoch);
            var image = _pixels.AsSpan(i * length, length);
            _source.Read(_order[place], image);
            if (_horizontalFlips && new CounterHash(_seed, ~_position).NextInt(2) == 1)
                Mirror(image);
        }
    }

    /// <summary>Fisher and Yates. Epochs take the streams from 0 up, flips those from -1 down.</summary>
    private void Shuffle(long epoch)
    {
        _epoch = epoch;
        for (var i = 0; i < _order.Length; i++)
            _order[i] = i;
        var random = new CounterHash(_seed, epoch);
        for (var i = _order.Length - 1; i > 0; i--)
        {
            var j = random.NextInt(i + 1);
            (_order[i], _order[j]) = (_order[j], _order[i]);
        }
    }

    private void Mirror(Span<float> image)
    {
        for (var row = 0; row < image.Length; row += _source.Width)
            image.Slice(row, _source.Width).Reverse();
    }
}
