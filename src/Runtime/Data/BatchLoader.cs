using System.Runtime.InteropServices;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>
/// An endless row of batches from a source: epochs in an order of their own, one after the other without a gap, so that
/// every batch is full whatever the number of images. What is in a batch, and which of its images are mirrored, is a pure function of the
/// seed and the batch's position in the row: neither where the row was begun nor how many workers read ahead changes it. Several loaders
/// can share a row, each with its part of every batch.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    /// <summary>The most batches that can be prepared at once.</summary>
    internal const int MostWorkers = 1024;

    /// <summary>
    /// The furthest place in the row, and the greatest number of a batch, to begin with: streams of the seed beyond it are others'.
    /// </summary>
    internal const long MostPosition = 1L << 60;

    // Of as many as the machine has cores.
    private const int UsualWorkers = 8;
    private const long MemoryAhead = 256L << 20;

    private readonly SourceShape shape;
    private readonly BatchReader reader;
    private readonly long firstBatch;
    private readonly long firstPosition;
    private readonly long stride;
    private readonly CancellationTokenSource ending = new();

    // A worker is a task that makes one batch, in a buffer that serves again: the next batch's is the first.
    private readonly Queue<Task<BatchBuffer>> ahead = new();
    private readonly SemaphoreSlim turn = new(1);
    private long nextNumber;
    private bool disposed;

    /// <summary>Starts reading ahead.</summary>
    /// <param name="source">Where the images come from.</param>
    /// <param name="batchSize">Images in a batch; may be more than the source has.</param>
    /// <param name="seed">Another seed is another order.</param>
    /// <param name="horizontalFlips">Mirrors half of the images, chosen anew each time; not for digits or letters.</param>
    /// <param name="firstBatch">
    /// The number of the batch to begin with, up to 2^60; those before it are neither read nor drawn.
    /// </param>
    /// <param name="workers">
    /// How many batches are prepared at once, up to 1024, each by one thread and held until it is asked for; 0 takes one a core, up to
    /// eight and to 256 MiB of batches.
    /// </param>
    /// <param name="firstPosition">
    /// The place of that batch's first image in the row, from 0 up to 2^60; null: where batches of this size from number 0 on have brought
    /// it.
    /// </param>
    /// <param name="stride">
    /// Places from one batch's first image to the next one's, at least 1: more than <paramref name="batchSize"/> where others read what is
    /// between; null: the batch size.
    /// </param>
    /// <exception cref="ArgumentNullException">The source is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than its least, or more than its most.</exception>
    /// <exception cref="DataException">
    /// There are no images, or the source says a number of images or a shape that none can have, or a batch takes more than 2 GiB, or
    /// latents are to be mirrored.
    /// </exception>
    public BatchLoader(
        IImageSource source, int batchSize, long seed = 0, bool horizontalFlips = false, long firstBatch = 0, int workers = 0,
        long? firstPosition = null, long? stride = null)
        : this(draw: null, source, batchSize, seed, horizontalFlips, firstBatch, workers, firstPosition, stride)
    {
    }

    /// <summary>One whose workers also draw for each image: <see cref="Batch.Drawn"/> then has what they drew.</summary>
    internal BatchLoader(
        ImageDraw? draw, IImageSource source, int batchSize, long seed = 0, bool horizontalFlips = false, long firstBatch = 0,
        int workers = 0, long? firstPosition = null, long? stride = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, MostWorkers);
        this.stride = stride ?? batchSize;
        ArgumentOutOfRangeException.ThrowIfLessThan(this.stride, 1, nameof(stride));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(this.stride, int.MaxValue, nameof(stride));
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstBatch, firstPosition is null ? MostPosition / this.stride : MostPosition);
        this.firstPosition = firstPosition ?? firstBatch * this.stride;
        ArgumentOutOfRangeException.ThrowIfNegative(this.firstPosition, nameof(firstPosition));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(this.firstPosition, MostPosition, nameof(firstPosition));
        shape = SourceShape.Of(source);
        if (shape.Count == 0)
            throw new DataException($"{source.Description} has no images.");
        SourceChecks.RequireClasses(source);
        if (horizontalFlips)
            SourceChecks.RequireMirrorable(source);
        var bytes = (long)batchSize * shape.PixelCount * sizeof(float);
        var ofConditions = (long)batchSize * shape.ConditionCount * sizeof(float);
        if (Math.Max(bytes, ofConditions) > int.MaxValue)
        {
            var larger = Math.Max(shape.PixelCount, shape.ConditionCount);
            var what = bytes > int.MaxValue
                ? $"images of {shape.Channels}"
                : $"images with conditions of {shape.ConditionChannels}";
            throw new DataException(
                $"A batch of {batchSize} {what} x {shape.Height} x {shape.Width} is larger than 2 GiB; {AtMost(larger)}");
        }
        var ofContexts = (long)batchSize * shape.ContextCount * sizeof(float);
        if (ofContexts > int.MaxValue)
            throw new DataException(
                $"A batch of {batchSize} contexts of {shape.Context} is larger than 2 GiB; {AtMost(shape.ContextCount)}");
        reader = new(draw, source, shape, seed, horizontalFlips);
        BatchSize = batchSize;
        nextNumber = this.firstBatch = firstBatch;
        // Noise is as large as the images.
        var held = (draw is null ? bytes : 2 * bytes) + ofContexts + ofConditions;
        Workers = workers > 0 ? workers : (int)Math.Clamp(MemoryAhead / held, 1, Math.Min(Environment.ProcessorCount, UsualWorkers));
        var numbers = batchSize * shape.PixelCount;
        for (var i = 0; i < Workers; i++)
            Start(new(
                new float[numbers], source.Classes.Count > 0 ? new long[batchSize] : null, draw is null ? null : new float[numbers],
                new double[batchSize], shape.Context is null ? null : new float[batchSize * shape.ContextCount],
                shape.ConditionChannels > 0 ? new float[batchSize * shape.ConditionCount] : null));

        static string AtMost(int values) => values > int.MaxValue / sizeof(float)
            ? "even a single one is."
            : $"use at most {Counted.Of(int.MaxValue / sizeof(float) / values, "image")}.";
    }

    /// <summary>Images in a batch.</summary>
    public int BatchSize { get; }

    /// <summary>How many batches are prepared at once.</summary>
    public int Workers { get; }

    /// <summary>The next batch. What the source throws while reading it is thrown here, and again at every later call.</summary>
    /// <param name="cancellation">After it a batch is waited for two seconds more: a read may hang.</param>
    /// <returns>The caller's to dispose.</returns>
    /// <exception cref="ObjectDisposedException">The loader was disposed of.</exception>
    /// <exception cref="DataException">
    /// The source has another number of images, or others, than when the loader was made; or one of them has values that none can have:
    /// what a source leaves unwritten is NaN.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled, and the batch didn't come in time.</exception>
    /// <exception cref="ShortageException">The source lacked memory, threads or open files.</exception>
    public Batch Next(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        // Another thread may be waiting for a read that hangs.
        if (!Patience.Enter(turn, cancellation))
            throw new OperationCanceledException(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, ending.Token);
            try
            {
                return Take(either.Token);
            }
            catch (OperationCanceledException stopped) when (stopped.CancellationToken == either.Token)
            {
                // The caller knows its own.
                throw new OperationCanceledException(stopped.Message, stopped, cancellation);
            }
        }
        catch (OperationCanceledException) when (disposed)
        {
            throw new ObjectDisposedException(nameof(BatchLoader));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>The next batch if it is there; null: it isn't yet, or can't be read, of which <see cref="Next"/> tells.</summary>
    internal Batch? NextIfReady()
    {
        if (!turn.Wait(0))
            return null;
        try
        {
            return !disposed && ahead.Peek().IsCompletedSuccessfully ? Take(CancellationToken.None) : null;
        }
        finally
        {
            turn.Release();
        }
    }

    private Batch Take(CancellationToken cancellation)
    {
        var number = nextNumber - ahead.Count;
        // What a source lacks, a smaller batch needn't give it.
        var buffer = Shortage.Explained(() => Patience.Await(ahead.Peek(), cancellation));
        ahead.Dequeue();
        // Made here and not by a worker: a tensor belongs to the dispose scope of the thread that makes it.
        var images = TensorOf(buffer.Pixels, shape.Channels, shape.Height, shape.Width);
        var labels = buffer.Labels is null ? null : tensor(buffer.Labels, device: CPU);
        var context = buffer.Contexts is null ? null : TensorOf(buffer.Contexts, shape.Context!.Value.Tokens, shape.Context!.Value.Width);
        var condition = buffer.Conditions is null ? null : TensorOf(buffer.Conditions, shape.ConditionChannels, shape.Height, shape.Width);
        Drawn? drawn = buffer.Noise is null
            ? null
            : new(TensorOf(buffer.Noise, shape.Channels, shape.Height, shape.Width), [.. buffer.Times]);
        Start(buffer);
        return new Batch(images, labels, number, PositionOf(number))
        {
            Context = context,
            Condition = condition,
            Drawn = drawn,
        };
    }

    /// <summary>
    /// Ends the workers, and returns when they have ended: each finishes the image that it is reading. One whose read hangs is left to
    /// itself after two seconds.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, true))
            return;
        ending.Cancel();
        // Who waits for a batch leaves; and no worker is begun any more.
        turn.Wait();
        try
        {
            if (Patience.Ends(Task.WhenAll(ahead)))
                ending.Dispose();
        }
        finally
        {
            turn.Release();
        }
    }

    private void Start(BatchBuffer buffer)
    {
        var number = nextNumber++;
        ahead.Enqueue(Task.Run(() => reader.Read(buffer, PositionOf(number), ending.Token), ending.Token));
    }

    private Tensor TensorOf(float[] values, params long[] shape)
    {
        var made = empty([BatchSize, .. shape], ScalarType.Float32, CPU);
        MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(made.bytes);
        return made;
    }

    private long PositionOf(long number) => checked(firstPosition + (number - firstBatch) * stride);
}
