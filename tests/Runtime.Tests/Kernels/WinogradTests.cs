using CsCheck;
using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

public sealed class WinogradTests
{
    private static readonly Gen<(int Batch, int From, int To, int Height, int Width, bool Bias, bool Together)> Shapes =
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[1, 9], Gen.Int[1, 9], Gen.Bool, Gen.Bool,
            (batch, from, to, height, width, bias, together) => (batch, 16 * from, 16 * to, 2 * height, 2 * width, bias, together));

    [VectorFact]
    public void A_convolution_and_all_its_gradients_are_the_textbook_s_for_every_shape_it_is_made_for() => Shapes.Sample(IsTheTextbooks, iter: 30, seed: "0000KQ4mlm12");

    [VectorFact]
    public void So_they_are_where_there_are_more_tiles_than_a_cache_holds()
    {
        IsTheTextbooks((3, 80, 48, 64, 64, Bias: true, Together: true));
        IsTheTextbooks((20, 48, 80, 34, 34, Bias: true, Together: true));
    }

    [VectorFact]
    public void An_image_gives_the_same_bits_in_every_batch()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        // So many that they go another way than one.
        var x = Images(12, 80, 32, 32, together: true);
        var weight = randn(48, 80, 3, 3);
        var all = Winograd.Convolve(x, weight, null);
        Assert.Equal(0, (all[3..4] - Winograd.Convolve(x[3..4], weight, null)).abs().max().item<float>());
    }

    [VectorTheory]
    [InlineData(6)]
    [InlineData(18)]
    public void The_number_of_threads_changes_no_bit(int batch)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var x = Images(batch, 64, 32, 32, together: true);
        var gradient = Images(batch, 64, 32, 32, together: true);
        var weight = randn(64, 64, 3, 3);
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
            var (byWeight, byBias) = Winograd.ParameterGradients(x, gradient, withBias: true);
            return [Winograd.Convolve(x, weight, null), Winograd.InputGradient(gradient, weight), byWeight, byBias!];
        }
    }

    [Theory]
    [InlineData(16, 16, 7, 8, 3, "an odd height")]
    [InlineData(16, 16, 8, 7, 3, "an odd width")]
    [InlineData(12, 16, 8, 8, 3, "channels that fill no register")]
    [InlineData(16, 12, 8, 8, 3, "output channels that fill no register")]
    [InlineData(16, 16, 8, 8, 5, "another kernel")]
    [InlineData(128, 64, 4, 4, 3, "few pixels")]
    public void Everything_else_is_left_to_libtorch(long from, long to, long height, long width, long kernel, string why)
    {
        using var scope = NewDisposeScope();
        var x = randn(2, from, height, width);
        var weight = randn(to, from, kernel, kernel);
        Assert.False(Convolution3x3.Fits(x, weight), why);
        long[] padding = [kernel / 2, kernel / 2];
        var actual = Compute.Backend.Convolve(x, new(weight, zeros(to), [1, 1], padding));
        Closeness.Check(nn.functional.conv2d(x, weight, zeros(to), padding: padding), actual, 1e-5);
    }

    [Fact]
    public void Numbers_other_than_float32_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        Assert.False(Convolution3x3.Fits(randn(1, 16, 8, 8, ScalarType.Float64), randn(16, 16, 3, 3, ScalarType.Float64)));
    }

    [VectorFact]
    public void No_tensor_is_left_after_a_training_step()
    {
        using var outer = NewDisposeScope();
        var x = Images(2, 16, 8, 8, together: true);
        var conv = nn.Conv2d(16, 16, 3, padding: 1);
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            using var scope = NewDisposeScope();
            conv.zero_grad();
            var backend = Compute.Backend;
            backend.Convolve(backend.Convolve(x, LayerWeights.Of(conv)), LayerWeights.Of(conv)).sum().backward();
        }
    }

    private static void IsTheTextbooks((int Batch, int From, int To, int Height, int Width, bool Bias, bool Together) shape)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var x = Images(shape.Batch, shape.From, shape.Height, shape.Width, shape.Together).requires_grad_();
        var weight = (randn(shape.To, shape.From, 3, 3) / Math.Sqrt(9 * shape.From)).detach().requires_grad_();
        var bias = shape.Bias ? randn(shape.To).requires_grad_() : null;
        var direction = randn(shape.Batch, shape.To, shape.Height, shape.Width);
        Assert.True(Winograd.Fits(shape.From, shape.To, shape.Height, shape.Width));

        var fast = Outcome(Convolution3x3.Convolve(x, weight, bias));
        var textbook = Outcome(nn.functional.conv2d(x, weight, bias, padding: [1, 1]));
        foreach (var (actual, expected) in fast.Zip(textbook))
            Closeness.Check(expected, actual, 1e-5);

        List<Tensor> Outcome(Tensor y) => [y, .. autograd.grad([(y * direction).sum()], bias is null ? [x, weight] : [x, weight, bias])];
    }

    private static Tensor Images(long batch, long channels, long height, long width, bool together)
    {
        var x = randn(batch, channels, height, width);
        return together ? TensorMemory.ChannelsLast(x) : x;
    }
}
