using UNetGen.Blocks;
using UNetGen.Kernels;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>The fast form of attention and its norms computes what the textbook's does. Tensors are counted, so not beside other tests.</summary>
[Collection(nameof(GlobalGenerator))]
public class AttentionFormTests
{
    public static TheoryData<string> Blocks => [.. Cases.Keys];

    private static readonly Dictionary<string, (Func<nn.Module<Tensor, Tensor>> Make, long[] Shape)> Cases = new()
    {
        ["linear attention"] = (() => new LinearAttention(32), [2, 32, 16, 16]),
        ["linear attention, 4 memory tokens"] = (() => new LinearAttention(32, memoryTokens: 4), [2, 32, 16, 8]),
        ["linear attention, group norm outside"] = (() => new LinearAttention(32, norm: Norm.Group), [3, 32, 16, 16]),
        ["linear attention, group norm, 1 memory token"] = (() => new LinearAttention(48, heads: 2, headDim: 16, memoryTokens: 1, norm: Norm.Group), [1, 48, 12, 6]),
        ["linear attention, wide"] = (() => new LinearAttention(128, heads: 3, headDim: 64, memoryTokens: 2), [2, 128, 4, 4]),
        ["linear attention, odd sizes"] = (() => new LinearAttention(20, heads: 3, headDim: 6, memoryTokens: 2), [2, 20, 5, 7]),
        ["linear attention, 8 pixels of 1 image"] = (() => new LinearAttention(16, heads: 1, headDim: 16, memoryTokens: 5), [1, 16, 2, 4]),
        ["linear attention, odd positions"] = (() => new LinearAttention(16, heads: 2, headDim: 16), [2, 16, 5, 7]),
        ["linear attention, one pixel"] = (() => new LinearAttention(16, heads: 2, headDim: 16), [2, 16, 1, 1]),
        ["attention"] = (() => new Attention(64), [2, 64, 8, 8]),
        ["attention, 4 memory tokens"] = (() => new Attention(32, memoryTokens: 4), [2, 32, 8, 4]),
        ["attention, group norm outside"] = (() => new Attention(32, heads: 2, headDim: 16, norm: Norm.Group), [2, 32, 16, 16]),
        ["attention, odd sizes"] = (() => new Attention(20, heads: 3, headDim: 6, memoryTokens: 1), [2, 20, 5, 3]),
        ["ddpm's attention"] = (() => new AttentionBlock(64, 1, new()), [2, 64, 16, 16]),
        ["ddpm's attention, one image"] = (() => new AttentionBlock(32, 1, new()), [1, 32, 12, 12]),
        ["ddpm's attention, fewer positions than channels"] = (() => new AttentionBlock(64, 1, new()), [2, 64, 4, 4]),
        ["ddpm's attention, heads, memory tokens, RMSNorm"] = (() => new AttentionBlock(48, 3, new() { Norm = Norm.Rms }, memoryTokens: 2), [2, 48, 4, 6]),
        ["ddpm's attention, more positions than at once"] = (() => new AttentionBlock(32, 2, new(), memoryTokens: 17), [3, 32, 12, 12]),
        ["guided-diffusion's attention"] = (() => new QkvAttentionBlock(64, 4, new()), [2, 64, 8, 8]),
        ["guided-diffusion's attention, memory tokens, RMSNorm"] = (() => new QkvAttentionBlock(24, 3, new() { Norm = Norm.Rms }, memoryTokens: 2), [2, 24, 5, 3]),
        ["RMSNorm"] = (() => new RMSNorm(32), [2, 32, 8, 8]),
        ["RMSNorm, odd sizes"] = (() => new RMSNorm(13), [2, 13, 5, 3]),
        ["linear attention in its PreNorm"] = (() => new ResidualPreNorm<LinearAttention>(32, new(32, norm: Norm.Group)), [2, 32, 8, 8]),
        ["attention in its PreNorm"] = (() => new ResidualPreNorm<Attention>(32, new(32, norm: Norm.Group)), [2, 32, 8, 8]),
    };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Both_forms_have_the_same_result_and_the_same_gradients(string block)
    {
        using var scope = NewDisposeScope();
        var (make, shape) = Cases[block];
        manual_seed(7);
        using var module = make();
        foreach (var parameter in module.parameters())
        {
            using var off = no_grad();
            // Neither gains of 1 nor biases of 0, of which a form could forget one.
            parameter.add_(randn(parameter.shape) * 0.2);
        }
        var x = randn(shape);
        var target = randn(shape);
        var expected = Run(KernelForm.Reference, x);

        Same(expected, Run(KernelForm.Fast, x), "contiguous");
        Same(expected, Run(KernelForm.Fast, ChannelsTogether(x)), "channels together");

        Dictionary<string, Tensor> Run(KernelForm form, Tensor input)
        {
            using var how = Compute.Use(form, Precision.Float32);
            var before = input.clone();
            input = input.detach().requires_grad_(true);
            var output = module.forward(input);
            output.backward([target]);
            var results = module.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!);
            (results["result"], results["input"]) = (output.detach(), input.grad!);
            foreach (var parameter in module.parameters())
                parameter.grad = null;
            using var off = no_grad();
            results["result without gradients"] = module.forward(input);
            if (form == KernelForm.Fast)
                Assert.True(output.permute(0, 2, 3, 1).is_contiguous() && results["result without gradients"].permute(0, 2, 3, 1).is_contiguous());
            Assert.True(before.allclose(input, 0, 0), "the input was written over");
            return results;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Linear_attention_stands_keys_and_queries_as_large_as_float32_can_tell_apart(int memoryTokens)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        using var module = new LinearAttention(32, memoryTokens: memoryTokens, norm: Norm.Group);
        var x = randn([2, 32, 16, 16]) * 300;
        using var off = no_grad();
        var expected = Result(KernelForm.Reference);
        Assert.True(expected.isfinite().all().item<bool>());
        Same(new() { ["result"] = expected }, new() { ["result"] = Result(KernelForm.Fast) }, "large");

        Tensor Result(KernelForm form)
        {
            using var how = Compute.Use(form, Precision.Float32);
            return module.forward(x);
        }
    }

    [VectorFact]
    public void Without_gradients_an_image_is_attended_to_alike_alone_and_among_others()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        manual_seed(7);
        using var module = new AttentionBlock(32, 1, new());
        var x = ChannelsTogether(randn(3, 32, 12, 12));
        var together = module.forward(x);

        for (var image = 0; image < 3; image++)
            Assert.True(module.forward(x.narrow(0, image, 1)).Equals(together.narrow(0, image, 1)));
    }

    [Fact]
    public void Images_of_other_numbers_than_the_weights_are_attended_to_alike()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        manual_seed(7);
        using var module = new AttentionBlock(32, 1, new());
        var x = randn(2, 32, 8, 8);

        Assert.True((module.forward(x.to(ScalarType.Float64)) - module.forward(x)).abs().max().item<double>() < 1e-5);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void No_tensor_outlives_a_step(string block)
    {
        var (make, shape) = Cases[block];
        using var module = make();
        using var x = randn(shape, requires_grad: true);
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            using var scope = NewDisposeScope();
            using var how = Compute.Use(KernelForm.Fast, Precision.Float32);
            module.forward(x).sum().backward();
            using var off = no_grad();
            module.forward(x);
        }
    }

    private static Tensor ChannelsTogether(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    private static void Same(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual, string layout)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        var wrong = expected.Keys
            // A key's bias has no effect: its gradient is zero but for rounding, that of numbers like its weight's.
            .Select(name => (name, difference: (expected[name] - actual[name]).abs().max().item<float>(), largest: expected[name.Replace("to_k.bias", "to_k.weight")].abs().max().item<float>()))
            .Where(pair => !(pair.difference <= 1e-4 * pair.largest + 1e-4))
            .Select(pair => $"{layout}: {pair.name} differs by {pair.difference:g3} where the largest value is {pair.largest:g3}");
        Assert.Empty(wrong);
    }

    [VectorTheory]
    [InlineData(true, 256, 128, 128, 1, "ddpm's at 16 x 16")]
    [InlineData(true, 64, 64, 128, 4, "heads of 32, wider than the image's channels")]
    [InlineData(false, 256, 128, 128, 16, "heads of 8")]
    [InlineData(false, 49, 64, 64, 1, "7 x 7 pixels")]
    [InlineData(false, 64, 24, 32, 1, "24 channels")]
    [InlineData(false, 4096, 128, 128, 1, "64 x 64, whose keys no core's cache holds")]
    public void The_kernel_of_attention_is_taken_where_it_is_made_for(bool taken, long positions, long dim, long features, long heads, string what)
    {
        using var scope = NewDisposeScope();
        Assert.True(taken == FullAttention.Fits(zeros(1, positions, dim), zeros(features, dim), heads), what);
        Assert.False(FullAttention.Fits(zeros(1, positions, dim, ScalarType.Float64), zeros(features, dim, ScalarType.Float64), heads));
    }
}
