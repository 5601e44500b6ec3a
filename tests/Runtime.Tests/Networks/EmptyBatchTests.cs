using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

public class EmptyBatchTests
{
    public static TheoryData<string> Networks => [.. AllNetworks.Small.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Images_and_timesteps_that_are_null_are_refused_by_their_names(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        // A hook of one's own comes before.
        if (network.Hooks.Count > 0)
            return;
        var info = network.Info;
        var x = zeros([1, info.Channels + info.ConditionChannels, info.ImageHeight, info.ImageWidth]);
        Assert.Throws<ArgumentNullException>("x", () => network.forward(null!, zeros([1], ScalarType.Int64)));
        Assert.Throws<ArgumentNullException>("timesteps", () => network.forward(x, null!));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Images_of_another_type_than_the_weights_are_refused_in_words(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        var info = network.Info;
        var (labels, context) = (info.NumClasses is null ? null : zeros([1], ScalarType.Int64), AllNetworks.Context(network, 1));

        foreach (var type in (ScalarType[])[ScalarType.Float64, ScalarType.Byte])
        {
            var x = zeros([1, info.Channels + info.ConditionChannels, info.ImageHeight, info.ImageWidth], type);
            Assert.Contains(
                $"images of its weights' type, Float32, but got such of {type}",
                Assert.Throws<ArgumentException>(() => network.forward(x, zeros([1], ScalarType.Int64), context, labels, null)).Message);
        }
    }

    [Fact]
    public void An_estimate_of_another_shape_or_type_than_the_images_is_refused_in_words()
    {
        using var scope = NewDisposeScope();
        var conditioned = AllNetworks.Small.Select(type => AllNetworks.Create(type.Name))
            .Where(network => network.Info.SelfCondition).ToArray();
        Assert.NotEmpty(conditioned);
        foreach (var network in conditioned)
        {
            var (c, h, w) = (network.Info.Channels, network.Info.ImageHeight, network.Info.ImageWidth);
            var labels = network.Info.NumClasses is null ? null : zeros([2], ScalarType.Int64);
            var images = zeros(2, c + network.Info.ConditionChannels, h, w);
            Tensor[] wrong = [
                zeros(2, c, h, w / 2), zeros(1, c, h, w), zeros(2, c + 1, h, w), zeros(c, h, w), zeros([2, c, h, w], ScalarType.Float64)];
            foreach (var estimate in wrong)
                Assert.Throws<ArgumentException>(
                    () => network.forward(images, zeros([2], ScalarType.Int64), AllNetworks.Context(network), labels, estimate));
            network.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_batch_of_no_images_is_refused_in_words(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        var info = network.Info;
        var x = zeros(0, info.Channels + info.ConditionChannels, info.ImageHeight, info.ImageWidth);
        var t = zeros([0], ScalarType.Int64);
        var (labels, context) = (info.NumClasses is null ? null : zeros([0], ScalarType.Int64), AllNetworks.Context(network, 0));

        foreach (var gradients in (bool[])[true, false])
        {
            using var mode = set_grad_enabled(gradients);
            Assert.Contains(
                "batches of at least one image, but got one of none, [0, ",
                Assert.Throws<ArgumentException>(() => network.forward(x, t, context, labels, null)).Message);
        }
    }
}
