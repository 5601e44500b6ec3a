using CsCheck;
using TorchSharp;
using UNetGen.Backends;
using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

public class SamplerTests
{
    private static readonly SamplingOptions Three = new() { Count = 3, Seed = 7 };

    private static readonly Dictionary<string, Sampler> Samplers = new()
    {
        ["ddpm"] = new AncestralSampler(),
        ["ddim"] = new DdimSampler(5, eta: 0.5),
        ["dpm"] = new DpmSolverSampler(5),
        ["heun"] = new HeunSampler(5),
        ["churned heun"] = new HeunSampler(5, churn: 2),
    };

    public static TheoryData<string> All => [.. Samplers.Keys];

    [Fact]
    public void Ancestral_sampling_visits_every_timestep() => Assert.Equal(
        [3, 2, 1, 0, -1], new AncestralSampler().Times(new NoiseSchedule(new() { Timesteps = 4, Schedule = BetaSchedule.Cosine })));

    [Theory]
    [MemberData(nameof(All))]
    public void Images_that_are_no_finite_numbers_are_refused_with_how_many(string sampler)
    {
        using var scope = NewDisposeScope();
        var spoilt = 1;
        var network = new FunctionPredictor(new() { Timesteps = 20, Schedule = BetaSchedule.Cosine }, (x, _, _) =>
        {
            var prediction = x.clone();
            prediction.narrow(0, 0, spoilt).mul_(float.NaN);
            return prediction;
        });

        var error = Assert.Throws<NotFiniteException>(() => Samplers[sampler].Sample(network, Three));
        Assert.Contains("1 of the 3 images from number 0 on came out with values that are no finite numbers", error.Message);
        Assert.EndsWith("draw with an earlier checkpoint.", error.Message);
        Assert.True(network.training);
        network.Precision = Precision.Float16;
        Assert.EndsWith(
            "draw with an earlier checkpoint, or in bfloat16 or float32, whose range doesn't end at 65,504 as float16's does.",
            Assert.Throws<NotFiniteException>(() => Samplers[sampler].Sample(network, Three)).Message);

        spoilt = 0;
        Samplers[sampler].Sample(network, Three);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("cosine")]
    public void Ddims_pictures_are_the_references(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenDiffusion.Of(name);
        Assert.Equal((0.0, true), (golden.Ddim.Eta, golden.Ddim.ClipX0));
        var sampler = new DdimSampler(golden.Ddim.Steps);
        using var walk = new Walk(golden.Toy());
        Assert.Equal(golden.Ddim.Times, sampler.Times(walk.Schedule));

        var x = walk.Through(sampler, Golden.Fill.Input("input:xT", 2, 1, 4, 4), golden.Ddim.Times);

        var difference = (tensor(GoldenDiffusion.Floats(golden.Ddim.Output)).reshape(2, 1, 4, 4) - x).abs().max().item<float>();
        Assert.True(difference <= 2e-5, $"differs by {difference:G4}");
    }

    [Theory]
    [InlineData(BetaSchedule.Linear, Objective.Noise)]
    [InlineData(BetaSchedule.Cosine, Objective.V)]
    [InlineData(BetaSchedule.Sigmoid, Objective.X0)]
    public void Ddim_through_all_timesteps_with_eta_1_is_ancestral_sampling(BetaSchedule schedule, Objective objective)
    {
        // Song et al. 2021, section 4.1: at eta = 1 sigma is beta-tilde, and the step's mean is the posterior's.
        using var scope = NewDisposeScope();
        var network = new FunctionPredictor(
            new() { Timesteps = 60, Schedule = schedule, Objective = objective }, (x, t, _) => GoldenDiffusion.Predict(x, t));

        var ancestral = new AncestralSampler().Sample(network, Three);
        var ddim = new DdimSampler(60, eta: 1).Sample(network, Three);

        Assert.True((ancestral - ddim).abs().max().item<float>() < 1e-4);
        Assert.False(allclose(ddim, new DdimSampler(60, eta: 0).Sample(network, Three), atol: 0.01));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_last_step_adds_no_noise_and_its_picture_is_the_estimate(string name)
    {
        using var scope = NewDisposeScope();
        var x0 = Golden.Fill.Input("x0", 1, 1, 4, 4).clamp(-1, 1);
        using var walk = new Walk(new FunctionPredictor(new() { Timesteps = 100, Objective = Objective.X0 }, (_, _, _) => x0.clone()));

        var x = walk.Through(Samplers[name], randn(1, 1, 4, 4), [0, -1]);

        Assert.True(allclose(x0, x, rtol: 0, atol: 1e-6));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_seed_gives_the_same_pictures_whatever_the_batch_size_and_wherever_it_begins(string name)
    {
        using var scope = NewDisposeScope();
        var (sampler, network) = (Samplers[name], Toy());
        var options = new SamplingOptions { Count = 5, Seed = 3 };

        var together = sampler.Sample(network, options);
        var alone = sampler.Sample(network, options with { BatchSize = 1 });
        var pairs = sampler.Sample(network, options with { BatchSize = 2 });
        var fewer = sampler.Sample(network, options with { Count = 2 });
        var rest = sampler.Sample(network, options with { FirstImage = 2, Count = 3 });

        Assert.Equal(5, together.shape[0]);
        AssertSame(together, alone);
        AssertSame(together, pairs);
        AssertSame(together[..2], fewer);
        AssertSame(together[2..], rest);
    }

    [Fact]
    public void Other_seeds_and_other_numbers_give_other_pictures()
    {
        using var scope = NewDisposeScope();
        var noise = new List<float[]>();
        foreach (var seed in new long[] { 0, 1, 2, -1, long.MaxValue })
        {
            var start = new DdimSampler(1).Sample(Identity(), new() { Count = 4, Seed = seed });
            for (var i = 0; i < 4; i++)
                noise.Add(start[i].flatten().data<float>().ToArray());
        }

        Assert.Equal(20, noise.Select(values => string.Join(" ", values)).Distinct().Count());
    }

    [Fact]
    public void The_first_noise_is_standard_normal()
    {
        using var scope = NewDisposeScope();
        Tensor? noise = null;
        new DdimSampler(1).Sample(Toy(channels: 3, size: 32), new() { Count = 32 }, progress => noise ??= progress.Images.clone());

        Assert.Equal(0, noise!.mean().item<float>(), 0.02);
        Assert.Equal(1, noise.std().item<float>(), 0.02);
        // Images don't share their noise.
        Assert.Equal(0, (noise[0] * noise[1]).mean().item<float>(), 0.08);
    }

    [Fact]
    public void The_network_is_asked_in_evaluation_mode_and_put_back()
    {
        var network = Toy();

        foreach (var mode in new[] { true, false })
        {
            network.train(mode);
            new DdimSampler(3).Sample(network, Three).Dispose();
            Assert.Equal(mode, network.training);
        }

        network.train();
        var broken = new FunctionPredictor(network.Diffusion, (_, _, _) => throw new InvalidOperationException("broken"));
        Assert.Throws<InvalidOperationException>(() => new DdimSampler(3).Sample(broken, Three));
        Assert.True(broken.training);
        Assert.DoesNotContain(true, network.TrainingDuringCalls);
    }

    [Fact]
    public void A_self_conditioned_network_gets_the_previous_clipped_estimate()
    {
        using var scope = NewDisposeScope();
        var conditions = new List<Tensor?>();
        var network = new FunctionPredictor(new() { Timesteps = 100, Objective = Objective.X0 }, (x, _, condition) =>
        {
            conditions.Add(condition?.clone().DetachFromDisposeScope());
            return 2 * x;
        }, selfCondition: true);
        var estimates = new List<Tensor?>();

        new DdimSampler(4).Sample(network, Three, progress => estimates.Add(progress.CleanEstimate?.clone()));

        Assert.Equal(4, conditions.Count);
        Assert.Null(conditions[0]);
        for (var i = 1; i < 4; i++)
        {
            AssertSame(estimates[i]!, conditions[i]!);
            Assert.True(conditions[i]!.abs().max().item<float>() <= 1);
        }
    }

    [Fact]
    public void The_observer_sees_every_batch_from_pure_noise_to_the_finished_pictures()
    {
        using var scope = NewDisposeScope();
        var seen = new List<(int FirstImage, int Step, int Steps, long Size)>();
        Tensor? last = null;

        var pictures = new DdimSampler(2).Sample(Toy(), Three with { BatchSize = 2 }, progress =>
        {
            seen.Add((progress.FirstImage, progress.Step, progress.Steps, progress.Images.shape[0]));
            Assert.Equal(progress.Step == 0, progress.CleanEstimate is null);
            last = progress.Images.clone();
        });

        Assert.Equal([(0, 0, 2, 2), (0, 1, 2, 2), (0, 2, 2, 2), (2, 0, 2, 1), (2, 1, 2, 1), (2, 2, 2, 1)], seen);
        AssertSame(pictures[2..], last!);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_finished_pictures_are_no_part_of_the_estimate_that_they_come_from(string sampler)
    {
        using var scope = NewDisposeScope();
        Samplers[sampler].Sample(Toy(), Three, progress =>
        {
            if (progress.Step < progress.Steps)
                return;
            var estimate = progress.CleanEstimate!.clone();
            progress.Images.fill_(5);
            AssertSame(estimate, progress.CleanEstimate!);
        });
    }

    [Fact]
    public void Cancelling_stops_before_the_next_step()
    {
        using var cancellation = new CancellationTokenSource();
        var network = Toy();

        Assert.Throws<OperationCanceledException>(() => new AncestralSampler().Sample(network, Three, progress =>
        {
            if (progress.Step == 2)
                cancellation.Cancel();
        }, cancellation.Token));

        Assert.Equal(2, network.TrainingDuringCalls.Count);
    }

    [Fact]
    public void Only_the_pictures_stay_alive()
    {
        var network = Toy();
        foreach (var sampler in Samplers.Values.Append(new DdimSampler(1)))
        {
            var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            using (sampler.Sample(network, Three with { BatchSize = 2 }))
                Assert.Equal(before + 1, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
            Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
    }

    [Fact]
    public void Pictures_belong_to_the_callers_scope_and_need_no_gradient()
    {
        Tensor pictures;
        using (NewDisposeScope())
        {
            pictures = new DdimSampler(4).Sample(Toy(), Three);
            Assert.False(pictures.requires_grad);
        }

        Assert.True(pictures.IsInvalid);
    }

    [Fact]
    public void What_cannot_be_drawn_is_refused()
    {
        var network = Toy();

        Assert.Contains("0", Assert.Throws<ArgumentOutOfRangeException>(() => new DdimSampler(0)).Message);
        Assert.All(
            [-0.1, double.PositiveInfinity, double.NaN],
            churn => Assert.Throws<ArgumentOutOfRangeException>(() => new HeunSampler(10, churn)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DpmSolverSampler(10, (TimestepSpacing)99));
        Assert.All([-0.1, 1.1, double.NaN], eta => Assert.Throws<ArgumentOutOfRangeException>(() => new DdimSampler(10, eta)));
        Assert.Contains(
            "101 steps: the network's diffusion has 100 timesteps",
            Assert.Throws<UNetGenException>(() => new DdimSampler(101).Sample(network, Three)).Message);
        Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(network, Three with { Count = 0 }));
        Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(network, Three with { BatchSize = 0 }));
        Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(network, Three with { FirstImage = -1 }));
        Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(network, Three with { FirstImage = int.MaxValue - 2 }));
        Assert.Contains(
            "predicts no variance",
            Assert.Throws<UNetGenException>(() => new AncestralSampler(Variance.LearnedRange).Sample(network, Three)).Message);
    }

    private static FunctionPredictor Toy(int channels = 1, int size = 4) =>
        new(new() { Timesteps = 100 }, (x, t, _) => GoldenDiffusion.Predict(x, t), channels, size);

    /// <summary>A network whose clean image after one step is its noise, clipped.</summary>
    private static FunctionPredictor Identity() => new(new() { Timesteps = 100, Objective = Objective.X0 }, (x, _, _) => x.clone());

    private static void AssertSame(Tensor expected, Tensor actual) =>
        Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());
}
