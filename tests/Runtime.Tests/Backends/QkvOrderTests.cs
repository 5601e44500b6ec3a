using UNetGen.Blocks;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// Where q, k and v lie in the one convolution of guided-diffusion's attention: its QKVAttentionLegacy and its QKVAttention, written as
/// einsums over the convolution's result.
/// </summary>
public class QkvOrderTests
{
    private const int Heads = 4, PerHead = 8, Dim = Heads * PerHead;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_order_says_which_channels_are_queries_keys_and_values(bool newOrder)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var block = new QkvAttentionBlock(Dim, Heads, new(), newOrder: newOrder);
        Fill.Parameters(block);
        var x = linspace(-2, 2, 2 * Dim * 15, ScalarType.Float32).sin().reshape(2, Dim, 3, 5);

        var channels = block.qkv.forward(block.norm.forward(x).flatten(2));
        var parts = newOrder
            ? channels.reshape(2, 3, Heads, PerHead, 15).unbind(1)
            : channels.reshape(2, Heads, 3, PerHead, 15).unbind(2);
        var weights = einsum("bhct,bhcs->bhts", parts[0], parts[1]).div(Math.Sqrt(PerHead)).softmax(-1);
        var attended = einsum("bhts,bhcs->bhct", weights, parts[2]).reshape(2, Dim, 15);
        var expected = x + block.proj_out.forward(attended).reshape(x.shape);

        Closeness.Check(expected, block.forward(x), 1e-5);
    }
}
