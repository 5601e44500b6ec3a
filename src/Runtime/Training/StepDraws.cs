using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// All that chance decides in a step, for its whole batch at once and on the CPU: the same on every device and however the batch is cut. It is a
/// pure function of (seed, step), so no generator's state has to be saved, and pictures drawn between two steps change nothing.
/// </summary>
/// <param name="Timesteps">[batch], int64.</param>
/// <param name="Noise">[batch, channels, height, width], float32.</param>
/// <param name="Labels">[batch], int64, some of them replaced by the null class; null for a network without classes.</param>
/// <param name="SelfCondition">Whether a self-conditioned network is given its own estimate in this step.</param>
internal sealed record StepDraws(Tensor Timesteps, Tensor Noise, Tensor? Labels, bool SelfCondition)
{
    // Streams of the seed that no epoch of a loader (from 0 up) and no flip (from -1 down) takes.
    private const long DrawsStream = 1L << 62;
    private const long LayersStream = DrawsStream + 1;

    /// <summary>Draws for a step, and seeds libtorch's own generators, from which dropout within the network draws.</summary>
    /// <param name="network">Which timesteps and classes there are.</param>
    /// <param name="batch">The step's images and labels.</param>
    /// <param name="options">The seed, and how to draw.</param>
    /// <param name="labelDropout">The part of the labels to replace.</param>
    /// <param name="step">From 1.</param>
    public static StepDraws Draw(NoisePredictor network, Batch batch, TrainingOptions options, double labelDropout, int step)
    {
        manual_seed(SeedOf(options.Seed, LayersStream, step)).Dispose();
        using var random = new Generator(SeedOf(options.Seed, DrawsStream, step), CPU);
        using var scope = NewDisposeScope();

        var shape = batch.Images.shape;
        var timesteps = randint(0, network.Diffusion.Timesteps, [shape[0]], ScalarType.Int64, CPU, generator: random);
        var noise = randn(shape, ScalarType.Float32, CPU, generator: random);
        if (options.OffsetNoise > 0)
            noise = noise + options.OffsetNoise * randn([shape[0], shape[1], 1, 1], ScalarType.Float32, CPU, generator: random);
        var selfCondition = network.Info.SelfCondition && Uniform(1).item<float>() < options.SelfConditionProbability;
        Tensor? labels = null;
        if (network.Info.NumClasses is { } classes)
        {
            labels = batch.Labels!;
            if (labelDropout > 0)
                labels = labels.masked_fill(Uniform(shape[0]) < labelDropout, classes - 1);
            labels = labels.MoveToOuterDisposeScope();
        }
        return new(timesteps.MoveToOuterDisposeScope(), noise.MoveToOuterDisposeScope(), labels, selfCondition);

        Tensor Uniform(long count) => rand(count, ScalarType.Float32, CPU, generator: random);
    }

    // libtorch's CPU generator takes 32 bits of a seed. Numbering on from a hash keeps the steps of one run apart for certain; hashes of (seed, step) would
    // meet by chance after some ten thousand steps.
    private static uint SeedOf(long seed, long stream, int step) => unchecked((uint)new CounterHash(seed, stream).NextBits() + (uint)step);
}
