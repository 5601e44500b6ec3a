using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Drawings with one network at once, which has dropout: in training mode each picture would be another.</summary>
public sealed class SharedNetworkTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly DdimSampler Sampler = new(4);
    private static readonly SamplingOptions One = new() { Count = 1, Labels = [1] };

    private readonly NoisePredictor network = AllNetworks.Create("ExchangeManyKeysUNet");

    public SharedNetworkTests()
    {
        Fill.Parameters(network);
        network.train();
    }

    public void Dispose() => network.Dispose();

    [Fact]
    public void A_drawing_that_ends_first_leaves_the_other_in_evaluation_mode_and_the_last_brings_back_the_mode()
    {
        using var scope = NewDisposeScope();
        var alone = Sampler.Sample(network, One);
        using ManualResetEventSlim firstIsIn = new(), secondIsIn = new(), firstIsOver = new();
        byte[] first = [];
        Task.Run(() =>
        {
            using var drawn = Sampler.Sample(network, One, AtStep(1, () =>
            {
                firstIsIn.Set();
                secondIsIn.Wait(Long);
            }));
            first = Bytes(drawn);
            firstIsOver.Set();
        });
        Assert.True(firstIsIn.Wait(Long));

        var second = Sampler.Sample(network, One, AtStep(1, () =>
        {
            secondIsIn.Set();
            Assert.True(firstIsOver.Wait(Long));
            Assert.False(network.training);
        }));

        Assert.True(network.training);
        Assert.Equal(Bytes(alone), Bytes(second));
        Assert.Equal(Bytes(alone), first);
    }

    [Fact]
    public void Who_observes_a_drawing_may_draw_with_the_same_network()
    {
        using var scope = NewDisposeScope();
        var alone = Sampler.Sample(network, One);

        var outer = Sampler.Sample(network, One, AtStep(2, () => Sampler.Sample(network, One).Dispose()));

        Assert.Equal(Bytes(alone), Bytes(outer));
        Assert.True(network.training);
    }

    private static byte[] Bytes(Tensor images)
    {
        using var together = images.contiguous();
        return together.bytes.ToArray();
    }

    private static Action<SamplingProgress> AtStep(int step, Action act) => progress =>
    {
        if (progress.Step == step)
            act();
    };
}
