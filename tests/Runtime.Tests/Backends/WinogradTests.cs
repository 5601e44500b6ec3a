using CsCheck;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Backends.Winograd;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

public sealed class WinogradTests
{
    [Theory]
    [Widths]
    public void A_convolution_and_all_its_gradients_are_the_textbook_s_for_every_shape_it_is_made_for(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V> =>
            Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[1, 9], Gen.Int[1, 9], Gen.Bool, Gen.Bool)
                .Select((batch, from, to, height, width, bias, together) =>
                    (batch, from * Gemm<V>.Unit, to * Gemm<V>.Unit, 2 * height, 2 * width, bias, together))
                .Sample(IsTheTextbooks<V>, iter: 30);
    }

    [Theory]
    [Widths]
    public void So_they_are_where_there_are_more_tiles_than_a_cache_holds(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            IsTheTextbooks<V>((3, 80, 48, 64, 64, Bias: true, Together: true));
            IsTheTextbooks<V>((20, 48, 80, 34, 34, Bias: true, Together: true));
        }
    }

    [Theory]
    [Widths]
    public void An_image_gives_the_same_bits_in_every_batch(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(2);
            // So many that they go another way than one.
            var x = TensorMemory.ChannelsLast(randn([12, 80, 32, 32], generator: generator));
            var weight = randn([48, 80, 3, 3], generator: generator);
            var all = Winograd<V>.Convolve(x, weight, null);
            Assert.Equal(0, (all[3..4] - Winograd<V>.Convolve(x[3..4], weight, null)).abs().max().item<float>());
        }
    }

    [Theory]
    [Widths]
    public void The_number_of_threads_changes_no_bit(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            SameForAllThreads<V>(batch: 6);
            SameForAllThreads<V>(batch: 18);
        }
    }

    [Theory]
    [Widths]
    public void Everything_else_is_left_to_libtorch(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            Assert.True(Convolution3x3<V>.Fits(zeros(2, 16, 8, 8), zeros(16, 16, 3, 3)));
            Left<V>(16, 16, 7, 8, 3, "an odd height");
            Left<V>(16, 16, 8, 7, 3, "an odd width");
            Left<V>(12, 16, 8, 8, 3, "channels that fill no register");
            Left<V>(16, 12, 8, 8, 3, "output channels that fill no register");
            Left<V>(16, 16, 8, 8, 5, "another kernel");
            Left<V>(128, 64, 4, 4, 3, "few pixels");
            Assert.False(Convolution3x3<V>.Fits(zeros(1, 16, 8, 8, ScalarType.Float64), zeros(16, 16, 3, 3, ScalarType.Float64)));
        }

        static void Left<V>(long from, long to, long height, long width, long kernel, string why)
            where V : unmanaged, IFloats<V> =>
            Assert.False(Convolution3x3<V>.Fits(zeros(2, from, height, width), zeros(to, from, kernel, kernel)), why);
    }

    private static void SameForAllThreads<V>(int batch)
        where V : unmanaged, IFloats<V>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var x = TensorMemory.ChannelsLast(randn([batch, 64, 32, 32], generator: generator));
        var gradient = TensorMemory.ChannelsLast(randn([batch, 64, 32, 32], generator: generator));
        var weight = randn([64, 64, 3, 3], generator: generator);
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var alone = Everything();
            set_num_threads(3);
            foreach (var (one, three) in alone.Zip(Everything()))
                Assert.Equal(0, (one - three).abs().max().item<float>());
        }
        finally
        {
            set_num_threads(threads);
        }

        List<Tensor> Everything()
        {
            var (byWeight, byBias) = Winograd<V>.ParameterGradients(x, gradient, withBias: true);
            return [Winograd<V>.Convolve(x, weight, null), Winograd<V>.InputGradient(gradient, weight), byWeight, byBias!];
        }
    }

    private static void IsTheTextbooks<V>((int Batch, int From, int To, int Height, int Width, bool Bias, bool Together) shape)
        where V : unmanaged, IFloats<V>
    {
        using var scope = NewDisposeScope();
        // Of its own: cases run side by side.
        using var generator = new Generator(1);
        var images = randn([shape.Batch, shape.From, shape.Height, shape.Width], generator: generator);
        var x = (shape.Together ? TensorMemory.ChannelsLast(images) : images).detach().requires_grad_();
        var weight = (randn([shape.To, shape.From, 3, 3], generator: generator) / Math.Sqrt(9 * shape.From)).detach().requires_grad_();
        var bias = shape.Bias ? randn([shape.To], generator: generator).requires_grad_() : null;
        var direction = randn([shape.Batch, shape.To, shape.Height, shape.Width], generator: generator);
        Assert.True(Winograd<V>.Fits(shape.From, shape.To, shape.Height, shape.Width));

        var fast = Outcome(Convolution3x3<V>.Convolve(x, weight, bias));
        var textbook = Outcome(nn.functional.conv2d(x, weight, bias, padding: [1, 1]));
        foreach (var (actual, expected) in fast.Zip(textbook))
            Closeness.Check(expected, actual, 1e-5);

        List<Tensor> Outcome(Tensor y) => [y, .. autograd.grad([(y * direction).sum()], bias is null ? [x, weight] : [x, weight, bias])];
    }
}
