using TorchSharp;
using UNetGen.Interop;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

public class EmaTests
{
    [Fact]
    public void The_average_follows_its_formula_over_many_steps()
    {
        using var network = new TwoConvNet();
        using var ema = new Ema(network, new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 3 });
        var expected = Parameters(network).Select(value => (double)value).ToArray();

        for (var step = 1; step <= 40; step++)
        {
            Move(network, 0.1f * step);
            ema.Update(step);

            var n = step - 3;
            var decay = n <= 0 ? 0 : Math.Min(0.9, 1 - Math.Pow(1 + n, -2.0 / 3));
            Assert.Equal(decay, ema.DecayAt(step));
            expected = [.. expected.Zip(Parameters(network), (average, value) => decay * average + (1 - decay) * value)];
            Assert.All(expected.Zip(Shadow(ema)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        }
        Assert.Equal(0.9, ema.DecayAt(40));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void Up_to_its_start_it_is_a_copy_however_seldom_it_is_updated_later(int updateEvery)
    {
        using var network = new TwoConvNet();
        using var ema = new Ema(network, new() { UpdateEvery = updateEvery, StartAfter = 5 });

        Assert.Equal(1, ema.FirstShare);
        for (var step = 1; step <= 5; step++)
        {
            Move(network, 1);
            ema.Update(step);
            Assert.Equal(Parameters(network), Shadow(ema));
            Assert.Equal((0, 1), (ema.FirstShare, ema.StartShare));
        }
        Move(network, 1);
        ema.Update(6);
        Assert.NotEqual(Parameters(network), Shadow(ema));
    }

    [Fact]
    public void An_average_that_never_moved_says_so_and_so_does_what_is_saved_of_a_network_that_holds_it()
    {
        using var folder = new TemporaryFolder();
        using var network = new TwoConvNet();
        using var ema = new Ema(network, new() { Decay = 0.99, UpdateEvery = 100, StartAfter = 0 });
        Assert.Empty(ema.Doubts);
        for (var step = 1; step <= 30; step++)
            ema.Update(step);

        const string doubt = "The average with `Ema.Decay` 0.99 is still the weights that the training began with: no update of it "
            + "(`Ema.UpdateEvery` is 100) was among 30 steps.";
        Assert.Equal([doubt], ema.Doubts);
        using (ema.Apply())
            StateDict.Save(folder.File("averaged.safetensors"), network, ["Another.", doubt]);
        StateDict.Save(folder.File("trained.safetensors"), network);
        Assert.Equal(["Another.", doubt], Checkpoint.Open(folder.File("averaged.safetensors")).Doubts);
        Assert.Empty(Checkpoint.Open(folder.File("trained.safetensors")).Doubts);
    }

    [Fact]
    public void A_network_that_is_disposed_has_no_average()
    {
        var network = new TwoConvNet();
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new Ema(network));
    }

    [Theory]
    [InlineData(0.99, null, 1, 40)]
    [InlineData(0.99, 0.75, 1, 4)]
    [InlineData(0.9, 0.6666666666666666, 5, 23)]
    [InlineData(0.9, null, 30, 29)]
    public void How_much_of_the_first_weights_is_left_is_known_after_and_before(double decay, double? power, int updateEvery, int steps)
    {
        using var network = new TwoConvNet();
        var options = new EmaOptions { Decay = decay, Power = power, UpdateEvery = updateEvery, StartAfter = 0 };
        using var ema = new Ema(network, options);
        var first = Shadow(ema);
        using (no_grad())
        {
            foreach (var parameter in network.parameters())
                parameter.zero_();
        }

        for (var step = 1; step <= steps; step++)
            ema.Update(step);

        Assert.Equal(ema.FirstShare, options.FirstShareAfter(steps));
        Assert.All(first.Zip(Shadow(ema)), pair => Assert.Equal(ema.FirstShare * pair.First, pair.Second, 1e-6));
        Assert.Equal(steps < updateEvery, ema.FirstShare == 1);
    }

    [Theory]
    [InlineData(0.99, null, 1, 3, 40)]
    [InlineData(0.9, 0.6666666666666666, 5, 5, 23)]
    [InlineData(0.9, 0.75, 5, 7, 9)]
    public void How_much_of_the_last_copy_is_left_is_known_after_and_before(
        double decay, double? power, int updateEvery, int startAfter, int steps)
    {
        using var network = new TwoConvNet();
        var options = new EmaOptions { Decay = decay, Power = power, UpdateEvery = updateEvery, StartAfter = startAfter };
        using var ema = new Ema(network, options);
        for (var step = 1; step <= startAfter; step++)
            ema.Update(step);
        var copy = Shadow(ema);
        using (no_grad())
        {
            foreach (var parameter in network.parameters())
                parameter.zero_();
        }

        for (var step = startAfter + 1; step <= steps; step++)
            ema.Update(step);

        Assert.Equal((0, options.StartShareAfter(steps)), (ema.FirstShare, ema.StartShare));
        Assert.All(copy.Zip(Shadow(ema)), pair => Assert.Equal(ema.StartShare * pair.First, pair.Second, 1e-6));
        Assert.Equal(steps < 10, ema.StartShare == 1);
    }

    [Fact]
    public void The_power_is_how_soon_the_decay_reaches_its_full_value()
    {
        using var network = new TwoConvNet();
        using var diffusers = new Ema(network, new() { Decay = 0.9999, Power = 0.75, StartAfter = 1 });
        using var plain = new Ema(network, new() { Decay = 0.9999, Power = null, StartAfter = 0 });

        // 1 - 16^(-3/4) = 1 - 1/8.
        Assert.Equal(0, diffusers.DecayAt(1));
        Assert.Equal(1 - Math.Pow(2, -0.75), diffusers.DecayAt(2), 1e-12);
        Assert.Equal(0.875, diffusers.DecayAt(16), 1e-12);
        Assert.Equal(0.9999, diffusers.DecayAt(1_000_000));
        Assert.Equal(0.9999, plain.DecayAt(1));
    }

    [Theory]
    [InlineData(2, 1, 0, "`Ema.Decay` must lie in [0, 1), as float32 tells it from 1, but is 2")]
    [InlineData(0.9, 0, 0, "`Ema.UpdateEvery` must be at least 1, but is 0")]
    [InlineData(0.9, 1, -1, "`Ema.StartAfter` can't be negative, but is -1")]
    public void What_makes_no_sense_is_refused_without_a_trainer_too(double decay, int updateEvery, int startAfter, string expected)
    {
        using var network = new TwoConvNet();

        Assert.Contains(expected, Assert.Throws<UNetGenException>(
            () => new Ema(network, new() { Decay = decay, UpdateEvery = updateEvery, StartAfter = startAfter })).Message);
    }

    [Fact]
    public void Between_updates_nothing_happens()
    {
        using var network = new TwoConvNet();
        using var ema = new Ema(network, new() { UpdateEvery = 10, StartAfter = 0 });
        var before = Shadow(ema);

        for (var step = 1; step < 10; step++)
        {
            Move(network, 1);
            ema.Update(step);
            Assert.Equal(before, Shadow(ema));
        }
        ema.Update(10);
        Assert.NotEqual(before, Shadow(ema));
    }

    [Fact]
    public void Many_weights_are_averaged_alike_in_float32_and_in_float64()
    {
        using var scope = NewDisposeScope();
        // Float64 has no kernel; more than a kernel's part, and no whole registers.
        var networks = new[] { ScalarType.Float32, ScalarType.Float64 }.Select(type => nn.Linear(301, 207, dtype: type)).ToArray();
        using var noGradients = no_grad();
        networks[1].load_state_dict(networks[0].state_dict());
        var averages = networks.Select(network => new Ema(network, new() { UpdateEvery = 1, StartAfter = 1 })).ToArray();

        for (var step = 1; step <= 6; step++)
        {
            foreach (var (network, average) in networks.Zip(averages))
            {
                foreach (var parameter in network.parameters())
                    parameter.mul_(-0.7).add_(0.1 * step);
                average.Update(step);
            }
            foreach (var (key, value) in averages[0].StateDict)
                Assert.True((value - averages[1].StateDict[key]).abs().max().item<double>() < 1e-6, $"{key} after {step} steps");
        }
        Assert.True((averages[0].StateDict["weight"] - networks[0].weight).abs().min().item<float>() > 1e-3);
        Array.ForEach(averages, average => average.Dispose());
    }

    [Fact]
    public void Buffers_are_copied()
    {
        using var network = new TwoConvNet();
        using var ema = new Ema(network, new() { UpdateEvery = 1, StartAfter = 0 });

        network.get_buffer("calls")!.fill_(41);
        ema.Update(1);

        Assert.Equal(41, ema.StateDict["calls"].item<long>());
    }

    [Fact]
    public void Its_keys_are_the_networks_in_the_networks_order()
    {
        using var network = new TwoConvNet();
        using var ema = new Ema(network);

        Assert.Equal(network.state_dict().Keys, ema.StateDict.Keys);
    }

    [Fact]
    public void Applied_the_network_holds_the_average_and_afterwards_its_own_weights_to_the_bit()
    {
        using var network = new TwoConvNet();
        using var ema = new Ema(network);
        var average = Shadow(ema);
        Move(network, 0.123f);
        var trained = Parameters(network);

        using (ema.Apply())
        {
            Assert.Equal(average, Parameters(network));
            Assert.Throws<InvalidOperationException>(() => ema.Apply());
            Assert.Throws<InvalidOperationException>(() => ema.Update(10));
        }

        Assert.Equal(trained, Parameters(network));
        Assert.Equal(average, Shadow(ema));
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad && parameter.is_leaf));
    }

    [Fact]
    public void Updates_and_swaps_leave_no_tensors_behind()
    {
        using var network = new TwoConvNet();
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        using (var ema = new Ema(network, new() { UpdateEvery = 1 }))
        {
            var made = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            ema.Update(200);
            using (ema.Apply())
            {
            }
            Assert.Equal(made, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static void Move(TwoConvNet network, float by)
    {
        using var noGradients = no_grad();
        foreach (var parameter in network.parameters())
            parameter.add_(by);
    }

    private static float[] Parameters(TwoConvNet network) => [.. network.parameters().SelectMany(value => value.data<float>().ToArray())];

    private static float[] Shadow(Ema ema) =>
        [.. ema.StateDict.Where(entry => entry.Key != "calls").SelectMany(entry => entry.Value.data<float>().ToArray())];
}
