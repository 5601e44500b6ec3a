using CsCheck;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

public sealed class PixelProductTests
{
    [Theory]
    [Widths]
    public void It_adds_the_product_in_both_directions_for_any_number_of_rows(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V> =>
            Gen.Select(Gen.Int[1, 200], Gen.Int[1, 5], Gen.Int[1, 5])
                .Sample(
                    (rows, from, to) => AddsTheProduct<V>(rows, from * Gemm<V>.Unit, to * Gemm<V>.Unit), iter: 40);
    }

    [Theory]
    [Widths]
    public void A_row_s_result_has_the_same_bits_among_any_others(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(6);
            Tensor x = randn([77, 48], generator: generator), weight = randn([32, 48], generator: generator);
            Tensor all = zeros(77, 32), alone = zeros(1, 32);
            PixelProduct<V>.Add(x, weight, all);
            PixelProduct<V>.Add(x[70..71], weight, alone);
            Assert.True(all[70..71].Equals(alone));
        }
    }

    private static void AddsTheProduct<V>(int rows, int from, int to)
        where V : unmanaged, IFloats<V>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor x = Random(rows, from), y = Random(rows, to), weight = Random(to, from);
        Assert.True(PixelProduct<V>.Fits(from, to));
        var (forth, back) = (y + x.matmul(weight.t()), x + y.matmul(weight));

        // Each in memory of its own, so that what is written behind the last row would show.
        Tensor target = cat([y, Random(1, to)]), source = cat([x, Random(1, from)]);
        var (behindTarget, behindSource) = (target[-1].clone(), source[-1].clone());
        PixelProduct<V>.Add(x, weight, target[..^1]);
        PixelProduct<V>.AddTransposed(y, weight, source[..^1]);
        Closeness.Check(forth, target[..^1], 1e-5);
        Closeness.Check(back, source[..^1], 1e-5);
        Assert.True(target[-1].Equals(behindTarget) && source[-1].Equals(behindSource));

        Tensor Random(params long[] shape) => randn(shape, generator: generator);
    }
}
