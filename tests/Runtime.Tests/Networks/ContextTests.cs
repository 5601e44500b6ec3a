using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Networks that attend to a context, and those that don't.</summary>
public sealed class ContextTests
{
    private const string Missing =
        "CondSd1TinyUNet attends to a context, [2, tokens, 24], and got none: call `forward(x, timesteps, context: ...)`.";
    private const string NotOnePerImage = "CondSd1TinyUNet takes one context per image, [2, tokens, 24], but got ";

    [Fact]
    public void A_network_with_a_context_asks_for_it_and_takes_no_labels_for_it()
    {
        using var scope = NewDisposeScope();
        using var network = new CondSd1TinyUNet();
        var (x, t) = Input();
        var context = Fill.Input("context", 2, 3, 24);
        Refused(() => network.forward(x, t));
        Refused(() => network.forward(x, t, labels: context));
        Refused(() => network.forward(x, t, context, null));
        // As a network of whatever kind it takes no context by position either.
        NoisePredictor any = network;
        Refused(() => any.forward(x, t, context));

        static void Refused(Action call) =>
            Assert.StartsWith(Missing, Assert.Throws<ArgumentException>("context", call).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_of_another_shape_or_type_is_refused_with_both()
    {
        using var scope = NewDisposeScope();
        using var network = new CondSd1TinyUNet();
        var (x, t) = Input();
        foreach (var (shape, got) in new[]
        {
            (new long[] { 1, 3, 24 }, "[1, 3, 24]."), ([2, 3, 23], "[2, 3, 23]."), ([2, 24], "[2, 24]."), ([2, 0, 24], "[2, 0, 24]."),
        })
            Assert.StartsWith(
                NotOnePerImage + got, Assert.Throws<ArgumentException>("context", () => network.forward(x, t, context: zeros(shape))).Message);
        var whole = Assert.Throws<ArgumentException>(
            "context", () => network.forward(x, t, context: zeros([2, 3, 24], ScalarType.Int64)));
        Assert.StartsWith("CondSd1TinyUNet takes a context of floating point numbers, but got Int64.", whole.Message);
        var half = Assert.Throws<ArgumentException>(
            "context", () => network.forward(x, t, context: zeros([2, 3, 24], ScalarType.Float16)));
        Assert.StartsWith("CondSd1TinyUNet takes a context of the images' type, Float32, but got one of Float16:", half.Message);
    }

    [Fact]
    public void A_context_for_a_network_without_one_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmTinyUNet();
        var info = network.Info;
        Assert.Null(info.ContextDim);
        var x = Fill.Input("x", 2, info.Channels, info.ImageHeight, info.ImageWidth);
        var error = Assert.Throws<ArgumentException>("context", () => network.forward(x, tensor([1L, 2L]), zeros(2, 3, 24), null, null));
        Assert.StartsWith(
            "DdpmTinyUNet takes no context; its spec would have to say `preset: conditional` and `context_dim`.", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(77)]
    public void An_image_s_result_depends_on_its_own_context_alone_of_any_number_of_tokens(int tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = new CondSd1TinyUNet();
        Fill.Parameters(network);
        var (x, t) = Input();
        var context = Fill.Input("context", 2, tokens, 24);
        var both = network.forward(x, t, context: context);
        var second = network.forward(x[1..], t[1..], context: context[1..]);
        Assert.True(both[1..].allclose(second, rtol: 1e-4, atol: 1e-4));
        var other = network.forward(x, t, context: cat([context[..1] * 2, context[1..]]));
        Assert.True(other[1..].allclose(second, rtol: 1e-4, atol: 1e-4));
        Assert.False(other[..1].allclose(both[..1], rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void Tokens_in_another_order_are_the_same_context()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = new CondSd2TinyUNet();
        Fill.Parameters(network);
        var (x, t, labels) = (Fill.Input("x", 2, 4, 8, 16), tensor([3L, 500L]), tensor([0L, 4L]));
        var context = Fill.Input("context", 2, 5, 20);
        var expected = network.forward(x, t, context: context, labels: labels);
        Assert.True(network.forward(x, t, context: context.flip(1), labels: labels).allclose(expected, rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void Constants_and_info_say_how_wide_it_is() => Assert.Equal(
        (24, 24, 20), (CondSd1TinyUNet.ContextDim, CondSd1TinyUNet.Description.ContextDim, CondSd2TinyUNet.Description.ContextDim));

    private static (Tensor X, Tensor Timesteps) Input() => (Fill.Input("x", 2, 4, 8, 8), tensor([3L, 500L]));
}
