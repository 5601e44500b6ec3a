using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

public class ImageNoiseTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void An_images_noise_is_what_its_own_generator_gives_whatever_its_neighbours(int size)
    {
        using var scope = NewDisposeScope();
        var info = FunctionPredictor.ToyInfo("toy", 3, size, false, "");
        using var three = new ImageNoise(info, seed: 4, firstImage: 10, count: 3, CPU);
        using var last = new ImageNoise(info, seed: 4, firstImage: 12, count: 1, CPU);
        var start = (uint)new UNetGen.Data.CounterHash(4, stream: 0).NextBits();
        using var generator = new Generator(unchecked(start + 12), CPU);
        for (var call = 0; call < 3; call++)
        {
            var expected = randn([3, size, size], ScalarType.Float32, CPU, generator: generator).data<float>().ToArray();
            Assert.Equal(expected, three.Next()[2].contiguous().data<float>().ToArray());
            Assert.Equal(expected, last.Next().data<float>().ToArray());
        }
    }
}
