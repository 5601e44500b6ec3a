using UNetGen.Data;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>
/// Standard normal noise for a batch of images, each from a generator of its own, made on the CPU: so an image's noise
/// depends on the seed and on its number alone, neither on its neighbours nor on the device.
/// </summary>
internal sealed class ImageNoise : IDisposable
{
    private readonly List<Generator> generators;
    private readonly long[] shape;
    private readonly Device device;

    /// <summary>Noise for images <paramref name="firstImage"/> to <paramref name="firstImage"/> + <paramref name="count"/> - 1.</summary>
    public ImageNoise(NetworkInfo info, long seed, int firstImage, int count, Device device)
        : this(info, seed, Enumerable.Range(firstImage, count), device)
    {
    }

    /// <summary>Noise for images of these numbers; those of the same have the same.</summary>
    public ImageNoise(NetworkInfo info, long seed, IEnumerable<int> images, Device device)
    {
        // libtorch's CPU generator takes 32 bits of a seed. Numbering on from a hash of the seed keeps the images of one
        // run apart for certain; hashes of (seed, number) would meet by chance after some ten thousand images.
        var start = (uint)new CounterHash(seed, stream: 0).NextBits();
        generators = [.. images.Select(image => new Generator(unchecked(start + (uint)image), CPU))];
        shape = [info.Channels, info.ImageHeight, info.ImageWidth];
        this.device = device;
    }

    /// <summary>
    /// The next noise, [batch, channels, height, width], float32. A GPU isn't waited for: while it computes what it was given, this draws.
    /// </summary>
    public Tensor Next()
    {
        var batch = empty([generators.Count, .. shape], ScalarType.Float32, CPU);
        foreach (var (index, generator) in generators.Index())
        {
            using var image = batch.select(0, index);
            using var drawn = image.normal_(0, 1, generator);
        }
        return DeviceCopy.Send(batch, device);
    }

    public void Dispose() => generators.ForEach(generator => generator.Dispose());
}
