using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

public class EmptyBatchTests
{
    public static TheoryData<string> Networks => [.. AllNetworks.Small.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_batch_of_no_images_is_refused_in_words(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        var info = network.Info;
        var x = zeros(0, info.Channels, info.ImageHeight, info.ImageWidth);
        var t = zeros([0], ScalarType.Int64);
        var labels = info.NumClasses is null ? null : zeros([0], ScalarType.Int64);

        foreach (var gradients in (bool[])[true, false])
        {
            using var mode = set_grad_enabled(gradients);
            Assert.Contains(
                "batches of at least one image, but got one of none, [0, ",
                Assert.Throws<ArgumentException>(() => network.forward(x, t, labels)).Message);
        }
    }
}
