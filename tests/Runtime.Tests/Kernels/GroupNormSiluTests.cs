using System.Runtime.Intrinsics;
using CsCheck;
using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

public sealed class GroupNormSiluTests
{
    // Nine pixels at least: of fewer, a group of one channel may have next to no deviation, by which all rounding is then divided, the textbook's too.
    private static readonly Gen<(int Batch, int Channels, int Groups, int Height, int Width, bool Scaled, bool Silu, bool Together)> Shapes =
        Gen.Select(Gen.Int[1, 4], Gen.OneOf((16, 1), (16, 4), (16, 16), (32, 8), (32, 1), (64, 4), (64, 2), (128, 8), (48, 4), (48, 8), (96, 4), (80, 16)), Gen.Int[3, 7], Gen.Int[3, 7], Gen.Bool, Gen.Bool, Gen.Bool,
            (batch, channels, height, width, scaled, silu, together) => (batch, channels.Item1, channels.Item2, height, width, scaled, silu, together));

    [VectorFact]
    public void The_result_and_all_gradients_are_those_of_norm_scale_shift_and_SiLU_one_after_the_other() => Shapes.Sample(shape =>
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var norm = Layers.GroupNorm(shape.Groups, shape.Channels, 1e-5);
        using (no_grad())
        {
            norm.weight!.copy_(randn(shape.Channels));
            norm.bias!.copy_(randn(shape.Channels));
        }
        // A mean far from 0 shows whether the variance keeps its digits.
        var x = randn(shape.Batch, shape.Channels, shape.Height, shape.Width) * 2 + 20;
        x = (shape.Together ? TensorMemory.ChannelsLast(x) : x).detach().requires_grad_();
        var time = randn(shape.Batch, 2 * shape.Channels, 1, 1).requires_grad_();
        var halves = time.chunk(2, 1);
        var (scale, shift) = shape.Scaled ? (halves[0], halves[1]) : ((Tensor?)null, (Tensor?)null);
        var direction = randn(x.shape);
        Assert.True(GroupNormFunction.Fits(norm, x));

        var fast = Outcome(GroupNormFunction.Normalize(norm, x, scale, shift, shape.Silu));
        var textbook = Outcome(Textbook());
        foreach (var (actual, expected) in fast.Zip(textbook))
            Closeness.Check(expected, actual, 1e-4);

        Tensor Textbook()
        {
            var h = norm.forward(x);
            h = scale is null || shift is null ? h : h * (scale + 1) + shift;
            return shape.Silu ? nn.functional.silu(h) : h;
        }

        List<Tensor> Outcome(Tensor y) =>
            [y, .. autograd.grad([(y * direction).sum()], shape.Scaled ? [x, norm.weight!, norm.bias!, time] : [x, norm.weight!, norm.bias!])];
    }, iter: 60, seed: "0000KQ4mlm12");

    [Fact]
    public void Channels_that_fill_no_registers_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        using var norm = Layers.GroupNorm(8, 40, 1e-5);
        var x = randn(2, 40, 4, 4);
        Assert.False(GroupNormFunction.Fits(norm, x));
        var actual = Compute.Backend.NormActivate(x, new GroupNormWeights(norm), Activation.Silu);
        Closeness.Check(nn.functional.silu(norm.forward(x)), actual, 1e-6);
    }

    [VectorFact]
    public void No_tensor_is_left_after_a_training_step()
    {
        using var outer = NewDisposeScope();
        using var norm = Layers.GroupNorm(4, 16, 1e-5);
        var x = randn(2, 16, 4, 4).requires_grad_();
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            using var scope = NewDisposeScope();
            norm.zero_grad();
            Compute.Backend.NormActivate(x, new GroupNormWeights(norm), Activation.Silu).sum().backward();
        }
    }

    [VectorFact]
    public void The_exponential_is_right_to_two_units_in_the_last_place()
    {
        for (var x = -87f; x < 88; x += 0.0137f)
        {
            var (actual, expected) = (Elementary.Exp(Vector512.Create(x))[0], Math.Exp(x));
            Assert.True(Math.Abs(actual - expected) <= 2 * (MathF.BitIncrement((float)expected) - (float)expected), $"e^{x} is {expected:g9}, not {actual:g9}");
        }
    }

    [VectorTheory]
    [InlineData(-1e30f, 0f)]
    [InlineData(-200f, 0f)]
    [InlineData(200f, 1f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.PositiveInfinity, 1f)]
    public void The_sigmoid_has_its_limits_far_out(float x, float expected) => Assert.Equal(expected, Elementary.Sigmoid(Vector512.Create(x))[0], 1e-37f);

    [VectorFact]
    public void What_is_no_number_stays_none() => Assert.True(float.IsNaN(Elementary.Sigmoid(Vector512.Create(float.NaN))[0]));
}
