using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Residual;
using UNetGen.Backends.Simd;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// When a residual block is one node, and what that keeps; that its numbers are the textbook's is in <see cref="BackendTests"/>.
/// </summary>
public sealed class ResidualFunctionTests
{
    private const long TimeWidth = 20;

    private static Dictionary<string, (bool NormFirst, long From, long To, bool WithTime, ResnetBlockOptions Options)> Blocks => new()
    {
        ["residual"] = (false, 32, 32, true, new()),
        ["residual, wider"] = (false, 32, 64, true, new()),
        ["residual, without time"] = (false, 32, 64, false, new()),
        ["residual, time added"] = (false, 64, 32, true, new() { Conditioning = TimeConditioning.Add }),
        ["residual, standardised"] = (false, 16, 32, true, new() { WeightStandardization = true }),
        ["pre-activation"] = (true, 32, 32, true, new()),
        ["pre-activation, wider"] = (true, 32, 64, true, new()),
        ["pre-activation, time added"] = (true, 64, 32, true, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, standardised"] = (
            true, 16, 32, true, new() { WeightStandardization = true, Conditioning = TimeConditioning.Add }),
        ["dropout that is not at work"] = (true, 32, 32, true, new() { Dropout = 0.5 }),
    };

    private static Dictionary<string, (bool NormFirst, long From, long To, long Size, ResnetBlockOptions Options)> Others => new()
    {
        ["another activation"] = (false, 32, 32, 8, new() { Activation = Activation.Gelu }),
        ["another norm"] = (false, 32, 32, 8, new() { Norm = Norm.Rms }),
        ["channels that fill no register"] = (false, 32, 36, 8, new()),
        ["few pixels"] = (true, 32, 32, 4, new()),
    };

    [Theory]
    [Widths]
    public void A_block_that_all_kernels_fit_is_one_node_which_keeps_no_activated_image(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            foreach (var (normFirst, from, to, withTime, options) in Blocks.Values)
            {
                using var scope = NewDisposeScope();
                var weights = Weights(Make(normFirst, from, to, withTime, options));
                var (x, time) = (randn(2, from, 8, 8), randn(2, TimeWidth));
                Assert.True(new Cpu<V>(Precision.Float32).Fits(x, time, weights));

                using var noGradients = no_grad();
                var operands = Cpu<V>.Operands(TensorMemory.ChannelsLast(x), withTime ? time : null, weights.Time, weights);
                var pass = new ResidualPass<V>(operands, Cpu<V>.Form(weights));
                pass.Forward(keep: true);
                Tensor?[] all = [.. pass.Operands.InOrder, .. pass.Kept.InOrder];
                Assert.Equal(normFirst ? 2 : 3, all.Count(kept => kept is { ndim: 4 } && kept.shape[2..] is [8, 8]));
            }
        }
    }

    [Theory]
    [Widths]
    public void Everything_else_is_left_to_the_layers(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            var kernels = new Cpu<V>(Precision.Float32);
            foreach (var (name, (normFirst, from, to, size, options)) in Others)
            {
                var other = Weights(Make(normFirst, from, to, withTime: true, options));
                Assert.False(kernels.Fits(randn(2, from, size, size), randn(2, TimeWidth), other), name);
            }

            var (x, time) = (randn(2, 32, 8, 8), randn(2, TimeWidth));
            var dropping = Make(false, 32, 32, true, new() { Dropout = 0.1 });
            Assert.True(kernels.Fits(x, time, Weights(dropping)));
            dropping.train();
            Assert.False(kernels.Fits(x, time, Weights(dropping)));
            var weights = Weights(Make(false, 32, 32, true, new()));
            Assert.True(kernels.Fits(x, time, weights));
            Assert.False(kernels.Fits(x, time[..1], weights), "a time embedding for all images");
            Assert.False(kernels.Fits(x.to(ScalarType.Float64), time, weights), "other numbers");
            Assert.False(new Cpu<V>(Precision.BFloat16).Fits(x, time, weights), "another precision");
            var resizing = new PreActResnetBlock(32, 32, TimeWidth, new(), KeyStyle.Diffusers, Resampling.Down);
            Assert.False(kernels.Fits(x, time, resizing.Weights), "a change of size");
        }
    }

    /// <summary>A block that is not trained: no dropout is at work.</summary>
    private static nn.Module Make(bool normFirst, long from, long to, bool withTime, ResnetBlockOptions options)
    {
        nn.Module block = normFirst
            ? new PreActResnetBlock(from, to, TimeWidth, options, KeyStyle.Diffusers)
            : new ResnetBlock(from, to, withTime ? TimeWidth : null, options);
        block.eval();
        return block;
    }

    private static ResidualWeights Weights(nn.Module block) =>
        block is ResnetBlock residual ? residual.Weights : ((PreActResnetBlock)block).Weights;
}
