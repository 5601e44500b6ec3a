using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Channels that go in behind the images and aren't predicted.</summary>
public sealed class ConditionChannelTests
{
    [Fact]
    public void They_go_in_behind_the_images_and_nothing_of_them_comes_out()
    {
        using var scope = NewDisposeScope();
        using var network = new ConditionedUNet();
        Assert.Equal((2, 3, 2), (ConditionedUNet.Channels, ConditionedUNet.ConditionChannels, ConditionedUNet.OutChannels));
        Assert.Equal((2, 3, 2), (network.Info.Channels, network.Info.ConditionChannels, network.Info.OutChannels));
        // The previous estimate of 2 channels, then the images' 2, then the condition's 3.
        Assert.Equal([8L, 7, 3, 3], network.state_dict()["input_blocks.0.0.weight"].shape);
        Assert.Equal([2L, 2, 8, 8], network.forward(randn(2, 5, 8, 8), tensor([0L, 7L])).shape);
    }

    /// <summary>A first convolution that looks at one channel alone shows which one it is.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 2)]
    [InlineData(4, 4)]
    [InlineData(6, 6)]
    public void The_first_convolution_takes_estimate_images_and_condition_in_this_order(int looksAt, int changes)
    {
        using var scope = NewDisposeScope();
        using var network = new ConditionedUNet();
        network.eval();
        using (no_grad())
        {
            nn.init.normal_(network.out_2.weight);
            foreach (var parameter in network.parameters().Where(parameter => parameter.dim() > 1))
                nn.init.normal_(parameter, std: 0.2);
            var weight = network.input_blocks_0_0.weight!;
            var only = zeros_like(weight);
            only[.., looksAt] = weight[.., looksAt];
            weight.copy_(only);
        }

        var (whole, timesteps) = (randn(1, 7, 8, 8), tensor([3L]));
        var before = Predict(whole);
        for (var channel = 0; channel < 7; channel++)
        {
            var changed = whole.clone();
            changed[.., channel] += 1;
            Assert.Equal(channel == changes, !Predict(changed).allclose(before));
        }

        Tensor Predict(Tensor all) => network.forward(all[.., 2..], timesteps, labels: null, selfCondition: all[.., ..2]);
    }

    [Fact]
    public void Without_an_estimate_it_is_zeros_of_the_images_channels()
    {
        using var scope = NewDisposeScope();
        using var network = new ConditionedUNet();
        network.eval();
        nn.init.normal_(network.out_2.weight);
        var (x, timesteps) = (randn(1, 5, 8, 8), tensor([3L]));
        Assert.True(network.forward(x, timesteps).Equals(network.forward(x, timesteps, null, zeros(1, 2, 8, 8))));
    }

    [Fact]
    public void Images_without_their_condition_are_refused_with_what_belongs_there()
    {
        using var scope = NewDisposeScope();
        using var network = new ConditionedUNet();
        Assert.StartsWith(
            "ConditionedUNet takes images of 2 channels with 3 of their condition behind them, [batch, 5, 8, 8], but got [1, 2, 8, 8].",
            Assert.Throws<ArgumentException>(() => network.forward(zeros(1, 2, 8, 8), tensor([3L]))).Message, StringComparison.Ordinal);
    }
}
