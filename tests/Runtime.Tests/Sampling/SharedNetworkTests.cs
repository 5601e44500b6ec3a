using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
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

    [Fact]
    public async Task Weights_that_another_thread_loads_are_those_of_a_whole_drawing()
    {
        using var scope = NewDisposeScope();
        var sets = Enumerable.Range(0, 2).Select(i => network.state_dict().ToDictionary(
            pair => pair.Key, pair => pair.Value.detach().mul(1 - i * 0.5f).to(pair.Value.dtype))).ToArray();
        var of = sets.Select(set =>
        {
            StateDict.Load(network, set);
            return Convert.ToHexString(Bytes(Sampler.Sample(network, One)));
        }).ToArray();
        var turn = 0;
        await using var loading = new Meanwhile(() => StateDict.Load(network, sets[turn++ % 2]));

        for (var i = 0; i < 20; i++)
        {
            using var drawn = Sampler.Sample(network, One);
            Assert.Contains(Convert.ToHexString(Bytes(drawn)), of);
        }
    }

    [Fact]
    public void Weights_are_not_loaded_nor_freed_by_who_observes_a_drawing()
    {
        using var scope = NewDisposeScope();
        var weights = network.state_dict();
        var alone = Sampler.Sample(network, One);

        var observed = Sampler.Sample(network, One, AtStep(1, () =>
        {
            Assert.Throws<InvalidOperationException>(() => StateDict.Load(network, weights));
            Assert.Throws<InvalidOperationException>(network.Dispose);
        }));

        Assert.Equal(Bytes(alone), Bytes(observed));
    }

    [Fact]
    public async Task Disposing_waits_for_the_drawing_of_another_thread_and_those_that_come_later_are_refused()
    {
        using ManualResetEventSlim isIn = new(), goOn = new();
        var drawing = Task.Run(() => Sampler.Sample(network, One, AtStep(1, () =>
        {
            isIn.Set();
            Assert.True(goOn.Wait(Long));
        })));
        Assert.True(isIn.Wait(Long));
        var disposing = Task.Run(network.Dispose);
        // Until disposing waits they draw beside the first.
        var later = Task.Run(() =>
        {
            while (true)
                Sampler.Sample(network, One).Dispose();
        });
        await Task.Delay(200);
        Assert.False(disposing.IsCompleted);
        goOn.Set();

        using var drawn = await drawing;
        Assert.Equal([1, .. drawn.shape[1..]], drawn.shape);
        await disposing;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => later);
    }

    [Fact]
    public async Task A_token_ends_a_wait_for_others_and_an_observer_may_draw_on_another_thread_meanwhile()
    {
        using var scope = NewDisposeScope();
        using var ema = new Ema(network);
        var alone = Sampler.Sample(network, One);
        using ManualResetEventSlim isIn = new(), goOn = new();
        byte[] inner = [];
        var drawing = Task.Run(() => Sampler.Sample(network, One, AtStep(1, () =>
        {
            isIn.Set();
            Assert.True(goOn.Wait(Long));
            inner = Task.Run(() =>
            {
                using var drawn = Sampler.Sample(network, One);
                return Bytes(drawn);
            }).GetAwaiter().GetResult();
        })));
        Assert.True(isIn.Wait(Long));
        var applying = Task.Run(() => ema.Apply().Dispose());

        // It waits behind the one who is to change the weights, once that one waits for the first.
        Assert.True(SpinWait.SpinUntil(IsCancelledBehindIt, Long));
        Assert.False(applying.IsCompleted);
        goOn.Set();

        using var drawn = await drawing;
        await applying;
        Assert.Equal(Bytes(alone), inner);

        bool IsCancelledBehindIt()
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            try
            {
                Sampler.Sample(network, One, cancellation: stop.Token).Dispose();
                return false;
            }
            catch (OperationCanceledException)
            {
                return true;
            }
        }
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
