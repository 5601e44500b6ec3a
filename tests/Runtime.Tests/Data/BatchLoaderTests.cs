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

    [Theory]
    [InlineData(10, 5)]
    [InlineData(10, 4)]
    [InlineData(10, 10)]
    [InlineData(3, 8)]
    [InlineData(1, 5)]
    public void Every_epoch_has_every_image_once_whatever_the_batch_size(int count, int batchSize)
    {
        var row = Row(new Numbers(count), batchSize, seed: 3, batches: 6 * count).Chunk(count).Where(epoch => epoch.Length == count).ToArray();
        Assert.All(row, epoch => Assert.Equal(Enumerable.Range(0, count), epoch.Order()));
        if (count == 10)
            Assert.True(row.Select(epoch => string.Join(' ', epoch)).Distinct().Count() > row.Length / 2, "the order must change from epoch to epoch");
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
        using var loader = new BatchLoader(new Numbers(10, failsFrom: 6), 3);
        loader.Next().Dispose();
        loader.Next().Dispose();
        Assert.Equal("image 6 is gone", Assert.Throws<InvalidDataException>(() => loader.Next()).Message);
        Assert.Equal("image 6 is gone", Assert.Throws<InvalidDataException>(() => loader.Next()).Message);
    }

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
            Assert.Equal(1, scope.DisposablesCount);
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
        {
            using var batch = loader.Next();
            row.AddRange(batch.Images.data<float>().ToArray().Select(value => (int)value));
        }
        return [.. row];
    }

    private static float[] ReadImage(IImageSource source, int index)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(index, pixels);
        return pixels;
    }

    /// <summary>Images of one pixel, each its own number; the reading of number <paramref name="failsFrom"/>, counted in readings, fails.</summary>
    private sealed class Numbers(int count, int failsFrom = int.MaxValue) : IImageSource
    {
        private int read;

        public string Description => "numbers";
        public int Count => count;
        public int Channels => 1;
        public int Height => 1;
        public int Width => 1;

        public void Read(int index, Span<float> pixels)
        {
            if (read++ >= failsFrom)
                throw new InvalidDataException($"image {failsFrom} is gone");
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
}
