using UNetGen.Backends.Gpu;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Gpu;

public sealed class GpuNormTests
{
    // What bfloat16 rounds to, 2^-9, twice: the input was rounded already, the result and its gradient are.
    private const double OfBFloat16 = 2.0 / 512;

    /// <summary>Channels, groups, height and width: one part and several, fewer pixels than rows, a thread for many packets.</summary>
    public static TheoryData<int, int, int, int> Shapes => new()
    {
        { 32, 8, 8, 8 }, { 64, 1, 5, 3 }, { 128, 32, 16, 16 }, { 1536, 32, 2, 2 }, { 24, 3, 40, 40 }, { 8, 2, 1, 1 },
    };

    [EmulationTheory]
    [MemberData(nameof(Shapes))]
    public void Norm_scale_shift_and_SiLU_in_bfloat16_are_the_reference_s_to_rounding_forward_and_backward(
        int channels, int groups, int height, int width)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var layer = nn.GroupNorm(groups, channels);
        using (no_grad())
        {
            layer.weight!.copy_(randn(channels) * 0.3 + 1);
            layer.bias!.copy_(randn(channels));
        }
        // Far from 0, as an image may be: its variance is no difference of large numbers.
        var images = TensorMemory.ChannelsLast((randn(3, channels, height, width) + 5 * randn(1, channels, 1, 1)).to(ScalarType.BFloat16));
        var (scale, shift) = (randn(3, channels, 1, 1), randn(3, channels, 1, 1));
        var offset = randn(3, channels).requires_grad_();
        var direction = randn(3, channels, height, width).to(ScalarType.BFloat16);

        var expected = Outcome(
            (x, scale, shift) => nn.functional.silu(layer.forward(x + offset.unsqueeze(-1).unsqueeze(-1)) * (scale + 1) + shift),
            images.to(ScalarType.Float32),
            direction.to(ScalarType.Float32));
        var actual = Outcome(
            (x, scale, shift) => GroupNormGpuFunction.Normalize(
                EmulatedKernels.For(x)!, layer, x, offset, cat([scale, shift], 1).flatten(1), silu: true),
            images,
            direction);

        Assert.Equal(ScalarType.BFloat16, actual["result"].dtype);
        foreach (var (name, values) in expected)
        {
            var (difference, largest) = ((values - actual[name]).abs().max().item<float>(), values.abs().max().item<float>());
            Assert.True(difference <= OfBFloat16 * largest, $"{name} differs by {difference} of {largest}");
        }

        Dictionary<string, Tensor> Outcome(Func<Tensor, Tensor, Tensor, Tensor> normalize, Tensor given, Tensor along)
        {
            var leaves = new[] { given, scale, shift }.Select(leaf => leaf.detach().requires_grad_()).ToArray();
            var result = normalize(leaves[0], leaves[1], leaves[2]);
            result.backward([along]);
            var outcome = new Dictionary<string, Tensor>
            {
                ["result"] = result.detach(),
                ["input"] = leaves[0].grad!,
                ["scale"] = leaves[1].grad!,
                ["shift"] = leaves[2].grad!,
                ["weight"] = layer.weight!.grad!,
                ["bias"] = layer.bias!.grad!,
                ["offset"] = offset.grad!,
            };
            (layer.weight.grad, layer.bias.grad, offset.grad) = (null, null, null);
            Gradients.Release();
            return outcome;
        }
    }
}
