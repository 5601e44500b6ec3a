using UNetGen.Backends;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// The norms of transformers add 1e-6 (GroupNorm) and 1e-5 (LayerNorm) to the variance, as diffusers' do. In ordinary numbers another eps
/// is lost in rounding; where what is normalised is small it is the size of the result.
/// </summary>
public sealed class TransformerEpsilonTests
{
    // Plus and minus 1e-3 in turn: mean 0, variance 1e-6.
    private const double Small = 1e-3;

    public static TheoryData<KernelForm> Forms => [.. Enum.GetValues<KernelForm>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_group_norm_adds_1e_minus_6(KernelForm kernels)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var mode = Compute.Use(kernels, Precision.Float32, TorchSharp.DeviceType.CPU);
        using var block = new SpatialTransformer(dim: 16, heads: 2, contextDim: 4, layers: 1, groups: 4, linearProjection: true);
        // What the norm gives goes through two layers that change nothing, past a layer that adds nothing.
        foreach (var (name, parameter) in block.named_parameters())
        {
            if (name is "proj_in.weight" or "proj_out.weight")
                parameter.copy_(eye(16));
            else if (name != "norm.weight")
                parameter.zero_();
        }

        var x = Alternating(1, 16, 4, 4);
        var result = block.forward(x, zeros(1, 3, 4)) - x;
        // 1e-3 / sqrt(1e-6 + 1e-6); with 1e-5 it were 0.30.
        Assert.Equal(Math.Sqrt(0.5), result.abs().max().item<float>(), 1e-4);
        Assert.Equal(Math.Sqrt(0.5), result.abs().min().item<float>(), 1e-4);
    }

    [Theory]
    [InlineData("norm1")]
    [InlineData("norm2")]
    [InlineData("norm3")]
    public void Each_layer_norm_adds_1e_minus_5(string norm)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var block = new TransformerBlock(dim: 8, heads: 2, contextDim: 8);
        var layer = norm switch { "norm1" => block.norm1, "norm2" => block.norm2, _ => block.norm3 };
        foreach (var kernels in Enum.GetValues<KernelForm>())
        {
            using var mode = Compute.Use(kernels, Precision.Float32, TorchSharp.DeviceType.CPU);
            foreach (var (_, parameter) in block.named_parameters())
                parameter.zero_();
            layer.weight!.fill_(1);
            Tensor tokens = Alternating(1, 1, 8), context = ones(1, 1, 8), expected;
            if (norm == "norm1")
            {
                // One token attends to itself alone, so its value is what comes out.
                block.attn1.to_v.weight!.copy_(eye(8));
                block.attn1.to_out.weight!.copy_(eye(8));
                expected = tokens;
            }
            else if (norm == "norm2")
            {
                // Two tokens of the context, e and -e, are keys and values: with q = s e each score is s / sqrt(4) or its opposite.
                context = stack([tensor([1f, 0, 0, 0, 0, 0, 0, 0]), tensor([-1f, 0, 0, 0, 0, 0, 0, 0])]).unsqueeze(0);
                block.attn2.to_q.weight!.copy_(eye(8));
                block.attn2.to_k.weight!.copy_(eye(8));
                block.attn2.to_v.weight!.copy_(eye(8));
                block.attn2.to_out.weight!.copy_(eye(8));
                expected = tokens;
            }
            else
            {
                // Gates of 10, whose GELU is 10, and values as they come.
                block.ff.gated.weight![..8].copy_(eye(8));
                block.ff.gated.bias![32..].fill_(10);
                block.ff.output.weight![.., ..8].copy_(eye(8) / 10);
                expected = tokens;
            }

            // 1e-3 / sqrt(1e-6 + 1e-5), that is 0.3015; with 1e-6 it were 0.71.
            var normalised = (Small / Math.Sqrt(1.1e-5));
            var added = (block.forward(tokens, context) - expected).flatten()[0].item<float>();
            Assert.Equal(norm == "norm2" ? Math.Tanh(normalised / 2) : normalised, added, 1e-4);
        }
    }

    /// <summary>Plus and minus in turn along the last axis.</summary>
    private static Tensor Alternating(params long[] shape)
    {
        using var signs = 1 - 2 * arange(shape[^1]).remainder(2);
        return (signs.to(ScalarType.Float32) * Small).expand(shape).contiguous();
    }
}
