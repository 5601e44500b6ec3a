using CsCheck;
using TorchSharp;
using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

public sealed class WeightStandardizationTests
{
    private static readonly Gen<(int Filters, int Channels, int Kernel, float Mean)> Shapes =
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 80], Gen.OneOf(3, 5), Gen.Single[-20, 20]);

    [VectorFact]
    public void The_standardised_weights_and_their_gradient_are_those_of_mean_and_variance_one_after_the_other() => Shapes.Sample(shape =>
    {
        using var scope = NewDisposeScope();
        // Of its own: cases run side by side, and one that seeds the common generator between these two makes them the same numbers, whose gradient is 0.
        using var generator = new Generator(1);
        var weight = (randn([shape.Filters, shape.Channels, shape.Kernel, shape.Kernel], generator: generator) + shape.Mean).requires_grad_();
        var direction = randn(weight.shape, generator: generator);
        Assert.True(WeightStandardization.Fits(weight));
        foreach (var (actual, expected) in Outcome(WeightStandardization.Standardize(weight, 1e-5)).Zip(Outcome(Textbook())))
            Closeness.Check(expected, actual, 1e-4);

        Tensor Textbook() => (weight - weight.mean([1, 2, 3], keepdim: true)) * (weight.var([1, 2, 3], unbiased: false, keepdim: true) + 1e-5).rsqrt();

        List<Tensor> Outcome(Tensor v) => [v, .. autograd.grad([(v * direction).sum()], [weight])];
    }, iter: 40, seed: "0000KQ4mlm12");

    [VectorFact]
    public void Filters_without_deviation_become_0()
    {
        using var scope = NewDisposeScope();
        var weight = ones(4, 16, 3, 3).requires_grad_();
        var standardized = WeightStandardization.Standardize(weight, 1e-5);
        Assert.Equal(0, standardized.abs().max().item<float>());
        standardized.sum().backward();
        Assert.True(weight.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void Weights_other_than_float32_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        Assert.False(WeightStandardization.Fits(randn(4, 16, 3, 3, ScalarType.Float64)));
        using var conv = new WeightStandardizedConv2d(16, 4, 3);
        conv.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, conv.forward(randn(1, 16, 4, 4, ScalarType.Float64)).dtype);
    }

    [VectorFact]
    public void No_tensor_is_left_after_a_training_step()
    {
        using var outer = NewDisposeScope();
        var conv = new WeightStandardizedConv2d(16, 16, 3);
        var x = randn(2, 16, 8, 8);
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            using var scope = NewDisposeScope();
            conv.zero_grad();
            conv.forward(x).sum().backward();
        }
    }
}
