using UNetGen.Diffusion;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Steps that would spoil the weights are skipped, and too many of them end the training.</summary>
public class TrainerDivergenceTests
{
    private static readonly TrainingOptions Options = new() { Steps = 60, BatchSize = 4, LearningRate = 1e-2, Ema = [new() { UpdateEvery = 1, StartAfter = 0 }] };

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
            new SpoiltNet(prediction => prediction * float.NaN, 31, 60), new Stripes(), Options with { MaxConsecutiveSkips = 3, CheckpointEvery = 10 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(store: new CheckpointStore(folder.File("checkpoints"))));

        Assert.Contains("step 34 (batch 33): the loss is NaN, and 4 of 34 steps were skipped", error.Message);
        Assert.Contains(Path.Combine("checkpoints", "step-00000030"), error.Message);
        Assert.False(Directory.Exists(folder.File("checkpoints/step-00000034")));
    }

    [Fact]
    public void Where_there_is_no_checkpoint_yet_the_last_good_weights_are_saved()
    {
        using var folder = new TemporaryFolder();
        var network = new SpoiltNet(prediction => prediction * float.NaN, 6, 60);
        using var trainer = new Trainer(network, new Stripes(), Options with { MaxConsecutiveSkips = 3 });
        float[] good = [];

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(
            step => good = step.Step == 5 ? network.Weights() : good, new CheckpointStore(folder.File("checkpoints"))));

        Assert.Contains(Path.Combine("checkpoints", "step-00000009"), error.Message);
        Assert.Equal(good, network.Weights());
    }

    [Fact]
    public void More_in_all_than_allowed_end_the_training()
    {
        using var trainer = new Trainer(
            new SpoiltNet(prediction => prediction * float.NaN, 5, 40), new Stripes(), Options with { MaxConsecutiveSkips = 1000, MaxSkips = 6 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train());

        Assert.Contains("7 of 11 steps were skipped", error.Message);
        Assert.Contains("No checkpoint was written", error.Message);
    }

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

    private static float[] Average(Ema ema) => [.. ema.StateDict.Values.SelectMany(value => value.to(ScalarType.Float32).data<float>().ToArray())];

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
