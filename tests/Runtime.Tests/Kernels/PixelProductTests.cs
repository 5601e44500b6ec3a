using CsCheck;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

public sealed class PixelProductTests
{
    private static readonly Gen<(int Rows, int From, int To)> Sizes =
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 5], Gen.Int[1, 5], (rows, from, to) => (rows, 16 * from, 16 * to));

    [VectorFact]
    public void It_adds_the_product_in_both_directions_for_any_number_of_rows() => Sizes.Sample(size =>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor x = Random(size.Rows, size.From), y = Random(size.Rows, size.To), weight = Random(size.To, size.From);
        Assert.True(PixelProduct.Fits(size.From, size.To));
        var (forth, back) = (y + x.matmul(weight.t()), x + y.matmul(weight));

        // Each in memory of its own, so that what is written behind the last row would show.
        Tensor target = cat([y, Random(1, size.To)]), source = cat([x, Random(1, size.From)]);
        var (behindTarget, behindSource) = (target[-1].clone(), source[-1].clone());
        PixelProduct.Add(x, weight, target[..^1]);
        PixelProduct.AddTransposed(y, weight, source[..^1]);
        Closeness.Check(forth, target[..^1], 1e-5);
        Closeness.Check(back, source[..^1], 1e-5);
        Assert.True(target[-1].Equals(behindTarget) && source[-1].Equals(behindSource));

        Tensor Random(params long[] shape) => randn(shape, generator: generator);
    }, iter: 40, seed: "0000KQ4mlm12");

    [VectorFact]
    public void A_row_s_result_has_the_same_bits_among_any_others()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        Tensor x = randn([77, 48], generator: generator), weight = randn([32, 48], generator: generator), all = zeros(77, 32), alone = zeros(1, 32);
        PixelProduct.Add(x, weight, all);
        PixelProduct.Add(x[70..71], weight, alone);
        Assert.True(all[70..71].Equals(alone));
    }
}
