using UNetGen.Data;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// All that chance decides in a step for a batch, on the CPU: the same on every device and however the batch is cut, into parts or among
/// ranks. What is drawn for an image is a pure function of the seed and of the image's place in the row of all epochs, what is drawn for
/// the step one of (seed, step). So no generator's state has to be saved, pictures drawn between two steps change nothing, and nobody draws
/// what is another's.
/// </summary>
/// <param name="Timesteps">[batch], int64.</param>
/// <param name="Noise">[batch, channels, height, width], float32.</param>
/// <param name="Labels">[batch], int64, some of them replaced by the null class; null for a network without classes.</param>
/// <param name="SelfCondition">Whether a self-conditioned network is given its own estimate in this step.</param>
internal sealed record StepDraws(Tensor Timesteps, Tensor Noise, Tensor? Labels, bool SelfCondition)
{
    // Streams of the seed that no epoch of a loader (from 0 up) and no flip (from -1 down) takes: one a step, one a place, those of the
    // noise's and of the layers' seeds.
    private const long StepStreams = 1L << 60;
    private const long ImageStreams = 1L << 61;
    private const long NoiseStream = 1L << 62;
    private const long LayersStreams = NoiseStream + 1;

    /// <summary>
    /// Draws for a step, and seeds libtorch's own generators, from which dropout within the network draws: each rank's otherwise.
    /// </summary>
    /// <param name="network">Which timesteps and classes there are.</param>
    /// <param name="batch">This rank's images and labels of the step.</param>
    /// <param name="options">The seed, and how to draw.</param>
    /// <param name="labelDropout">The part of the labels to replace.</param>
    /// <param name="step">From 1.</param>
    /// <param name="rank">From 0.</param>
    public static StepDraws Draw(NoisePredictor network, Batch batch, TrainingOptions options, double labelDropout, int step, int rank = 0)
    {
        manual_seed(SeedOf(options.Seed, LayersStreams + rank, step)).Dispose();
        using var scope = NewDisposeScope();

        var shape = batch.Images.shape;
        var noise = empty(shape, ScalarType.Float32, CPU);
        var timesteps = new long[shape[0]];
        var dropped = new bool[shape[0]];
        for (var i = 0; i < timesteps.Length; i++)
        {
            var place = batch.Position + i;
            var random = new CounterHash(options.Seed, ImageStreams + place);
            timesteps[i] = random.NextInt(network.Diffusion.Timesteps);
            dropped[i] = random.Next(0, 1) < labelDropout;
            using var generator = new Generator(SeedOf(options.Seed, NoiseStream, place), CPU);
            using var image = noise.select(0, i);
            image.normal_(0, 1, generator);
            if (options.OffsetNoise > 0)
                image.add_(options.OffsetNoise * randn([shape[1], 1, 1], ScalarType.Float32, CPU, generator: generator));
        }

        var selfCondition = network.Info.SelfCondition
            && new CounterHash(options.Seed, StepStreams + step).Next(0, 1) < options.SelfConditionProbability;
        Tensor? labels = null;
        if (network.Info.NumClasses is { } classes)
        {
            labels = batch.Labels!;
            if (labelDropout > 0)
                labels = labels.masked_fill(tensor(dropped, device: CPU), classes - 1);
            labels = labels.MoveToOuterDisposeScope();
        }
        return new(tensor(timesteps, device: CPU).MoveToOuterDisposeScope(), noise.MoveToOuterDisposeScope(), labels, selfCondition);
    }

    // libtorch's CPU generator takes 32 bits of a seed. Numbering on from a hash keeps the steps, and the images, of one run apart for
    // certain, as far as 32 bits count; hashes of (seed, number) would meet by chance after some ten thousand.
    private static uint SeedOf(long seed, long stream, long number) =>
        unchecked((uint)new CounterHash(seed, stream).NextBits() + (uint)number);
}
