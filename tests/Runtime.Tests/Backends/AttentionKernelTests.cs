using UNetGen.Backends;
using UNetGen.Backends.Attention;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Simd;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>Attention's kernels; that their numbers are the textbook's is in <see cref="BackendTests"/>.</summary>
public class AttentionKernelTests
{
    [Theory]
    [Widths]
    public void Linear_attention_stands_keys_and_queries_as_large_as_float32_can_tell_apart(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            foreach (var memoryTokens in new[] { 0, 4 })
            {
                using var scope = NewDisposeScope();
                using var module = new LinearAttention(32, memoryTokens: memoryTokens, norm: Norm.Group);
                var x = randn([2, 32, 16, 16]) * 300;
                using var off = no_grad();
                var expected = Result(new Reference(Precision.Float32));
                Assert.True(expected.isfinite().all().item<bool>());
                Closeness.Check(expected, Result(new Cpu<V>(Precision.Float32)), 1e-4);

                Tensor Result(Backend backend)
                {
                    using var how = Compute.Use(backend);
                    return module.forward(x);
                }
            }
        }
    }

    [Fact]
    public void Images_of_other_numbers_than_the_weights_are_attended_to_alike()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var module = new AttentionBlock(32, 1, new());
        var x = randn(2, 32, 8, 8);

        Assert.True((module.forward(x.to(ScalarType.Float64)) - module.forward(x)).abs().max().item<double>() < 1e-5);
    }

    [Theory]
    [Widths]
    public void The_kernels_are_taken_where_they_are_made_for(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            Full<V>(true, 256, 128, 128, 1, "ddpm's at 16 x 16");
            Full<V>(true, 64, 64, 128, 4, "heads of 32, wider than the image's channels");
            Full<V>(false, 256, 128, 128, 32, "heads of 4");
            Full<V>(false, 49, 64, 64, 1, "7 x 7 pixels");
            Full<V>(false, 64, 20, 32, 1, "20 channels");
            Full<V>(false, 4096, 128, 128, 1, "64 x 64, whose keys no core's cache holds");
            Linear<V>(true, 32, 8, 128, 4, "lucidrains's");
            Linear<V>(true, 48, 4, 48, 3, "heads of 16, few pixels");
            Linear<V>(false, 32, 8, 64, 16, "heads of 4");
            Linear<V>(false, 20, 8, 64, 4, "20 channels");
            Linear<V>(false, 32, 7, 64, 4, "7 x 7 pixels");
        }

        static void Full<V>(bool taken, long positions, long dim, long features, long heads, string what)
            where V : unmanaged, IFloats<V>
        {
            Assert.True(taken == FullAttention<V>.Fits(zeros(1, positions, dim), zeros(features, dim), heads), what);
            Assert.False(
                FullAttention<V>.Fits(zeros([1, positions, dim], ScalarType.Float64), zeros([features, dim], ScalarType.Float64), heads));
        }

        static void Linear<V>(bool taken, long dim, long width, long features, long heads, string what)
            where V : unmanaged, IFloats<V>
        {
            var weight = zeros(dim, features, 1, 1);
            Assert.True(taken == LinearAttentionSize.Fits<V>(zeros(2, dim, width, width), weight, heads), what);
            Assert.False(LinearAttentionSize.Fits<V>(zeros([2, dim, width, width], ScalarType.Float64), weight, heads));
            Assert.False(
                LinearAttentionSize.Fits<V>(zeros(2, dim + 16, width, width), weight, heads),
                "an image of other channels than the weights'");
        }
    }

    [Theory]
    [Widths]
    public void Linear_attention_keeps_no_image_but_its_input_between_the_passes(int bits)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        static void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using var module = new LinearAttention(32, heads: 2, headDim: 16, memoryTokens: 3);
            var x = TensorMemory.ChannelsLast(randn(2, 32, 64, 64));
            var operands = new LinearAttentionOperands(
                x, module.norm!.g, module.to_qkv.weight, module.mem_kv, module.to_out.weight, module.to_out.bias!,
                ((RMSNorm)module.to_out_norm).g);
            new LinearAttentionPass<V>(operands, heads: 2).Forward(out var kept);
            Assert.True(kept.Means.numel() < x.numel() && kept.LogSums.numel() < x.numel());
        }
    }
}
