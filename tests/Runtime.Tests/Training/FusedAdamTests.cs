using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

public class FusedAdamTests
{
    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Weights_of_16_bits_in_which_steps_and_averages_would_stand_still_are_refused(ScalarType type)
    {
        using var network = new TwoConvNet();
        network.to(type);

        foreach (var error in (ArgumentException[])[
            Assert.Throws<ArgumentException>("parameters", () => new FusedAdam(network.named_parameters())),
            Assert.Throws<ArgumentException>("network", () => new Ema(network))])
            Assert.StartsWith(
                $"conv1.weight is in {type}, where what a step adds to a weight or its average is mostly rounded away. ", error.Message);

        // What isn't trained may be of any type.
        foreach (var parameter in network.parameters())
            parameter.requires_grad = false;
        new FusedAdam(network.named_parameters()).Dispose();
    }

    [Fact]
    public void Steps_follow_the_formulas_of_Kingma_and_Ba()
    {
        using var scope = NewDisposeScope();
        const double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;
        var parameter = Parameter(Fill.Input("p", 1, [37]));
        using var adam = new FusedAdam([("p", parameter)], beta1, beta2, eps);
        var (theta, m, v) = (Doubles(parameter), new double[37], new double[37]);

        for (var step = 1; step <= 6; step++)
        {
            var (gradient, rate) = (Fill.Input($"g{step}", 0.1 * step, [37]), 0.01 / step);
            parameter.grad = gradient;
            adam.Step(rate);

            var g = Doubles(gradient);
            for (var i = 0; i < 37; i++)
            {
                m[i] = beta1 * m[i] + (1 - beta1) * g[i];
                v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
                theta[i] -= rate * (m[i] / (1 - Math.Pow(beta1, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(beta2, step))) + eps);
            }
            Assert.All(theta.Zip(Doubles(parameter)), pair => Assert.Equal(pair.First, pair.Second, 2e-7));
        }
    }

    [Fact]
    public void Steps_are_those_of_torch_optim_Adam_on_a_network()
    {
        using var scope = NewDisposeScope();
        var (ours, theirs) = (Network(), Network());
        using var adam = new FusedAdam(ours.named_parameters(), 0.9, 0.99);
        using var reference = optim.Adam(theirs.parameters(), lr: 3e-3, beta1: 0.9, beta2: 0.99);

        for (var step = 0; step < 5; step++)
        {
            var x = Fill.Input($"x{step}", 4, 3, 8, 8);
            foreach (var network in new[] { ours, theirs })
            {
                network.zero_grad();
                network.forward(x).square().mean().backward();
            }
            adam.Step(3e-3);
            reference.step();
        }

        Assert.All(ours.parameters().Zip(theirs.parameters()), pair =>
            Assert.True((pair.First - pair.Second).abs().max().item<float>() < 1e-6));
        Assert.All(ours.parameters().Zip(Network().parameters()), pair =>
            Assert.True((pair.First - pair.Second).abs().max().item<float>() > 1e-3));
    }

    [Theory]
    [InlineData(Optimizer.Adam)]
    [InlineData(Optimizer.AdamW)]
    public void Weight_decay_follows_the_formula_of_each(Optimizer kind)
    {
        using var scope = NewDisposeScope();
        const double beta1 = 0.95, beta2 = 0.999, eps = 1e-6, decay = 0.1, rate = 0.01;
        var parameter = Parameter(Fill.Input("p", 1, [37]));
        using var adam = new FusedAdam([("p", parameter)], beta1, beta2, eps, decay, kind);
        var (theta, m, v) = (Doubles(parameter), new double[37], new double[37]);

        for (var step = 1; step <= 6; step++)
        {
            var gradient = Fill.Input($"g{step}", 0.1 * step, [37]);
            parameter.grad = gradient;
            adam.Step(rate);

            var g = Doubles(gradient);
            for (var i = 0; i < 37; i++)
            {
                // Loshchilov and Hutter 2019, algorithm 2: in the gradient (line 6), or beside it (line 12).
                var (inGradient, beside) = kind == Optimizer.Adam ? (decay * theta[i], 0.0) : (0.0, rate * decay * theta[i]);
                m[i] = beta1 * m[i] + (1 - beta1) * (g[i] + inGradient);
                v[i] = beta2 * v[i] + (1 - beta2) * Math.Pow(g[i] + inGradient, 2);
                theta[i] -= rate * (m[i] / (1 - Math.Pow(beta1, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(beta2, step))) + eps) + beside;
            }
            Assert.All(theta.Zip(Doubles(parameter)), pair => Assert.Equal(pair.First, pair.Second, 2e-6));
        }
    }

    [Fact]
    public void Its_state_bears_PyTorchs_names()
    {
        using var scope = NewDisposeScope();
        using var adam = new FusedAdam([("conv.weight", Parameter(ones(2, 3)))]);

        Assert.Equal(["exp_avg.conv.weight", "exp_avg_sq.conv.weight", "step.conv.weight"], adam.StateDict.Keys);
        Assert.Equal([2, 3], adam.StateDict["exp_avg.conv.weight"].shape);
    }

    [Fact]
    public void A_parameter_in_channels_last_layout_is_stepped_alike()
    {
        using var scope = NewDisposeScope();
        // Only what is contiguous has a kernel. More than a kernel's part, and no whole registers.
        var values = Fill.Input("p", 65, 61, 3, 3);
        var contiguous = Parameter(values.clone());
        var channelsLast = Parameter(values.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2));
        Assert.False(channelsLast.is_contiguous());

        var weights = Fill.Input("w", 65, 61, 3, 3);
        foreach (var parameter in new[] { contiguous, channelsLast })
        {
            using var adam = new FusedAdam([("p", parameter)]);
            for (var step = 0; step < 3; step++)
            {
                parameter.grad = null;
                (parameter.sin() * weights).sum().backward();
                adam.Step(0.1);
            }
        }

        Assert.True((contiguous - channelsLast).abs().max().item<float>() < 1e-6);
        Assert.True((values - channelsLast).abs().max().item<float>() > 0.1);
    }

    [Fact]
    public void A_parameter_without_gradient_stays_and_does_not_count_the_step()
    {
        using var scope = NewDisposeScope();
        var (used, idle) = (Parameter(ones(3)), Parameter(ones(3)));
        using var adam = new FusedAdam([("used", used), ("idle", idle)]);

        used.grad = full([3], 2.0f);
        adam.Step(0.1);
        Assert.Equal([1f, 1f, 1f], idle.data<float>().ToArray());

        // Its first own step is bias-corrected as a first step: the rate times the gradient's sign.
        idle.grad = full([3], -5.0f);
        adam.Step(0.1);
        Assert.All(idle.data<float>().ToArray(), value => Assert.Equal(1.1, value, 1e-6));
    }

    [Fact]
    public void A_backward_pass_through_weights_that_a_step_has_changed_is_refused()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(Fill.Input("p", 1, [37]));
        using var adam = new FusedAdam([("p", parameter)]);
        var before = parameter.square().sum();
        parameter.grad = ones(37);
        adam.Step(0.1);

        Assert.Contains("modified by an inplace operation", Assert.ThrowsAny<Exception>(() => before.backward()).Message);
        parameter.square().sum().backward();
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(ones(3));
        parameter.grad = ones(3);
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        using (var adam = new FusedAdam([("p", parameter)]))
        {
            adam.Step(0.1);
            var after = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            for (var i = 0; i < 10; i++)
                adam.Step(0.1);
            Assert.Equal(after, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static Sequential Network()
    {
        var network = nn.Sequential(("a", nn.Conv2d(3, 8, 3)), ("b", nn.SiLU()), ("c", nn.Conv2d(8, 2, 1)));
        Fill.Parameters(network);
        return network;
    }

    private static Parameter Parameter(Tensor values) => new(values);

    private static double[] Doubles(Tensor values) => values.to(ScalarType.Float64).data<double>().ToArray();
}
