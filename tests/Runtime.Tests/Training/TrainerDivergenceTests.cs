using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Steps that would spoil the weights are skipped, and too many of them end the training.</summary>
public class TrainerDivergenceTests
{
    private static readonly TrainingOptions Options =
        new() { Steps = 60, BatchSize = 4, LearningRate = 1e-2, Ema = [new() { UpdateEvery = 1, StartAfter = 0 }] };

    [Fact]
    public void A_loss_that_is_no_number_changes_neither_weights_nor_average() =>
        AssertSkipped("step 30 (batch 29): the loss is NaN", prediction => prediction * float.NaN);

    [Fact]
    public void A_loss_without_bound_changes_neither_weights_nor_average() =>
        AssertSkipped("step 30 (batch 29): the loss is Infinity", prediction => prediction * float.PositiveInfinity);

    [Fact]
    public void A_gradient_that_is_no_number_changes_neither_weights_nor_average() =>
        // sqrt has an infinite slope at 0, and 0 times that is no number: the loss is fine, the gradient isn't.
        AssertSkipped("step 30 (batch 29): the gradient norm is NaN", prediction => prediction + (prediction * 0).sqrt());

    [Fact]
    public void A_loss_that_explodes_changes_neither_weights_nor_average() =>
        AssertSkipped("more than 100 times the", prediction => prediction * 1000);

    [Fact]
    public void A_skipped_step_does_not_count_in_the_mean_loss()
    {
        using var trainer = new Trainer(new SpoiltNet(prediction => prediction * float.NaN, 30, 34), new Stripes(), Options);
        var losses = new List<double>();

        var summary = trainer.Train(step =>
        {
            if (step.Skipped is null)
                losses.Add(step.Loss);
        });

        Assert.Equal((60, 5), (summary.Steps, summary.Skipped));
        Assert.Equal(55, losses.Count);
        Assert.Equal(losses.Average(), summary.Loss, 1e-12);
    }

    [Fact]
    public void More_in_a_row_than_allowed_end_the_training_with_the_last_good_checkpoint_named()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 31, 60), new Stripes(),
            Options with { MaxConsecutiveSkips = 3, CheckpointEvery = 10 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(store: new CheckpointStore(folder.File("checkpoints"))));

        Assert.Contains("step 34 (batch 33): the loss is NaN, and 4 of 34 steps were skipped", error.Message);
        Assert.Contains(
            $"The last good checkpoint is {folder.File("checkpoints/step-00000020")}: no step has succeeded with the weights of the later "
                + "step-00000030.",
            error.Message);
        Assert.Equal(["step-00000010", "step-00000020", "step-00000030"], Names(folder));
    }

    [Fact]
    public void While_steps_are_skipped_no_checkpoint_is_written_and_the_good_one_stays()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 31, 60), new Stripes(), Options with { CheckpointEvery = 1 });

        var error = Assert.Throws<TrainingDivergedException>(
            () => trainer.Train(store: new CheckpointStore(folder.File("checkpoints"), keep: 1)));

        Assert.Contains("step 41 (batch 40)", error.Message);
        Assert.Contains($"The last good checkpoint is {folder.File("checkpoints/step-00000029")}:", error.Message);
        Assert.Equal(["step-00000029", "step-00000030"], Names(folder)[^2..]);
    }

    [Fact]
    public void A_checkpoint_after_which_no_step_succeeded_is_not_called_good()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 6, 60), new Stripes(), Options with { CheckpointEvery = 5 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(store: new CheckpointStore(folder.File("checkpoints"))));

        Assert.Contains(
            $"There is no good checkpoint: no step has succeeded with the weights of {folder.File("checkpoints/step-00000005")}.",
            error.Message);
    }

    [Fact]
    public void The_checkpoint_that_was_gone_on_from_is_good_once_a_step_has_succeeded_after_it()
    {
        using var folder = new TemporaryFolder();
        using (var first = new Trainer(new SpoiltNet(prediction => prediction, 0, 0), new Stripes(), Options with { Steps = 10 }))
            first.Train(store: new CheckpointStore(folder.File("checkpoints")));

        Assert.Contains("There is no good checkpoint", GoOn(firstSpoilt: 1));
        Assert.Contains(
            $"The last good checkpoint is {folder.File("checkpoints/step-00000010")}, from which it was continued.", GoOn(firstSpoilt: 2));

        string GoOn(int firstSpoilt)
        {
            using var trainer = new Trainer(new SpoiltNet(prediction => prediction * float.NaN, firstSpoilt, 60), new Stripes(), Options);
            trainer.Restore(Checkpoint.Open(folder.File("checkpoints")));
            return Assert.Throws<TrainingDivergedException>(
                () => trainer.Train(store: new CheckpointStore(folder.File("checkpoints")))).Message;
        }
    }

    [Fact]
    public void A_checkpoint_whose_step_was_skipped_comes_with_the_next_that_is_not()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 30, 32), new Stripes(), Options with { CheckpointEvery = 30 });

        trainer.Train(store: new CheckpointStore(folder.File("checkpoints")));

        Assert.Equal(["step-00000033", "step-00000060"], Names(folder));
    }

    [Fact]
    public void A_training_that_ends_while_steps_are_skipped_is_saved_and_deletes_nothing()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 58, 60), new Stripes(), Options with { CheckpointEvery = 1 });

        var summary = trainer.Train(store: new CheckpointStore(folder.File("checkpoints"), keep: 1));

        Assert.Equal(["step-00000056", "step-00000057", "step-00000060"], Names(folder)[^3..]);
        Assert.Equal((3, 3), (summary.Skipped, summary.SkippedAtEnd));
        Assert.StartsWith(
            "3 of 60 steps were skipped, the last 3 among them, because loss or gradient exploded: no step has succeeded with "
                + "these weights",
            summary.Doubts[0]);
        Assert.Contains($"The last good checkpoint is {folder.File("checkpoints/step-00000056")}", summary.Doubts[1]);
        Assert.Equal(summary.Doubts.Take(1), Checkpoint.Open(folder.File("checkpoints")).Doubts);
        Assert.Empty(Checkpoint.Open(folder.File("checkpoints/step-00000057")).Doubts);
    }

    [Fact]
    public void A_training_that_skipped_most_steps_but_not_the_last_is_doubted_as_well()
    {
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 2, 9), new Stripes(), Options with { Steps = 12 });

        var summary = trainer.Train();

        Assert.Equal((8, 0), (summary.Skipped, summary.SkippedAtEnd));
        Assert.Equal(
            "8 of 12 steps were skipped because loss or gradient exploded: these weights have learnt from the others alone.",
            summary.Doubts[0]);
    }

    [Fact]
    public void Steps_that_move_no_weight_are_doubted_and_others_not()
    {
        using var still = new Trainer(new TwoConvNet(), new Stripes(), Options with { Steps = 5, LearningRate = 1e-20 });
        Assert.StartsWith("The weights have hardly changed in 5 steps, which were too small. ", still.Train().Doubts[^1]);
        using var moving = new Trainer(new TwoConvNet(), new Stripes(), Options with { Steps = 5, LearningRate = 1e-5 });
        Assert.DoesNotContain(moving.Train().Doubts, doubt => doubt.StartsWith("The weights have hardly"));
    }

    [Fact]
    public void A_checkpoint_of_steps_that_moved_no_weight_says_so_and_so_does_one_of_the_training_that_goes_on_with_it()
    {
        using var folder = new TemporaryFolder();
        var store = new CheckpointStore(folder.Path);
        var options = Options with { LearningRate = 1e-20, Steps = 5 };
        using (var still = new Trainer(new TwoConvNet(), new Stripes(), options))
            Assert.Single(still.Train(store: store).Doubts, doubt => doubt.StartsWith("The weights have hardly"));
        var checkpoint = store.Newest()!;
        Assert.StartsWith("The weights have hardly changed in 5 steps, ", Assert.Single(checkpoint.Doubts));

        using var resumed = new Trainer(new TwoConvNet(), new Stripes(), options with { Steps = 8 });
        resumed.Restore(checkpoint);
        Assert.Equal(checkpoint.Doubts, resumed.Doubts);
        resumed.Train(store: store);
        Assert.StartsWith("The weights have hardly changed in 8 steps, ", Assert.Single(store.Newest()!.Doubts));
    }

    [Fact]
    public void A_checkpoint_of_steps_that_moved_weights_says_nothing_of_the_kind()
    {
        using var folder = new TemporaryFolder();
        var store = new CheckpointStore(folder.Path);
        var options = Options with { LearningRate = 1e-3, Steps = 5 };
        using var moving = new Trainer(new TwoConvNet(), new Stripes(), options);
        moving.Train(store: store);

        using var resumed = new Trainer(new TwoConvNet(), new Stripes(), options);
        resumed.Restore(store.Newest()!);

        Assert.DoesNotContain(resumed.Doubts, doubt => doubt.StartsWith("The weights have hardly"));
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void Weights_that_are_no_finite_numbers_are_not_saved(float value)
    {
        using var folder = new TemporaryFolder();
        var network = new TwoConvNet();
        using var trainer = new Trainer(network, new Stripes(), Options with { CheckpointEvery = 5 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(
            step =>
            {
                if (step.Step != 10)
                    return;
                using var noGradients = no_grad();
                network.get_parameter("conv2.bias")!.fill_(value);
            },
            new CheckpointStore(folder.File("checkpoints"))));

        Assert.Contains("after step 10 the values of weights conv2.bias are no finite numbers", error.Message);
        Assert.Contains($"The last good checkpoint is {folder.File("checkpoints/step-00000005")}.", error.Message);
        Assert.Equal(["step-00000005"], Names(folder));
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void Weights_that_the_last_step_has_ruined_are_told_where_nothing_is_saved_too(float value)
    {
        var network = new TwoConvNet();
        using var trainer = new Trainer(network, new Stripes(), Options with { Steps = 5 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(step =>
        {
            if (step.Step < 5)
                return;
            using var noGradients = no_grad();
            network.get_parameter("conv1.weight")!.fill_(value);
        }));

        Assert.Contains("after step 5 the values of weights conv1.weight are no finite numbers", error.Message);
    }

    [Fact]
    public void A_loss_that_explodes_in_the_first_steps_is_held_against_the_first()
    {
        using var folder = new TemporaryFolder();
        var early = Options with { Steps = 6 };
        using var trainer = new Trainer(new SpoiltNet(prediction => prediction * 1000, 3, 3), new Stripes(), early);
        var skipped = new List<string>();
        trainer.Train(Note, new CheckpointStore(folder.File("checkpoints")));
        Assert.Contains("step 3 (batch 2): the loss is", Assert.Single(skipped));
        Assert.EndsWith("more than 100 times that of the first step", skipped[0]);

        using var again = new Trainer(new SpoiltNet(prediction => prediction * 1000, 1, 1), new Stripes(), early with { Steps = 8 });
        again.Restore(Checkpoint.Open(folder.File("checkpoints")));
        again.Train(Note);
        Assert.Contains("step 7 (batch 6): the loss is", skipped[^1]);

        void Note(TrainingStep step)
        {
            if (step.Skipped is { } fault)
                skipped.Add(fault);
        }
    }

    [Fact]
    public void First_losses_that_differ_by_their_timesteps_weights_alone_are_no_explosion()
    {
        // Weighted by signal to noise, an image at timestep 0 counts some thousand times one at the end.
        var greatest = 0.0;
        for (var seed = 0; seed < 10; seed++)
        {
            var losses = new List<double>();
            var network = new TwoConvNet(diffusion: new() { Timesteps = 1000, Objective = Objective.X0, Schedule = BetaSchedule.Linear });
            using var trainer = new Trainer(
                network, new Stripes(), Options with { Steps = 20, BatchSize = 1, Seed = seed, LearningRate = 1e-3 });
            trainer.Train(step =>
            {
                Assert.Null(step.Skipped);
                losses.Add(step.Loss);
            });
            greatest = Math.Max(greatest, losses.Max() / losses[0]);
        }
        Assert.True(greatest > 100, $"no loss was more than {greatest:G3} times the first");
    }

    [Fact]
    public void Where_there_is_no_checkpoint_yet_the_last_weights_are_saved_and_not_called_good()
    {
        using var folder = new TemporaryFolder();
        var network = new SpoiltNet(prediction => prediction * float.NaN, 6, 60);
        using var trainer = new Trainer(network, new Stripes(), Options with { MaxConsecutiveSkips = 3 });
        float[] good = [];

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(
            step => good = step.Step == 5 ? network.Weights() : good, new CheckpointStore(folder.File("checkpoints"))));

        Assert.Contains($"{folder.File("checkpoints/step-00000009")} holds the weights with which the last steps failed", error.Message);
        Assert.DoesNotContain("last good", error.Message);
        Assert.Equal(good, network.Weights());
    }

    [Fact]
    public void More_in_all_than_allowed_end_the_training()
    {
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 5, 40), new Stripes(),
            Options with { MaxConsecutiveSkips = 1000, MaxSkips = 6 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train());

        Assert.Contains("7 of 11 steps were skipped", error.Message);
        Assert.Contains("No checkpoint was written", error.Message);
    }

    private static string[] Names(TemporaryFolder folder) =>
        [.. Directory.GetDirectories(folder.File("checkpoints")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void AssertSkipped(string reason, Func<Tensor, Tensor> spoil)
    {
        var network = new SpoiltNet(spoil, 30, 30);
        using var trainer = new Trainer(network, new Stripes(), Options);
        (float[] Weights, float[] Average) before = ([], []);
        var skipped = new List<string>();

        trainer.Train(step =>
        {
            if (step.Skipped is not null)
            {
                skipped.Add(step.Skipped);
                Assert.Equal(before.Weights, network.Weights());
                Assert.Equal(before.Average, Average(trainer.Ema));
            }
            else if (before.Weights.Length > 0)
            {
                Assert.NotEqual(before.Weights, network.Weights());
            }
            before = (network.Weights(), Average(trainer.Ema));
        });

        Assert.Contains(reason, Assert.Single(skipped));
        Assert.All(network.Weights(), weight => Assert.True(float.IsFinite(weight)));
    }

    private static float[] Average(Ema ema) =>
        [.. ema.StateDict.Values.SelectMany(value => value.to(ScalarType.Float32).data<float>().ToArray())];

    /// <summary>A network that goes wrong in some of its calls, numbered from 1.</summary>
    private sealed class SpoiltNet : NoisePredictor
    {
        private readonly TwoConvNet inner = new();
        private readonly Func<Tensor, Tensor> spoil;
        private readonly int firstCall;
        private readonly int lastCall;

        public SpoiltNet(Func<Tensor, Tensor> spoil, int firstCall, int lastCall) : base(nameof(SpoiltNet))
        {
            (this.spoil, this.firstCall, this.lastCall) = (spoil, firstCall, lastCall);
            register_module("inner", inner);
        }

        public override NetworkInfo Info => inner.Info;

        public override DiffusionOptions Diffusion => inner.Diffusion;

        public override Tensor forward(Tensor x, Tensor timesteps)
        {
            var prediction = inner.forward(x, timesteps);
            return inner.Calls.Count >= firstCall && inner.Calls.Count <= lastCall ? spoil(prediction) : prediction;
        }

        // The counter of calls moves in a step that goes wrong, too.
        public float[] Weights() => inner.Weights()[..^1];
    }
}
