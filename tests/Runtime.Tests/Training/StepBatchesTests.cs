using CsCheck;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What the loader's workers draw ahead is what was drawn for each image in its turn.</summary>
public class StepBatchesTests
{
    private static readonly TrainingOptions Options = new() { Steps = 1, Seed = 5, OffsetNoise = 0.2 };

    [Fact]
    public void What_workers_draw_ahead_is_to_the_bit_what_is_drawn_one_by_one_without_them() =>
        // Below and above 16 numbers, where libtorch draws otherwise.
        Gen.Select(Gen.Bool, Gen.Int[1, 6], Gen.Int[1, 9], Gen.Long, Gen.Int[1, 5], Gen.Double[0, 1], Gen.Bool).Sample(
            (colours, size, batchSize, seed, workers, labelDropout, offset) =>
        {
            using var scope = NewDisposeScope();
            using var network = Network(colours ? 3 : 1, size);
            var source = new ShapesSource(colours ? 3 : 1, size, size, seed: 1, count: 7);
            var options = Options with { Seed = seed, OffsetNoise = offset ? 0.1 : 0 };
            using var plain = new BatchLoader(source, batchSize, seed, workers: 1, firstBatch: 3);
            using var loader = new BatchLoader(
                new StepDraws(network, options, labelDropout).Draw, source, batchSize, seed, workers: workers, firstBatch: 3);
            using var diffusion = DiffusionProcess.Of(network.Diffusion);
            using var batches = new StepBatches(loader, network, diffusion);
            for (var step = 4; step < 8; step++)
            {
                using var batch = plain.Next();
                using var ahead = batches.Next(default);
                batches.Begin();
                var (timesteps, noise, labels) = OneByOne(network, batch, options, labelDropout);
                Assert.Equal(timesteps, Array.ConvertAll(ahead.Times, time => (long)time));
                Assert.Equal(timesteps, ahead.Timesteps.data<long>().ToArray());
                Assert.Equal(labels, ahead.Labels!.data<long>().ToArray());
                Assert.Equal(noise, ahead.Noise.data<float>().ToArray());
                Assert.Equal(batch.Images.data<float>().ToArray(), ahead.Images.data<float>().ToArray());
                Assert.Equal(step - 1, ahead.Number);
            }
        }, iter: 60);

    [Fact]
    public void A_batch_that_cannot_be_read_is_told_of_when_it_is_due_and_not_while_the_one_before_is_trained_on()
    {
        using var network = new TwoConvNet();
        using var loader = new BatchLoader(
            new StepDraws(network, Options, labelDropout: 0).Draw, new Broken(after: 4), 2, workers: 1);
        using var diffusion = DiffusionProcess.Of(network.Diffusion);
        using var batches = new StepBatches(loader, network, diffusion);
        for (var step = 0; step < 2; step++)
        {
            batches.Next(default).Dispose();
            // The worker has time to fail.
            Thread.Sleep(50);
            batches.Begin();
        }
        Assert.Equal("there are no more", Assert.Throws<InvalidDataException>(() => batches.Next(default)).Message);
    }

    [Fact]
    public void A_network_without_classes_has_no_labels_though_the_images_have()
    {
        using var network = new TwoConvNet();
        using var loader = new BatchLoader(new StepDraws(network, Options, labelDropout: 0).Draw, new Stripes(classes: 2), 4);
        using var diffusion = DiffusionProcess.Of(network.Diffusion);
        using var batches = new StepBatches(loader, network, diffusion);
        using var batch = batches.Next(default);
        Assert.Null(batch.Labels);
    }

    private static TwoConvNet Network(int channels, int size)
    {
        var network = new TwoConvNet(classes: 9);
        network.Described = network.Described with { Channels = channels, ImageHeight = size, ImageWidth = size };
        return network;
    }

    /// <summary>By libtorch's operators alone, each image's noise in its place of the batch's.</summary>
    private static (long[] Timesteps, float[] Noise, long[] Labels) OneByOne(
        NoisePredictor network, Batch batch, TrainingOptions options, double labelDropout)
    {
        var shape = batch.Images.shape;
        var noise = empty(shape, ScalarType.Float32, CPU);
        var timesteps = new long[shape[0]];
        var labels = batch.Labels!.data<long>().ToArray();
        for (var i = 0; i < timesteps.Length; i++)
        {
            var place = batch.Position + i;
            var random = new CounterHash(options.Seed, (1L << 61) + place);
            timesteps[i] = random.NextInt(network.Diffusion.Timesteps);
            if (random.Next(0, 1) < labelDropout)
                labels[i] = 8;
            var seed = unchecked((uint)new CounterHash(options.Seed, 1L << 62).NextBits() + (uint)place);
            using var generator = new Generator(seed, CPU);
            var image = noise.select(0, i).normal_(0, 1, generator);
            if (options.OffsetNoise > 0)
                image.add_(options.OffsetNoise * randn([shape[1], 1, 1], ScalarType.Float32, CPU, generator: generator));
        }
        return (timesteps, noise.data<float>().ToArray(), labels);
    }

    private sealed class Broken(int after) : IImageSource
    {
        private int read;

        public string Description => "images that end";

        public int Count => 100;

        public int Channels => 1;

        public int Height => 8;

        public int Width => 8;

        public IReadOnlyList<string> Classes => [];

        public int Label(int index) => 0;

        public void Read(int index, Span<float> pixels)
        {
            if (Interlocked.Increment(ref read) > after)
                throw new InvalidDataException("there are no more");
            pixels.Clear();
        }
    }
}
