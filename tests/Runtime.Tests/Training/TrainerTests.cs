using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

public class TrainerTests
{
    private static readonly TrainingOptions Options =
        new() { Steps = 6, BatchSize = 4, LearningRate = 1e-2, Ema = [new() { UpdateEvery = 1, StartAfter = 0 }] };

    [Theory]
    [InlineData(DiffusionType.Ddpm, 0.8)]
    [InlineData(DiffusionType.Flow, 0.8)]
    [InlineData(DiffusionType.Edm, 0.9)]
    public void The_loss_falls(DiffusionType type, double share)
    {
        var network = type == DiffusionType.Ddpm ? new TwoConvNet() : new TwoConvNet(diffusion: new() { Type = type, SigmaData = 1 });
        var losses = Losses(Options with { Steps = 150, BatchSize = 16 }, network);

        Assert.True(
            losses[^20..].Average() < share * losses[..20].Average(), $"from {losses[..20].Average():G3} to {losses[^20..].Average():G3}");
    }

    [Fact]
    public void What_a_report_makes_and_keeps_is_its_own()
    {
        using var network = new TwoConvNet();
        using var trainer = new Trainer(network, new Stripes(), new() { Steps = 2, BatchSize = 2 });
        var kept = new List<Tensor>();

        trainer.Train(_ => kept.Add(ones(1)));

        Assert.All(kept, tensor => Assert.False(tensor.IsInvalid));
        kept.ForEach(tensor => tensor.Dispose());
    }

    [Fact]
    public void A_training_that_begins_leaves_another_one_s_checkpoints_alone()
    {
        using var folder = new TemporaryFolder();
        var store = new CheckpointStore(folder.File("store"));
        var options = new TrainingOptions { Steps = 2, BatchSize = 2 };
        using (var first = new Trainer(new TwoConvNet(), new Stripes(), options))
            first.Train(store: store);

        using var second = new Trainer(new TwoConvNet(), new Stripes(), options);
        Assert.Contains("has checkpoints of another training", Assert.Throws<CheckpointException>(() => second.Train(store: store)).Message);
        second.Restore(store.Newest()!);
        second.Train(store: store);
    }

    [Fact]
    public void Of_two_averages_one_at_a_time_is_in_the_network()
    {
        using var network = new TwoConvNet();
        using var one = new Ema(network);
        using var other = new Ema(network);
        using (one.Apply())
        {
            Assert.Throws<InvalidOperationException>(other.Apply);
            Assert.Throws<InvalidOperationException>(() => other.Update(1));
        }
        other.Apply().Dispose();
    }

    [Fact]
    public void What_is_loaded_while_averaged_weights_are_in_the_network_would_be_lost_and_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new TwoConvNet();
        using var average = new Ema(network);
        var other = new TwoConvNet().state_dict();
        using (average.Apply())
            Assert.Contains("end that, then load", Assert.Throws<InvalidOperationException>(() => StateDict.Load(network, other)).Message);

        StateDict.Load(network, other);
    }

    [Fact]
    public void A_network_is_trained_by_one_at_a_time()
    {
        var options = new TrainingOptions { Steps = 2, BatchSize = 2 };
        using var network = new TwoConvNet();
        using var trainer = new Trainer(network, new Stripes(), options);
        using var other = new Trainer(network, new Stripes(), options);

        trainer.Train(_ =>
        {
            Assert.Contains("is being trained now", Assert.Throws<InvalidOperationException>(() => trainer.Train()).Message);
            Assert.Contains("is being trained now", Assert.Throws<InvalidOperationException>(() => other.Train()).Message);
        });

        Assert.Equal(2, other.Train().Steps);
    }

    [Fact]
    public void A_training_that_goes_on_from_before_the_newest_checkpoint_is_refused_its_folder()
    {
        using var folder = new TemporaryFolder();
        var store = new CheckpointStore(folder.File("store"), keep: 5);
        var options = new TrainingOptions { Steps = 4, BatchSize = 2, CheckpointEvery = 2 };
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), options);
        trainer.Train(store: store);
        trainer.Restore(Checkpoint.Open(folder.File("store/step-00000002")));

        var refused = Assert.Throws<CheckpointException>(() => trainer.Train(store: store)).Message;

        Assert.StartsWith($"{folder.File("store/step-00000004")} is of a later step than 2, from which", refused);
        Directory.Delete(folder.File("store/step-00000004"), recursive: true);
        trainer.Train(store: store);
        Assert.Equal(4, store.Newest()!.Info!.Step);
    }

    [Fact]
    public void What_a_caller_has_switched_off_or_given_up_is_no_riddle()
    {
        var options = new TrainingOptions { Steps = 1, BatchSize = 2 };
        using var network = new TwoConvNet();
        var trainer = new Trainer(network, new Stripes(), options);
        using (no_grad())
            Assert.Equal(1, trainer.Train().Steps);
        using (trainer.Ema.Apply())
            Assert.Contains(
                "averaged weights are in the network",
                Assert.Throws<InvalidOperationException>(() => trainer.Restore(null!)).Message);
        Assert.Throws<ArgumentNullException>(() => trainer.Restore(null!));
        var average = trainer.Ema;
        trainer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => trainer.Train());
        Assert.Throws<ObjectDisposedException>(() => average.Apply());
        Assert.Throws<ObjectDisposedException>(() => average.Update(2));
        Assert.Throws<ObjectDisposedException>(() => average.StateDict);

        Assert.Throws<ArgumentNullException>(() => new Trainer(null!, new Stripes(), options));
        Assert.Throws<ArgumentNullException>(() => new Trainer(network, null!, options));
        Assert.Throws<ArgumentNullException>(() => new Trainer(network, new Stripes(), null!));
        foreach (var parameter in network.parameters())
            parameter.requires_grad_(false);
        Assert.Contains("frozen", Assert.Throws<ArgumentException>(() => new Trainer(network, new Stripes(), options)).Message);
    }

    [Fact]
    public void Without_signal_at_the_last_timestep_a_training_and_its_drawings_stay_finite()
    {
        var network = new TwoConvNet(diffusion: new()
        {
            Timesteps = 20,
            Schedule = BetaSchedule.Cosine,
            Objective = Objective.V,
            ScheduleRescale = ScheduleRescale.ZeroTerminalSnr,
            LossWeight = LossWeight.Plain,
        });
        var losses = new List<double>();
        using var trainer = new Trainer(network, new ShapesSource(1, 8, 8), Options with { Steps = 60, BatchSize = 16 });

        // Of 960 images 48 or so are at the last timestep.
        var summary = trainer.Train(step => losses.Add(step.Loss));
        using var drawn = new DdimSampler(5, 0, TimestepSpacing.Trailing).Sample(network, new() { Count = 4 });

        Assert.Equal(0, summary.Skipped);
        Assert.True(losses[^20..].Average() < losses[..20].Average());
        Assert.All(drawn.data<float>(), value => Assert.InRange(value, -1, 1));
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
    }

    [Fact]
    public void A_time_limit_ends_the_training_with_the_rate_near_0()
    {
        var steps = new List<TrainingStep>();
        var options = Options with { Steps = null, TimeLimit = TimeSpan.FromSeconds(10), Decay = LearningRateDecay.Cosine };
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), options, new TickingClock());

        var summary = trainer.Train(steps.Add);

        Assert.Equal(10, summary.Steps);
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => 1e-2 * (1 + Math.Cos(Math.PI * i / 10)) / 2), steps.Select(step => step.LearningRate));
    }

    [Fact]
    public void A_warm_up_that_a_time_limit_ends_early_is_told_at_the_end_and_not_where_the_training_is_stopped()
    {
        const string doubt = "Of 10 steps none gets a tenth of the `LearningRate`, 0.01: it takes 1,000 to rise (`WarmupSteps`). Train "
            + "longer, or let it rise in fewer.";
        var options = Options with { Steps = null, TimeLimit = TimeSpan.FromSeconds(10), WarmupSteps = 1000 };
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), options, new TickingClock());
        using var stop = new CancellationTokenSource();
        var stopped = Assert.Throws<TrainingCanceledException>(() => trainer.Train(_ => stop.Cancel(), cancellation: stop.Token));
        Assert.DoesNotContain(stopped.Summary.Doubts, told => told.Contains("`WarmupSteps`"));

        using var whole = new Trainer(new TwoConvNet(), new Stripes(), options, new TickingClock());
        Assert.Contains(doubt, whole.Train().Doubts);
        using var rising = new Trainer(new TwoConvNet(), new Stripes(), options with { WarmupSteps = 100 }, new TickingClock());
        Assert.DoesNotContain(rising.Train().Doubts, told => told.Contains("`WarmupSteps`"));
    }

    [Fact]
    public void Cancelling_stops_after_the_step_and_leaves_a_usable_network()
    {
        using var cancellation = new CancellationTokenSource();
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options);

        var error = Assert.Throws<TrainingCanceledException>(() => trainer.Train(step =>
        {
            if (step.Step == 3)
                cancellation.Cancel();
        }, cancellation: cancellation.Token));

        Assert.Equal((3, cancellation.Token), (error.Summary.Steps, error.CancellationToken));
        Assert.Equal(3, trainer.Step);
        trainer.Train();
        Assert.Equal(6, trainer.Step);
    }

    [Fact]
    public void Cancelling_in_the_last_step_comes_too_late()
    {
        using var cancellation = new CancellationTokenSource();
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options);

        var summary = trainer.Train(step =>
        {
            if (step.Step == 6)
                cancellation.Cancel();
        }, cancellation: cancellation.Token);

        Assert.Equal(6, summary.Steps);
    }

    [Fact]
    public void Cancelled_before_it_begins_it_does_nothing()
    {
        var network = new TwoConvNet();
        var before = network.Weights();
        using var trainer = new Trainer(network, new Stripes(), Options);

        var error = Assert.Throws<TrainingCanceledException>(() => trainer.Train(cancellation: new CancellationToken(canceled: true)));

        Assert.Equal((0, double.NaN), (error.Summary.Steps, error.Summary.Loss));
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

    [Theory]
    [InlineData(DiffusionType.Flow)]
    [InlineData(DiffusionType.Edm)]
    public void With_a_flow_and_with_edm_it_draws_what_it_has_learned(DiffusionType type)
    {
        using var scope = NewDisposeScope();
        var network = new TwoConvNet(width: 16, diffusion: new() { Type = type }, selfCondition: true, classes: 5);
        using var trainer = new Trainer(network, new Stripes(classes: 4), Options with { Steps = 200, BatchSize = 16 });
        trainer.Train();

        var guided = new SamplingOptions { Labels = [0, 1], Guidance = 2, Count = 8, Clip = true };
        foreach (var sampler in new Sampler[] { new DdimSampler(10), new HeunSampler(5), new DpmSolverSampler(10) })
        {
            var pictures = sampler.Sample(network, guided);
            Assert.Equal([8, 1, 8, 8], pictures.shape);
            // Stripes of -1 and 1: what was drawn is spread as they are, be it blurred.
            Assert.InRange(pictures.std().item<float>(), 0.3, 1);
        }
    }

    [Fact]
    public void A_network_without_parameters_is_refused()
    {
        var nothingToTrain = new Sampling.FunctionPredictor(new(), (x, _, _) => x.clone(), size: 8);

        Assert.Contains(
            "no parameters", Assert.Throws<ArgumentException>(() => new Trainer(nothingToTrain, new Stripes(), Options)).Message);
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
        trainer.Train(store: new CheckpointStore(folder.File("checkpoints")));
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

    private static Tensor Image(int index)
    {
        var pixels = new float[64];
        new Stripes().Read(index, pixels);
        return tensor(pixels).reshape(1, 1, 8, 8);
    }
}
