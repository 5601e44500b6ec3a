using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

public class TrainerTests
{
    private static readonly TrainingOptions Options = new() { Steps = 6, BatchSize = 4, LearningRate = 1e-2, EmaUpdateEvery = 1, EmaStartAfter = 0 };

    [Fact]
    public void The_loss_falls()
    {
        var losses = Losses(Options with { Steps = 150, BatchSize = 16 });

        Assert.True(losses[^20..].Average() < 0.8 * losses[..20].Average(), $"from {losses[..20].Average():G3} to {losses[^20..].Average():G3}");
    }

    [Fact]
    public void The_same_seed_gives_the_same_losses_to_the_bit_and_another_seed_does_not()
    {
        var first = Losses(Options with { Seed = 5, HorizontalFlips = true });

        Assert.Equal(first, Losses(Options with { Seed = 5, HorizontalFlips = true }));
        Assert.NotEqual(first, Losses(Options with { Seed = 6, HorizontalFlips = true }));
    }

    [Fact]
    public void The_first_loss_is_that_of_the_untrained_network_by_the_definition()
    {
        using var scope = NewDisposeScope();
        var network = new TwoConvNet(diffusion: new() { Timesteps = 1, Objective = Objective.X0, Schedule = BetaSchedule.Cosine });
        var losses = Losses(Options with { Steps = 1, BatchSize = 2000 }, new TwoConvNet(diffusion: network.Diffusion));

        // With one timestep alone, and many images, the mean over timesteps, noise and images has little left to chance.
        using var diffusion = new GaussianDiffusion(network.Diffusion);
        var images = cat([.. Enumerable.Range(0, 4).Select(Image)]).repeat(2000, 1, 1, 1);
        var t = zeros(8000, ScalarType.Int64);
        var error = network.forward(diffusion.QSample(images, t, randn(images.shape)), t) - images;
        var expected = diffusion.Schedule.LossWeights[0] * error.square().mean().item<float>();
        Assert.Equal(expected, losses[0], 0.03 * expected);
    }

    [Fact]
    public void The_weights_move_by_adam_at_the_reported_rate()
    {
        // Adam's first step is the rate times the gradient's sign.
        var network = new TwoConvNet();
        var before = network.Weights();
        var rate = 0.0;
        using var trainer = new Trainer(network, new Stripes(), Options with { Steps = 1 });
        trainer.Train(step => rate = step.LearningRate);

        Assert.Equal(1e-2, rate);
        var parameters = (int)network.parameters().Sum(parameter => parameter.numel());
        var moved = network.Weights()[..parameters].Zip(before).Select(pair => Math.Abs(pair.First - pair.Second)).ToArray();
        Assert.All(moved, distance => Assert.InRange(distance, 0, 1.001e-2));
        Assert.True(moved.Count(distance => distance > 0.99e-2) > 0.95 * parameters);
    }

    [Fact]
    public void Reports_name_every_step_and_agree_with_the_summary()
    {
        var steps = new List<TrainingStep>();
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options, new TickingClock());

        var summary = trainer.Train(steps.Add);

        // The clock ticks a second at each look: one before the first step and one after each.
        Assert.Equal([1, 2, 3, 4, 5, 6], steps.Select(step => step.Step));
        Assert.Equal([1.0, 2, 3, 4, 5, 6], steps.Select(step => step.Elapsed.TotalSeconds));
        Assert.Equal([5.0, 4, 3, 2, 1, 0], steps.Select(step => Math.Round(step.Remaining.TotalSeconds, 5)));
        Assert.All(steps, step => Assert.Equal(4, step.ImagesPerSecond));
        Assert.All(steps, step => Assert.True(step.GradientNorm > 0));
        Assert.Equal(6, summary.Steps);
        Assert.Equal(steps.Average(step => step.Loss), summary.Loss, 1e-12);
        Assert.Equal(TimeSpan.FromSeconds(6), summary.Elapsed);
        Assert.False(summary.Cancelled);
    }

    [Fact]
    public void A_time_limit_ends_the_training_with_the_rate_near_0()
    {
        var steps = new List<TrainingStep>();
        var options = Options with { Steps = null, TimeLimit = TimeSpan.FromSeconds(10), Decay = LearningRateDecay.Cosine };
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), options, new TickingClock());

        var summary = trainer.Train(steps.Add);

        Assert.Equal(10, summary.Steps);
        Assert.False(summary.Cancelled);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => 1e-2 * (1 + Math.Cos(Math.PI * i / 10)) / 2), steps.Select(step => step.LearningRate));
    }

    [Fact]
    public void Cancelling_stops_after_the_step_and_leaves_a_usable_network()
    {
        using var cancellation = new CancellationTokenSource();
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options);

        var summary = trainer.Train(step =>
        {
            if (step.Step == 3)
                cancellation.Cancel();
        }, cancellation.Token);

        Assert.Equal((3, true), (summary.Steps, summary.Cancelled));
    }

    [Fact]
    public void Cancelled_before_it_begins_it_does_nothing()
    {
        var network = new TwoConvNet();
        var before = network.Weights();
        using var trainer = new Trainer(network, new Stripes(), Options);

        var summary = trainer.Train(cancellation: new CancellationToken(canceled: true));

        Assert.Equal((0, true, double.NaN), (summary.Steps, summary.Cancelled, summary.Loss));
        Assert.Equal(before, network.Weights());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_network_is_put_back_into_its_mode_without_gradients(bool training)
    {
        var network = new TwoConvNet();
        network.train(training);
        using var trainer = new Trainer(network, new Stripes(), Options);

        trainer.Train(_ => Assert.True(network.training));

        Assert.Equal(training, network.training);
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        static long LiveAfter(int steps)
        {
            using var network = new TwoConvNet(selfCondition: true);
            using var trainer = new Trainer(network, new Stripes(), Options with { Steps = steps });
            var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            trainer.Train();
            return DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount - before;
        }

        var afterFive = LiveAfter(5);
        Assert.Equal(afterFive, LiveAfter(50));
        Assert.Equal(0, afterFive);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_before_weights_and_average_change() =>
        AssertDiverges("the loss is NaN", prediction => prediction * float.NaN);

    [Fact]
    public void A_gradient_that_is_no_number_stops_before_weights_and_average_change() =>
        // sqrt has an infinite slope at 0, and 0 times that is no number: the loss is fine, the gradient isn't.
        AssertDiverges("the gradient norm is NaN", prediction => prediction + (prediction * 0).sqrt());

    private static void AssertDiverges(string what, Func<Tensor, Tensor> spoil)
    {
        var network = new SpoiltNet(spoil, fromCall: 3);
        using var trainer = new Trainer(network, new Stripes(), Options);
        float[] weights = [], average = [];

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(step =>
        {
            if (step.Step == 2)
                (weights, average) = (network.Weights(), Average(trainer.Ema));
        }));

        Assert.Contains("at step 3", error.Message);
        Assert.Contains(what, error.Message);
        Assert.Contains("those of step 2", error.Message);
        Assert.Equal(weights, network.Weights());
        Assert.Equal(average, Average(trainer.Ema));
        Assert.DoesNotContain(float.NaN, weights);
    }

    [Theory]
    [InlineData(0, 255, "runs from 0 to 255")]
    [InlineData(-1, float.NaN, "NaN")]
    public void Images_outside_minus_1_to_1_are_refused(float low, float high, string expected)
    {
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(low: low, high: high), Options);

        var error = Assert.Throws<DataException>(() => trainer.Train());

        Assert.Contains("values in [-1, 1]", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Images_of_another_size_are_refused_with_both_sizes()
    {
        var error = Assert.Throws<DataException>(() => new Trainer(new TwoConvNet(), new Stripes(size: 16), Options));

        Assert.Contains("1 x 8 x 8", error.Message);
        Assert.Contains("1 x 16 x 16", error.Message);
    }

    [Fact]
    public void A_network_without_parameters_is_refused()
    {
        var nothingToTrain = new Diffusion.FunctionPredictor(new(), (x, _, _) => x.clone(), size: 8);

        Assert.Contains("no parameters", Assert.Throws<ArgumentException>(() => new Trainer(nothingToTrain, new Stripes(), Options)).Message);
    }

    [Fact]
    public void Networks_that_take_labels_or_predict_the_variance_are_refused()
    {
        using var classes = new DdpmClassesUNet();
        using var variance = new DdpmResblockUNet();
        Assert.StartsWith("DdpmClassesUNet takes class labels (num_classes): such networks can't yet be trained here.", Refusal(classes));
        Assert.StartsWith("DdpmResblockUNet predicts the variance (learned_variance): such networks can't yet be trained here.", Refusal(variance));

        static string Refusal(NoisePredictor network) => Assert.Throws<UNetGenException>(() => new Trainer(network, new Stripes(), Options)).Message;
    }

    [Fact]
    public void A_self_conditioned_network_is_given_its_own_estimate_in_half_of_the_steps()
    {
        var network = new TwoConvNet(selfCondition: true);
        using var trainer = new Trainer(network, new Stripes(), Options with { Steps = 200, BatchSize = 1 });
        trainer.Train();

        // An estimate is made without gradients and without a condition, and the pass after it has both.
        var estimates = Enumerable.Range(0, network.Calls.Count).Where(i => !network.Calls[i].Gradients).ToArray();
        Assert.InRange(estimates.Length, 70, 130);
        Assert.Equal(200 + estimates.Length, network.Calls.Count);
        Assert.All(estimates, i => Assert.Equal(((false, false), (true, true)), (network.Calls[i], network.Calls[i + 1])));
        Assert.Equal(estimates.Length, network.Calls.Count(call => call.Given));
    }

    [Fact]
    public void From_images_to_a_checkpoint_to_pictures()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var options = Options with { Steps = 60, BatchSize = 16 };
        var network = new TwoConvNet();
        using var trainer = new Trainer(network, new Stripes(), options);
        var summary = trainer.Train();
        new CheckpointStore(folder.File("checkpoints")).Save(new()
        {
            Network = network,
            Step = summary.Steps,
            Loss = summary.Loss,
            Training = options,
            State = [],
            Tensors = new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { ["weights"] = network.state_dict(), ["ema"] = trainer.Ema.StateDict },
        });
        Tensor expected;
        using (trainer.Ema.Apply())
            expected = new DdimSampler(5).Sample(network, new());

        var loaded = new TwoConvNet();
        Checkpoint.Open(folder.File("checkpoints")).LoadInto(loaded);
        var pictures = new DdimSampler(5).Sample(loaded, new());

        Assert.Equal([16, 1, 8, 8], pictures.shape);
        Assert.Equal(expected.data<float>().ToArray(), pictures.data<float>().ToArray());
        Assert.True(pictures.abs().max().item<float>() <= 1);
    }

    private static double[] Losses(TrainingOptions options, NoisePredictor? network = null)
    {
        var losses = new List<double>();
        using var trainer = new Trainer(network ?? new TwoConvNet(), new Stripes(), options);
        trainer.Train(step => losses.Add(step.Loss));
        return [.. losses];
    }

    private static float[] Average(Ema ema) => [.. ema.StateDict.Values.SelectMany(value => value.to(ScalarType.Float32).data<float>().ToArray())];

    private static Tensor Image(int index)
    {
        var pixels = new float[64];
        new Stripes().Read(index, pixels);
        return tensor(pixels).reshape(1, 1, 8, 8);
    }

    /// <summary>A clock that moves a second each time it is looked at.</summary>
    private sealed class TickingClock : TimeProvider
    {
        private long ticks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => ticks++;
    }

    /// <summary>A network that goes wrong from a call on.</summary>
    private sealed class SpoiltNet : NoisePredictor
    {
        private readonly TwoConvNet inner = new();
        private readonly Func<Tensor, Tensor> spoil;
        private readonly int fromCall;

        public SpoiltNet(Func<Tensor, Tensor> spoil, int fromCall) : base(nameof(SpoiltNet))
        {
            (this.spoil, this.fromCall) = (spoil, fromCall);
            register_module("inner", inner);
        }

        public override NetworkInfo Info => inner.Info;

        public override DiffusionOptions Diffusion => inner.Diffusion;

        public override Tensor forward(Tensor x, Tensor timesteps)
        {
            var prediction = inner.forward(x, timesteps);
            return inner.Calls.Count >= fromCall ? spoil(prediction) : prediction;
        }

        // The counter of calls moves in a step that goes wrong, too.
        public float[] Weights() => inner.Weights()[..^1];
    }
}
