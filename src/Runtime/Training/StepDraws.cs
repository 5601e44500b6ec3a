using System.Runtime.InteropServices;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// All that chance decides in a training, on the CPU: the same on every device and however a batch is cut, into parts or among ranks. What
/// is drawn for an image is a pure function of the seed and of the image's place in the row of all epochs, so that the loader's workers can
/// draw it ahead; what is drawn for a step one of (seed, step). So no generator's state has to be saved, pictures drawn between two steps
/// change nothing, and nobody draws what is another's.
/// </summary>
/// <param name="network">Which timesteps and classes there are.</param>
/// <param name="options">The seed, and how to draw.</param>
/// <param name="labelDropout">The part of the labels to replace.</param>
/// <param name="rank">From 0.</param>
/// <param name="contextDropout">The part of the contexts to replace.</param>
internal sealed class StepDraws(
    NoisePredictor network, TrainingOptions options, double labelDropout, int rank = 0, double contextDropout = 0)
{
    // Streams of the seed that no epoch of a loader (from 0 up) and no flip (from -1 down) takes: one a step, one a place, those of the
    // noise's and of the layers' seeds.
    private const long StepStreams = 1L << 60;
    private const long ImageStreams = 1L << 61;
    private const long NoiseStream = 1L << 62;
    private const long LayersStreams = NoiseStream + 1;

    // Asked once: workers draw on threads of their own.
    private readonly NetworkInfo info = network.Info;
    private readonly NoiseLevels levels = NoiseLevels.Of(network.Diffusion);

    /// <summary>
    /// Begins a step: seeds libtorch's own generators, each rank's otherwise. From these a GPU's dropout draws, and blocks of the user's
    /// own.
    /// </summary>
    /// <param name="step">From 1.</param>
    /// <returns>Whether a self-conditioned network is given its own estimate in this step.</returns>
    public bool Begin(int step)
    {
        manual_seed(SeedOf(options.Seed, LayersStreams + rank, step)).Dispose();
        return info.SelfCondition && new CounterHash(options.Seed, StepStreams + step).Next(0, 1) < options.SelfConditionProbability;
    }

    /// <summary>
    /// The generator from which dropout draws in a step on a CPU, which other threads don't draw from: the same numbers as libtorch's own
    /// gives, seeded likewise.
    /// </summary>
    /// <param name="step">From 1.</param>
    public Generator OfLayers(int step) => new(SeedOf(options.Seed, LayersStreams + rank, step), CPU);

    /// <summary>Draws for an image, on any thread.</summary>
    /// <param name="place">In the row of all epochs.</param>
    /// <param name="noise">[channels, height, width], to be filled.</param>
    /// <param name="label">Becomes the null class, sometimes.</param>
    /// <returns>
    /// The time, and whether the context is replaced. One number decides on label and context: where both are dropped as often, they are
    /// together, which is what guidance asks for.
    /// </returns>
    public (double Time, bool DropsContext) Draw(long place, Span<float> noise, ref long label)
    {
        var random = new CounterHash(options.Seed, ImageStreams + place);
        var bits = random.NextBits();
        var dropped = random.Next(0, 1);
        if (dropped < labelDropout && info.NumClasses is { } classes)
            label = classes - 1;
        var time = levels.TimeOf(bits, random.NextBits());

        using var generator = new Generator(SeedOf(options.Seed, NoiseStream, place), CPU);
        using var image = empty([info.Channels, info.ImageHeight, info.ImageWidth], ScalarType.Float32, CPU);
        using var drawn = image.normal_(0, 1, generator);
        MemoryMarshal.Cast<byte, float>(image.bytes).CopyTo(noise);
        if (options.OffsetNoise > 0)
            AddOffset(noise, generator);
        return (time, dropped < contextDropout);
    }

    // One value for a whole channel. Added here: libtorch would share out a large image among threads, those of each worker its own.
    private void AddOffset(Span<float> noise, Generator generator)
    {
        using var unit = randn([info.Channels, 1, 1], ScalarType.Float32, CPU, generator: generator);
        using var scaled = Number.Of(options.OffsetNoise) * unit;
        var pixels = noise.Length / info.Channels;
        foreach (var (channel, offset) in scaled.data<float>().ToArray().Index())
        {
            foreach (ref var value in noise.Slice(channel * pixels, pixels))
                value += offset;
        }
    }

    // libtorch's CPU generator takes 32 bits of a seed. Numbering on from a hash keeps the steps, and the images, of one run apart for
    // certain, as far as 32 bits count; hashes of (seed, number) would meet by chance after some ten thousand.
    private static uint SeedOf(long seed, long stream, long number) =>
        unchecked((uint)new CounterHash(seed, stream).NextBits() + (uint)number);
}
