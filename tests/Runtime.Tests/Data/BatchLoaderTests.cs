using CsCheck;
using TorchSharp;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

public class BatchLoaderTests
{
    [Fact]
    public void A_batch_of_more_than_2_GiB_is_refused_with_the_largest_that_fits()
    {
        var error = Assert.Throws<DataException>(() => new BatchLoader(new ShapesSource(3, 1024, 1024), 1000));
        Assert.Contains("use at most 170 images", error.Message);
    }

    [Fact]
    public void Batches_are_float32_on_the_cpu_shaped_batch_channels_height_width_with_each_image_whole()
    {
        var source = new ShapesSource(3, 8, 10, count: 100);
        using var loader = new BatchLoader(source, 6);
        using var batch = loader.Next().Images;
        Assert.Equal([6L, 3, 8, 10], batch.shape);
        Assert.Equal((torch.ScalarType.Float32, DeviceType.CPU), (batch.dtype, batch.device_type));
        var images = Enumerable.Range(0, 100).Select(i => ReadImage(source, i)).ToArray();
        var read = batch.data<float>().ToArray().Chunk(240).ToArray();
        Assert.All(read, image => Assert.Contains(images, image.SequenceEqual));
        Assert.Equal(6, read.Select(image => string.Join(' ', image)).Distinct().Count());
    }

    [Fact]
    public void Several_threads_get_each_a_batch_of_its_own_and_together_the_whole_row()
    {
        var source = new ShapesSource(1, 8, 8, count: 30);
        using var alone = new BatchLoader(source, 4);
        var row = Enumerable.Range(0, 100).Select(_ => Values(alone)).ToDictionary(batch => batch.Number, batch => batch.Images);
        using var shared = new BatchLoader(source, 4);
        var taken = new System.Collections.Concurrent.ConcurrentBag<(long Number, float[] Images)>();

        Parallel.For(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ => taken.Add(Values(shared)));

        Assert.Equal(row.Keys.Order(), taken.Select(batch => batch.Number).Order());
        Assert.All(taken, batch => Assert.Equal(row[batch.Number], batch.Images));

        static (long Number, float[] Images) Values(BatchLoader loader)
        {
            var batch = loader.Next();
            using var images = batch.Images;
            return (batch.Number, images.data<float>().ToArray());
        }
    }

    [Fact]
    public async Task A_token_ends_the_wait_behind_another_thread_whose_read_hangs_and_so_does_disposing()
    {
        using var source = new Hanging();
        using var loader = new BatchLoader(source, 1, workers: 1);
        var first = Task.Run(() => loader.Next());
        Assert.True(source.IsRead.Wait(TimeSpan.FromMinutes(1)));
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        Assert.ThrowsAny<OperationCanceledException>(() => loader.Next(stop.Token));
        loader.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first);
    }

    [Fact]
    public void A_read_that_hangs_is_ended_by_the_callers_own_token()
    {
        using var source = new Hanging();
        using var loader = new BatchLoader(source, 1, workers: 1);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        Assert.Equal(stop.Token, Assert.ThrowsAny<OperationCanceledException>(() => loader.Next(stop.Token)).CancellationToken);
    }

    [Fact]
    public async Task Who_waits_for_a_batch_of_a_loader_that_is_disposed_is_told_so()
    {
        for (var i = 0; i < 50; i++)
        {
            var loader = new BatchLoader(new ShapesSource(1, 8, 8, count: 30), 4);
            var taking = Task.Run(() =>
            {
                while (true)
                    loader.Next().Dispose();
            });
            Thread.Yield();
            loader.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => taking);
        }
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(10, 4)]
    [InlineData(10, 10)]
    [InlineData(3, 8)]
    [InlineData(1, 5)]
    public void Every_epoch_has_every_image_once_whatever_the_batch_size(int count, int batchSize)
    {
        var row = Row(new Numbers(count), batchSize, seed: 3, batches: 6 * count).Chunk(count).Where(epoch => epoch.Length == count)
            .ToArray();
        Assert.All(row, epoch => Assert.Equal(Enumerable.Range(0, count), epoch.Order()));
        if (count == 10)
            Assert.True(
                row.Select(epoch => string.Join(' ', epoch)).Distinct().Count() > row.Length / 2,
                "the order must change from epoch to epoch");
    }

    [Fact]
    public void A_seed_gives_one_row_and_another_seed_another_and_the_batch_size_does_not_change_it()
    {
        var row = Row(new Numbers(50), 10, seed: 1, batches: 20);
        Assert.Equal(row, Row(new Numbers(50), 10, seed: 1, batches: 20));
        Assert.Equal(row, Row(new Numbers(50), 25, seed: 1, batches: 8));
        Assert.NotEqual(row, Row(new Numbers(50), 10, seed: 2, batches: 20));
    }

    [Fact]
    public void Shuffling_gives_each_order_its_share()
    {
        var orders = Row(new Numbers(3), 3, seed: 0, batches: 6000).Chunk(3).CountBy(order => string.Join(' ', order)).ToDictionary();
        Assert.Equal(6, orders.Count);
        // Binomial(6000, 1/6): mean 1000, standard deviation 29.
        Assert.All(orders.Values, times => Assert.InRange(times, 870, 1130));
    }

    [Fact]
    public void Flips_mirror_about_half_of_the_images_row_by_row_and_only_when_asked_for()
    {
        var source = new Ramp();
        var flipped = 0;
        using var plain = new BatchLoader(source, 1, seed: 4);
        using var mirroring = new BatchLoader(source, 1, seed: 4, horizontalFlips: true);
        for (var i = 0; i < 400; i++)
        {
            using var asIs = plain.Next().Images;
            using var maybe = mirroring.Next().Images;
            using var mirrored = asIs.flip(3);
            Assert.Equal(ReadImage(source, 0), asIs.data<float>().ToArray());
            var values = maybe.data<float>().ToArray();
            var isMirrored = values.SequenceEqual(mirrored.data<float>().ToArray());
            Assert.True(isMirrored || values.SequenceEqual(ReadImage(source, 0)));
            flipped += isMirrored ? 1 : 0;
        }
        Assert.InRange(flipped, 150, 250);
    }

    [Fact]
    public void What_the_source_throws_comes_out_of_next_at_its_batch_and_ever_after()
    {
        const int missing = 6;
        var batches = Array.IndexOf(Row(new Numbers(10), 3, seed: 0, batches: 4), missing) / 3;
        using var loader = new BatchLoader(new Numbers(10, missing), 3, workers: 4);
        for (var i = 0; i < batches; i++)
            loader.Next().Dispose();
        Assert.Equal("image 6 is gone", Assert.Throws<InvalidDataException>(() => loader.Next()).Message);
        Assert.Equal("image 6 is gone", Assert.Throws<InvalidDataException>(() => loader.Next()).Message);
    }

    [Fact]
    public void Any_number_of_workers_and_any_first_batch_give_the_same_row() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 60], Gen.Long, Gen.Bool, Gen.Int[0, 12], Gen.Int[1, 7]).Sample(
            (count, batchSize, seed, flips, first, workers) =>
        {
            var source = new ShapesSource(1, 2, 3, seed: 1, count);
            using var one = new BatchLoader(source, batchSize, seed, flips, workers: 1);
            for (var i = 0; i < first; i++)
                one.Next().Dispose();
            using var other = new BatchLoader(source, batchSize, seed, flips, first, workers);
            for (var i = 0; i < 5; i++)
            {
                using var expected = one.Next();
                using var actual = other.Next();
                Assert.Equal((first + i, first + i), (expected.Number, actual.Number));
                Assert.Equal(expected.Images.data<float>().ToArray(), actual.Images.data<float>().ToArray());
                Assert.Equal(expected.Labels!.data<long>().ToArray(), actual.Labels!.data<long>().ToArray());
            }
        }, iter: 100);

    [Fact]
    public void A_row_begun_far_on_is_the_same_whoever_makes_it()
    {
        // The millionth batch of a run of days, in the 4,000th epoch.
        using var one = new BatchLoader(new Numbers(2000), 8, seed: 9, firstBatch: 1_000_000, workers: 1);
        using var four = new BatchLoader(new Numbers(2000), 8, seed: 9, firstBatch: 1_000_000, workers: 4);
        var row = Enumerable.Range(0, 500).SelectMany(_ => Values(one)).ToArray();
        Assert.Equal(row, Enumerable.Range(0, 500).SelectMany(_ => Values(four)));
        Assert.Equal(Enumerable.Range(0, 2000), row.Take(2000).Order());
        Assert.Equal(Enumerable.Range(0, 2000), row.Skip(2000).Order());
    }

    [Fact]
    public void Labels_are_those_of_the_images_of_the_batch()
    {
        using var loader = new BatchLoader(new Numbers(50), 20);
        for (var i = 0; i < 10; i++)
        {
            using var batch = loader.Next();
            Assert.Equal([20L], batch.Labels!.shape);
            Assert.Equal((torch.ScalarType.Int64, DeviceType.CPU), (batch.Labels.dtype, batch.Labels.device_type));
            Assert.Equal(batch.Images.data<float>().ToArray().Select(number => (long)number % 3), batch.Labels.data<long>().ToArray());
        }
    }

    [Fact]
    public void Without_classes_there_are_no_labels()
    {
        using var loader = new BatchLoader(new Ramp(), 2);
        using var batch = loader.Next();
        Assert.Null(batch.Labels);
        Assert.Throws<InvalidOperationException>(() => ((IImageSource)new Ramp()).Label(0));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1025)]
    public void A_number_of_workers_that_no_machine_has_is_refused(int workers) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchLoader(new Numbers(10), 1, workers: workers));

    [Fact]
    public void Several_workers_read_at_once()
    {
        using var source = new Gate(images: 100);
        using var loader = new BatchLoader(source, 1, workers: 4);
        // Were there only one, the others would never come.
        source.WaitForReaders(4);
        source.LetIn(100);
        loader.Next().Dispose();
    }

    [Fact]
    public void Nobody_reads_further_ahead_than_there_are_workers()
    {
        using var source = new Gate(images: 100);
        source.LetIn(1000);
        using (var loader = new BatchLoader(source, 5, workers: 3))
        {
            loader.Next().Dispose();
            loader.Next().Dispose();
        }
        Assert.InRange(source.Reads, 2 * 5, (2 + 3) * 5);
    }

    [Fact]
    public async Task Disposing_ends_the_workers_in_the_midst_of_a_batch_and_returns_after_them()
    {
        using var source = new Gate(images: 100_000);
        using var loader = new BatchLoader(source, batchSize: 100_000, workers: 2);
        source.WaitForReaders(2);
        var disposing = Task.Run(loader.Dispose);
        while (!disposing.IsCompleted)
        {
            source.LetIn(1);
            await Task.WhenAny(disposing, Task.Delay(1));
        }
        await disposing;
        var reads = source.Reads;
        Assert.InRange(reads, 2, 99_999);
        Assert.Throws<ObjectDisposedException>(() => loader.Next());
        Assert.Equal(reads, source.Reads);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, -1, 0)]
    [InlineData(1, 0, -1)]
    public void Nonsense_is_refused(int batchSize, long firstBatch, int workers) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new BatchLoader(new Numbers(3), batchSize, firstBatch: firstBatch, workers: workers));

    [Fact]
    public void A_batch_belongs_to_the_caller_s_dispose_scope_and_nothing_else_lives_on()
    {
        using var loader = new BatchLoader(new ShapesSource(3, 8, 8), 4);
        loader.Next().Dispose();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 20; i++)
        {
            using var scope = torch.NewDisposeScope();
            loader.Next();
            Assert.Equal(2, scope.DisposablesCount);
        }
        loader.Next().Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_batch_is_not_changed_by_the_batches_after_it()
    {
        using var loader = new BatchLoader(new ShapesSource(1, 8, 8), 4);
        using var first = loader.Next().Images;
        var values = first.data<float>().ToArray();
        for (var i = 0; i < 5; i++)
            loader.Next().Dispose();
        Assert.Equal(values, first.data<float>().ToArray());
    }

    private static int[] Row(IImageSource source, int batchSize, long seed, int batches)
    {
        using var loader = new BatchLoader(source, batchSize, seed);
        var row = new List<int>();
        for (var i = 0; i < batches; i++)
            row.AddRange(Values(loader));
        return [.. row];
    }

    private static int[] Values(BatchLoader loader)
    {
        using var batch = loader.Next();
        return [.. batch.Images.data<float>().ToArray().Select(value => (int)value)];
    }

    private static float[] ReadImage(IImageSource source, int index)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(index, pixels);
        return pixels;
    }

    /// <summary>Images of one pixel, each its own number, of three classes; reading <paramref name="missing"/> fails.</summary>
    private sealed class Numbers(int count, int missing = -1) : IImageSource
    {
        public string Description => "numbers";
        public int Count => count;
        public int Channels => 1;
        public int Height => 1;
        public int Width => 1;
        public bool IsBounded => false;
        public IReadOnlyList<string> Classes => ["a", "b", "c"];

        public int Label(int index) => index % 3;

        public void Read(int index, Span<float> pixels)
        {
            if (index == missing)
                throw new InvalidDataException($"image {missing} is gone");
            pixels[0] = index;
        }
    }

    /// <summary>One image of three channels whose every value is different.</summary>
    private sealed class Ramp : IImageSource
    {
        public string Description => "ramp";
        public int Count => 1;
        public int Channels => 3;
        public int Height => 2;
        public int Width => 5;

        public void Read(int index, Span<float> pixels)
        {
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] = i / 30f;
        }
    }

    /// <summary>Whoever reads waits to be let in.</summary>
    private sealed class Gate(int images) : IImageSource, IDisposable
    {
        private readonly SemaphoreSlim places = new(0);
        private readonly SemaphoreSlim readers = new(0);
        private int reads;

        public string Description => "gate";
        public int Count => images;
        public int Channels => 1;
        public int Height => 1;
        public int Width => 1;
        public int Reads => Volatile.Read(ref reads);

        public void WaitForReaders(int count)
        {
            for (var i = 0; i < count; i++)
                readers.Wait();
        }

        public void LetIn(int count) => places.Release(count);

        public void Read(int index, Span<float> pixels)
        {
            Interlocked.Increment(ref reads);
            readers.Release();
            places.Wait();
            pixels.Clear();
        }

        public void Dispose()
        {
            places.Dispose();
            readers.Dispose();
        }
    }

    /// <summary>One image whose read doesn't end until this is disposed.</summary>
    private sealed class Hanging : IImageSource, IDisposable
    {
        private readonly ManualResetEventSlim end = new();

        public ManualResetEventSlim IsRead { get; } = new();

        public string Description => "a share that is away";

        public int Count => 1;

        public int Channels => 1;

        public int Height => 1;

        public int Width => 1;

        public void Read(int index, Span<float> pixels)
        {
            IsRead.Set();
            end.Wait();
        }

        public void Dispose() => end.Set();
    }
}
