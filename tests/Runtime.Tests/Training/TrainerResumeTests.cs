using System.Text.Json.Nodes;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>A training that was stopped and continued is, to the bit, the one that was never stopped.</summary>
[Collection(nameof(GlobalGenerator))]
[AllProcessors]
public sealed class TrainerResumeTests : IDisposable
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 30,
        BatchSize = 6,
        LearningRate = 1e-2,
        Seed = 11,
        HorizontalFlips = true,
        Ema =
            [
                new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 },
                new() { Decay = 0.99, Power = 0.75, UpdateEvery = 4, StartAfter = 5 },
                new() { Decay = 0.9999, Power = null, StartAfter = 0 }],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, TrainingOptions> Trainings => new()
    {
        { "plain", Options },
        { "accumulation", Options with { Accumulation = 3 } },
        { "warm-up and cosine", Options with { WarmupSteps = 8, Decay = LearningRateDecay.Cosine } },
        {
            "AdamW, offset noise, no clip",
            Options with { Optimizer = Optimizer.AdamW, WeightDecay = 0.05, OffsetNoise = 0.1, GradientClip = null }
        },
        {
            "all at once",
            Options with
            {
                Accumulation = 2, WarmupSteps = 20, Decay = LearningRateDecay.Cosine, LabelDropout = 0.3, Optimizer = Optimizer.AdamW,
                WeightDecay = 1e-3,
            }
        },
    };

    [Theory]
    [MemberData(nameof(Trainings))]
    public void Stopped_at_any_step_it_goes_on_to_the_bit(string training, TrainingOptions options)
    {
        var whole = Run.Begin(options);
        whole.ToTheEnd();

        foreach (var stop in (int[])[1, 8, 29])
        {
            var store = folder.File($"{training}-{stop}");
            var first = Run.Begin(options);
            first.To(stop, store);
            var second = Run.Begin(options, seedOfWeights: 1);
            second.Trainer.Restore(Checkpoint.Open(store));
            second.ToTheEnd();

            Assert.Equal(whole.Log, [.. first.Log, .. second.Log]);
            Assert.Equal(whole.State(), second.State());
        }
    }

    [Theory]
    [InlineData(DiffusionType.Flow)]
    [InlineData(DiffusionType.Edm)]
    public void Whatever_the_diffusion_it_goes_on_to_the_bit(DiffusionType type)
    {
        var whole = Run.Begin(Options, diffusion: new() { Type = type });
        whole.ToTheEnd();
        var first = Run.Begin(Options, diffusion: new() { Type = type });
        first.To(8, folder.File("store"));
        var second = Run.Begin(Options, seedOfWeights: 1, diffusion: new() { Type = type });
        second.Trainer.Restore(Checkpoint.Open(folder.File("store")));
        second.ToTheEnd();

        Assert.Equal(whole.Log, [.. first.Log, .. second.Log]);
        Assert.Equal(whole.State(), second.State());
    }

    [Fact]
    public void Stopped_again_and_again_it_goes_on_to_the_bit()
    {
        var whole = Run.Begin(Options);
        whole.ToTheEnd();

        var store = folder.File("checkpoints");
        var log = new List<(int, double, double, double)>();
        Run? last = null;
        foreach (var stop in (int[])[1, 2, 3, 10, 11, 20, 29, 30])
        {
            var run = last = Run.Begin(Options);
            if (stop > 1)
                run.Trainer.Restore(Checkpoint.Open(store));
            run.To(stop, store);
            log.AddRange(run.Log);
        }
        Assert.Equal(30, last!.Trainer.Step);
        Assert.Equal(whole.Log, log);
        Assert.Equal(whole.State(), last.State());
    }

    [Fact]
    public void Random_numbers_and_pictures_between_steps_change_nothing()
    {
        var whole = Run.Begin(Options);
        whole.ToTheEnd();
        var disturbed = Run.Begin(Options);
        disturbed.Trainer.Train(step =>
        {
            disturbed.Note(step);
            rand(17).Dispose();
            using (disturbed.Trainer.Ema.Apply())
                manual_seed(step.Step).Dispose();
        });

        Assert.Equal(whole.Log, disturbed.Log);
        Assert.Equal(whole.State(), disturbed.State());
    }

    [Fact]
    public void Checkpoints_come_at_their_steps_and_at_the_end()
    {
        var saved = new List<string>();
        var run = Run.Begin(Options with { CheckpointEvery = 12 });
        run.Trainer.Train(
            step => saved.AddRange(
                Directory.Exists(folder.File("store"))
                    ? Directory.GetDirectories(folder.File("store")).Select(path => Path.GetFileName(path)!)
                    : []),
            new CheckpointStore(folder.File("store"), keep: 9));

        Assert.Equal(["step-00000012", "step-00000024"], saved.Distinct().Order());
        Assert.True(Directory.Exists(folder.File("store/step-00000030")));
        Assert.Equal(
            ["ema", "ema-0.99", "ema-0.9999", "optimizer", "weights"],
            Checkpoint.Open(folder.File("store/step-00000030")).Stems.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Checkpoints_come_by_the_clock()
    {
        var run = Run.Begin(Options with { CheckpointInterval = TimeSpan.FromSeconds(10), Steps = 25 }, clock: new TickingClock());
        run.Trainer.Train(store: new CheckpointStore(folder.File("store"), keep: 9));

        // The clock ticks once a step, and is first looked at after step 1.
        Assert.Equal(
            ["step-00000011", "step-00000021", "step-00000025"],
            Directory.GetDirectories(folder.File("store")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Continued_at_its_end_it_does_nothing_and_with_more_steps_it_goes_on()
    {
        Run.Begin(Options).To(30, folder.File("store"));
        var again = Run.Begin(Options);
        again.Trainer.Restore(Checkpoint.Open(folder.File("store")));
        again.ToTheEnd();
        Assert.Empty(again.Log);

        var longer = Run.Begin(Options with { Steps = 40 });
        longer.Trainer.Restore(Checkpoint.Open(folder.File("store")));
        longer.ToTheEnd();

        var whole = Run.Begin(Options with { Steps = 40 });
        whole.ToTheEnd();
        Assert.Equal(10, longer.Log.Count);
        Assert.Equal(whole.State(), longer.State());
    }

    [Fact]
    public void Other_options_are_refused_by_name_with_both_values()
    {
        Run.Begin(Options).To(3, folder.File("store"));
        var other = Run.Begin(Options with { LearningRate = 2e-2, Ema = [new()], HorizontalFlips = false, Steps = 99 });

        var error = Assert.Throws<CheckpointException>(() => other.Trainer.Restore(Checkpoint.Open(folder.File("store"))));

        Assert.Contains(
            "`LearningRate` was 0.01 and is 0.02; `HorizontalFlips` was true and is false; `Ema.Decay` was [0.9, 0.99, 0.9999] and is "
                + "[0.995]; `Ema.Power` was [0.6666666666666666, 0.75, none]",
            error.Message);
        Assert.DoesNotContain("Steps", error.Message);
        Assert.Equal(0, other.Trainer.Step);
    }

    [Fact]
    public void Other_data_is_refused_with_what_differs()
    {
        using var trained = new Trainer(new TwoConvNet(), new Stripes(), Options);
        trained.Train(store: new CheckpointStore(folder.File("store")));
        using var other = new Trainer(new TwoConvNet(), new SubsetSource(new Stripes(), [0, 1, 2]), Options);

        var error = Assert.Throws<CheckpointException>(() => other.Restore(Checkpoint.Open(folder.File("store"))));

        Assert.Contains(
            "can't go on exactly on other data, 3 of four images of stripes: the number of images was 4 and is 3. Put the data back",
            error.Message);
        Assert.Equal(0, other.Step);
    }

    [Theory]
    [InlineData("data")]
    [InlineData("content")]
    public void A_checkpoint_that_does_not_say_on_which_images_goes_on_and_says_so(string lacking)
    {
        var source = new ShapesSource(1, 8, 8);
        using var trained = new Trainer(new TwoConvNet(), source, Options);
        trained.Train(store: new CheckpointStore(folder.File("store")));
        foreach (
            var (name, change) in new (string, Action<JsonObject, string>)[] { ("null", (json, key) => json[key] = null), (
                "gone", (json, key) => json.Remove(key)) })
        {
            var content = trained.Capture();
            change(lacking == "data" ? content.State : content.State["data"]!.AsObject(), lacking);
            var old = new CheckpointStore(folder.File(name));
            old.Save(content);

            var told = new ListLogger();
            using var second = new Trainer(new TwoConvNet(), source, Options, logger: told);
            second.Restore(old.Newest()!);
            Assert.Equal(
                "The checkpoint doesn't say on which images it was trained, as every one of this version does: whether these are the same "
                    + "isn't known.",
                Assert.Single(told.Warnings));
        }
        var untold = new ListLogger();
        using var known = new Trainer(new TwoConvNet(), source, Options, logger: untold);
        known.Restore(Checkpoint.Open(folder.File("store")));
        Assert.Empty(untold.Warnings);
    }

    [Theory]
    [InlineData("gradient_norms", 2, "`gradient_norms` has 2 numbers, but `losses`, of the same steps, 3.")]
    [InlineData("gradient_norms", -1, "`gradient_norms[3]` is -1, which no training can have.")]
    [InlineData("losses", -1, "`losses[3]` is -1, which no training can have.")]
    [InlineData("first_shares", 7, "`first_shares[3]` is 7, which no training can have.")]
    [InlineData("start_shares", -1, "`start_shares[3]` is -1, which no training can have.")]
    [InlineData("losses", 101, "`losses` has 101 numbers, and a training keeps the last 100.")]
    public void A_list_that_no_training_can_have_is_refused_with_the_number_that_is_wrong(string key, int change, string reason)
    {
        var run = Run.Begin(Options);
        run.To(3, folder.File("store"));
        var content = run.Trainer.Capture();
        var list = content.State[key]!.AsArray();
        if (reason.Contains("numbers, but"))
            list.RemoveAt(0);
        else
            Enumerable.Range(0, change == 101 ? 98 : 1).ToList().ForEach(_ => list.Add(change));
        var store = new CheckpointStore(folder.File("changed"));
        store.Save(content);
        Assert.EndsWith(reason, Assert.Throws<CheckpointException>(() => Run.Begin(Options).Trainer.Restore(store.Newest()!)).Message);
    }

    [Theory]
    [InlineData(LearningRateDecay.Cosine, 30, 0)]
    [InlineData(LearningRateDecay.Cosine, 40, 1)]
    [InlineData(LearningRateDecay.Constant, 40, 0)]
    public void An_end_that_has_moved_is_told_where_the_learning_rate_falls_to_it(LearningRateDecay decay, int steps, int warnings)
    {
        var source = new ShapesSource(1, 8, 8);
        var options = Options with { Steps = 30, Decay = decay };
        using var trained = new Trainer(new TwoConvNet(), source, options);
        trained.Train(store: new CheckpointStore(folder.File("store")));

        var told = new ListLogger();
        using var second = new Trainer(new TwoConvNet(), source, options with { Steps = steps }, logger: told);
        second.Restore(Checkpoint.Open(folder.File("store")));
        Assert.Equal(warnings, told.Warnings.Count(text => text.StartsWith("The learning rate falls to its end, which has moved: ")));
    }

    [Fact]
    public void A_network_that_computes_in_another_form_than_it_was_trained_in_is_told()
    {
        var source = new ShapesSource(1, 8, 8);
        using var trained = new Trainer(new TwoConvNet { Kernels = KernelForm.Reference }, source, Options);
        trained.Train(store: new CheckpointStore(folder.File("store")));
        var checkpoint = Checkpoint.Open(folder.File("store"));
        Assert.Equal(KernelForm.Reference, checkpoint.Kernels);

        foreach (var kernels in Enum.GetValues<KernelForm>())
        {
            var told = new ListLogger();
            using var second = new Trainer(new TwoConvNet { Kernels = kernels }, source, Options, logger: told);
            second.Restore(checkpoint);
            Assert.Equal(
                kernels == KernelForm.Reference ? [] : [
                    "The training computed with the Reference kernels so far, and goes on with the Fast ones (`NoisePredictor.Kernels`): to "
                        + "rounding what it would have been, and not to the bit."],
                told.Warnings);
        }
    }

    [Fact]
    public void A_checkpoint_that_does_not_say_how_much_of_the_first_weights_its_averages_are_goes_on_as_if_no_step_had_been_skipped()
    {
        var run = Run.Begin(Options);
        run.To(3, folder.File("store"));
        var content = run.Trainer.Capture();
        content.State.Remove("first_shares");
        var old = new CheckpointStore(folder.File("old"));
        old.Save(content);

        var second = Run.Begin(Options);
        second.Trainer.Restore(old.Newest()!);

        Assert.Equal(run.Trainer.Emas.Select(average => average.FirstShare), second.Trainer.Emas.Select(average => average.FirstShare));
        Assert.Contains(
            "`Ema.Decay` 0.9999 is still the weights that the training began with",
            Assert.Single(old.Newest()!.DoubtsOf("ema-0.9999")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_checkpoint_says_how_much_of_its_averages_are_the_weights_that_they_were_a_copy_of_one_of_earlier_versions_too(bool old)
    {
        var run = Run.Begin(Options);
        run.To(10, folder.File("store"));
        var content = run.Trainer.Capture();
        Assert.True(!old || content.State.Remove("start_shares"));
        var store = new CheckpointStore(folder.File("saved"));
        store.Save(content);

        var second = Run.Begin(Options);
        second.Trainer.Restore(store.Newest()!);

        Assert.Equal(run.Trainer.Emas.Select(average => average.StartShare), second.Trainer.Emas.Select(average => average.StartShare));
        // Copied up to step 5, and updated once, at step 8: 1 - 4^-0.75.
        Assert.Equal(1 - Math.Pow(4, -0.75), second.Trainer.Emas[1].StartShare, 1e-12);
        Assert.StartsWith(
            "65 % of the average with `Ema.Decay` 0.99 are the weights of step 5 after 10 steps",
            Assert.Single(store.Newest()!.DoubtsOf("ema-0.99")));
    }

    [Fact]
    public void A_training_cannot_end_before_the_step_that_it_goes_on_from()
    {
        Run.Begin(Options).To(12, folder.File("store"));
        var run = Run.Begin(Options with { Steps = 11 });
        var before = run.Network.Weights();

        Assert.EndsWith(
            "is at step 12, and can't end at step 11, which is before: give more `Steps`.",
            Assert.Throws<CheckpointException>(() => run.Trainer.Restore(Checkpoint.Open(folder.File("store")))).Message);
        Assert.Equal(0, run.Trainer.Step);
        Assert.Equal(before, run.Network.Weights());
    }

    [Fact]
    public void Weights_alone_are_no_training_to_go_on_with()
    {
        Run.Begin(Options).To(3, folder.File("store"));
        var run = Run.Begin(Options);

        var error = Assert.Throws<CheckpointException>(
            () => run.Trainer.Restore(Checkpoint.Open(folder.File("store/step-00000003/weights.safetensors"))));

        Assert.Contains("weights alone", error.Message);
    }

    /// <summary>A training with dropout, labels and self-conditioning, and its log.</summary>
    private sealed record Run(Trainer Trainer, TwoConvNet Network)
    {
        public List<(int Step, double Loss, double GradientNorm, double LearningRate)> Log { get; } = [];

        public static Run Begin(
            TrainingOptions options, int seedOfWeights = 0, TimeProvider? clock = null, DiffusionOptions? diffusion = null)
        {
            var network = new TwoConvNet(diffusion: diffusion, classes: 3, dropout: 0.2, selfCondition: true);
            // What the weights were before must not matter where they are restored.
            using var noGradients = no_grad();
            foreach (var parameter in network.parameters())
                parameter.add_(seedOfWeights);
            return new(new Trainer(network, new Stripes(classes: 2), options, clock), network);
        }

        public void Note(TrainingStep step) => Log.Add((step.Step, step.Loss, step.GradientNorm, step.LearningRate));

        public void ToTheEnd() => Trainer.Train(Note);

        public void To(int stop, string store)
        {
            using var cancellation = new CancellationTokenSource();
            Stoppable.Train(
                Trainer,
                step =>
                {
                    Note(step);
                    if (step.Step == stop)
                        cancellation.Cancel();
                },
                new CheckpointStore(store), cancellation.Token);
        }

        /// <summary>All that a checkpoint holds, but the time.</summary>
        public string[] State()
        {
            using var scope = NewDisposeScope();
            var content = Trainer.Capture();
            content.State.Remove("elapsed_seconds");
            return
            [
                content.State.ToJsonString(), $"{content.Step} {content.Loss:R}",
                .. content.Tensors.SelectMany(
                    file => file.Value.Select(
                        tensor => $"{file.Key} {tensor.Key} {Convert.ToHexString(tensor.Value.detach().contiguous().bytes)}")),
            ];
        }
    }
}
