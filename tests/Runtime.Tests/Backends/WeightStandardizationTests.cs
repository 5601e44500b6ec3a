using CsCheck;
using UNetGen.Backends.Norms;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

public sealed class WeightStandardizationTests
{
    [Theory]
    [Widths]
    public void The_standardised_weights_and_their_gradient_are_those_of_mean_and_variance_one_after_the_other(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V> =>
            Gen.Select(Gen.Int[1, 40], Gen.Int[1, 80], Gen.OneOf(3, 5), Gen.Single[-20, 20])
                .Sample(IsTheTextbooks<V>, iter: 40);
    }

    [Theory]
    [Widths]
    public void Filters_without_deviation_become_0_and_other_numbers_are_left_to_libtorch(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            var weight = ones(4, 16, 3, 3).requires_grad_();
            var standardized = WeightStandardization<V>.Standardize(weight, 1e-5);
            Assert.Equal(0, standardized.abs().max().item<float>());
            standardized.sum().backward();
            Assert.True(weight.grad!.isfinite().all().item<bool>());
            Assert.False(WeightStandardization<V>.Fits(randn(4, 16, 3, 3, ScalarType.Float64)));
        }
    }

    private static void IsTheTextbooks<V>(int filters, int channels, int kernel, float mean)
        where V : unmanaged, IFloats<V>
    {
        using var scope = NewDisposeScope();
        // Of its own: cases run side by side, and one that seeds the common generator between these two makes them the same numbers, whose
        // gradient is 0.
        using var generator = new Generator(1);
        var weight = (randn([filters, channels, kernel, kernel], generator: generator) + mean).requires_grad_();
        var direction = randn(weight.shape, generator: generator);
        Assert.True(WeightStandardization<V>.Fits(weight));
        foreach (var (actual, expected) in Outcome(WeightStandardization<V>.Standardize(weight, 1e-5)).Zip(Outcome(Textbook())))
            Closeness.Check(expected, actual, 1e-4);

        Tensor Textbook() =>
            (weight - weight.mean([1, 2, 3], keepdim: true)) * (weight.var([1, 2, 3], unbiased: false, keepdim: true) + 1e-5).rsqrt();

        List<Tensor> Outcome(Tensor v) => [v, .. autograd.grad([(v * direction).sum()], [weight])];
    }
}
