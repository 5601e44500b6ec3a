using CsCheck;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Norms;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

public sealed class GroupNormSiluTests
{
    [Theory]
    [Widths]
    public void The_result_and_all_gradients_are_those_of_norm_scale_shift_and_SiLU_one_after_the_other(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        // Nine pixels at least: of fewer, a group of one channel may have next to no deviation, by which all rounding is then divided, the
        // textbook's too.
        static void Check<V>()
            where V : unmanaged, IFloats<V> =>
            Gen.Select(
                Gen.Int[1, 4],
                Gen.OneOf((16, 1), (16, 4), (16, 16), (32, 8), (32, 1), (64, 4), (64, 2), (128, 8), (48, 4), (48, 8), (96, 4), (80, 16)),
                    Gen.Int[3, 7], Gen.Int[3, 7], Gen.Bool, Gen.Bool, Gen.Bool)
                .Sample(IsTheTextbooks<V>, iter: 60);
    }

    [Theory]
    [Widths]
    public void Channels_that_fill_no_registers_are_left_to_libtorch(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            var channels = 5 * Gemm<V>.Unit / 2;
            using var norm = Layers.GroupNorm(5, channels, 1e-5);
            var x = randn(2, channels, 4, 4);
            Assert.False(GroupNormFunction<V>.Fits(norm, x));
            var actual = new Cpu<V>(Precision.Float32).NormActivate(x, new GroupNormWeights(norm), Activation.Silu);
            Closeness.Check(nn.functional.silu(norm.forward(x)), actual, 1e-6);
        }
    }

    private static void IsTheTextbooks<V>(
        int batch, (int Channels, int Groups) layer, int height, int width, bool scaled, bool silu, bool together)
        where V : unmanaged, IFloats<V>
    {
        using var scope = NewDisposeScope();
        // Of its own: cases run side by side.
        using var generator = new Generator(1);
        using var norm = Layers.GroupNorm(layer.Groups, layer.Channels, 1e-5);
        using (no_grad())
        {
            norm.weight!.copy_(Random(layer.Channels));
            norm.bias!.copy_(Random(layer.Channels));
        }
        // A mean far from 0 shows whether the variance keeps its digits.
        var x = Random(batch, layer.Channels, height, width) * 2 + 20;
        x = (together ? TensorMemory.ChannelsLast(x) : x).detach().requires_grad_();
        var time = Random(batch, 2 * layer.Channels, 1, 1).requires_grad_();
        var halves = time.chunk(2, 1);
        var (scale, shift) = scaled ? (halves[0], halves[1]) : ((Tensor?)null, (Tensor?)null);
        var direction = Random(x.shape);
        Assert.True(GroupNormFunction<V>.Fits(norm, x));

        var fast = Outcome(GroupNormFunction<V>.Normalize(norm, x, scale, shift, silu));
        var textbook = Outcome(Textbook());
        foreach (var (actual, expected) in fast.Zip(textbook))
            Closeness.Check(expected, actual, 1e-4);

        Tensor Textbook()
        {
            var h = norm.forward(x);
            h = scale is null || shift is null ? h : h * (scale + 1) + shift;
            return silu ? nn.functional.silu(h) : h;
        }

        List<Tensor> Outcome(Tensor y) =>
            [y, .. autograd.grad([(y * direction).sum()], scaled ? [x, norm.weight!, norm.bias!, time] : [x, norm.weight!, norm.bias!])];

        Tensor Random(params long[] shape) => randn(shape, generator: generator);
    }
}
