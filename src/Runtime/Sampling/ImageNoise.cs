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
    {
        // libtorch's CPU generator takes 32 bits of a seed. Numbering on from a hash of the seed keeps the images of one
        // run apart for certain; hashes of (seed, number) would meet by chance after some ten thousand images.
        var start = (uint)new CounterHash(seed, stream: 0).NextBits();
        generators = [.. Enumerable.Range(firstImage, count).Select(image => new Generator(unchecked(start + (uint)image), CPU))];
        shape = [info.Channels, info.ImageHeight, info.ImageWidth];
        this.device = device;
    }

    /// <summary>The next noise, [batch, channels, height, width], float32.</summary>
    public Tensor Next()
    {
        var images = generators.ConvertAll(generator => randn(shape, dtype: ScalarType.Float32, device: CPU, generator: generator));
        using var batch = stack(images);
        images.ForEach(image => image.Dispose());
        return batch.to(device, copy: true);
    }

    public void Dispose() => generators.ForEach(generator => generator.Dispose());
}
