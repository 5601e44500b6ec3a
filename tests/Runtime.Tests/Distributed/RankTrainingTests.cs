using TorchSharp;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Distributed;
using UNetGen.Pictures;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>Several ranks train as one process does with their batches together.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class RankTrainingTests : IDisposable
{
    private const int EffectiveBatch = 8;

    private static readonly TrainingOptions Options = new()
    {
        Steps = 12,
        BatchSize = EffectiveBatch,
        LearningRate = 1e-2,
        Seed = 7,
        HorizontalFlips = true,
        Ema = [new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 }],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, TrainingOptions> Trainings => new()
    {
        { "plain", Options },
        { "accumulation", Options with { Accumulation = 2 } },
        {
            "all at once",
            Options with
            {
                WarmupSteps = 4, Decay = LearningRateDecay.Cosine, LabelDropout = 0.3, Optimizer = Optimizer.AdamW, WeightDecay = 0.05,
                OffsetNoise = 0.1, GradientClip = 0.05,
            }
        },
    };

    [Theory]
    [MemberData(nameof(Trainings))]
    public void Ranks_give_the_weights_of_one_process_with_all_of_their_images_to_rounding(string training, TrainingOptions options)
    {
        Assert.NotEmpty(training);
        var one = Train(new SingleProcess(), options);
        foreach (var size in (int[])[2, 4])
        {
            var ranks = OnRanks(size, collective => Train(collective, options with { BatchSize = EffectiveBatch / size }));

            Assert.All(ranks, rank => Assert.Equal(ranks[0].Weights, rank.Weights));
            Assert.All(ranks, rank => Assert.Equal(ranks[0].Log, rank.Log));
            AssertEqualToRounding(one, ranks[0]);
        }
    }

    [Theory]
    [InlineData(DiffusionType.Flow)]
    [InlineData(DiffusionType.Edm)]
    public void Ranks_train_a_flow_and_edm_as_one_process_does_to_rounding(DiffusionType type)
    {
        var diffusion = new DiffusionOptions { Type = type, WeightingScheme = WeightingScheme.Cosmap };
        var one = Train(new SingleProcess(), Options, diffusion: diffusion);
        var ranks = OnRanks(2, collective => Train(collective, Options with { BatchSize = EffectiveBatch / 2 }, diffusion: diffusion));

        Assert.Equal(ranks[0].Weights, ranks[1].Weights);
        AssertEqualToRounding(one, ranks[0]);
    }

    [Fact]
    public void Of_ranks_that_all_are_given_the_folder_of_checkpoints_the_first_writes_them()
    {
        var store = new CheckpointStore(folder.File("store"));
        OnRanks(2, collective =>
        {
            using var network = new TwoConvNet();
            using var trainer = new Trainer(network, new Stripes(), Options with { BatchSize = 4 }, collective: collective);
            trainer.Train(store: new CheckpointStore(folder.File("store")));
            return trainer.Step;
        });

        Assert.Equal(Options.Steps, store.Newest()!.Info!.Step);
    }

    [Fact]
    public void Each_rank_sees_its_share_of_every_batch_and_no_image_twice()
    {
        var options = Options with { SelfConditionProbability = 0 };
        var ranks = OnRanks(4, collective => Train(collective, options with { BatchSize = 2 }));
        var one = Train(new SingleProcess(), options);

        // A step's images in the order of the ranks are those of one process.
        Assert.All(Enumerable.Range(0, 12), step => Assert.Equal(
            one.Network.Labels.Skip(step * EffectiveBatch).Take(EffectiveBatch),
            ranks.SelectMany(rank => rank.Network.Labels.Skip(step * 2).Take(2))));
    }

    [Fact]
    public void Resumed_with_as_many_ranks_it_goes_on_to_the_bit()
    {
        var options = Options with { BatchSize = 4 };
        var whole = OnRanks(2, collective => Train(collective, options));
        foreach (var stop in (int[])[1, 7])
        {
            var store = folder.File($"stop-{stop}");
            OnRanks(2, collective => Train(collective, options, store, stop: stop));
            var second = OnRanks(2, collective => Train(collective, options, resumed: store));

            Assert.Null(second[1].Note);
            Assert.Equal(whole[1].Weights, second[1].Weights);
            // Who asks to stop is heard with the next step's gradients.
            Assert.Equal(whole[0].Log[(stop + 1)..], second[0].Log);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Resumed_with_another_number_and_the_same_images_a_step_it_goes_on_to_rounding(int size)
    {
        OnRanks(2, collective => Train(collective, Options with { BatchSize = 4 }, folder.File("store"), stop: 5));
        var second =
            OnRanks(size, collective => Train(
                collective, Options with { BatchSize = EffectiveBatch / size }, resumed: folder.File("store")))[0];

        Assert.Contains(
            $"with batches of {EffectiveBatch / size}, not 2 ranks with batches of 4 as before: a step still has 8 images", second.Note);
        Assert.Equal(6, second.Log.Count);
        AssertEqualToRounding(Train(new SingleProcess(), Options), second);
    }

    [Fact]
    public void Resumed_with_another_number_and_the_same_batch_it_says_what_changes_and_takes_up_the_images_where_they_ended()
    {
        var options = Options with { BatchSize = 2, SelfConditionProbability = 0 };
        OnRanks(2, collective => Train(collective, options, folder.File("store"), stop: 5));
        var second = OnRanks(4, collective => Train(collective, options, resumed: folder.File("store")));

        Assert.Equal(
            "4 ranks with batches of 2, not 2 ranks with batches of 2 as before: from here on a step has 8 images where it had 4, and the "
                + "learning rate stays as it was. A `BatchSize` of 1 would keep the step as it was.",
            second[0].Note);
        Assert.Equal(1e-2, second[0].Log[0].LearningRate);
        // 6 steps of 4 images were trained on; an epoch has 4, so the 7th epoch comes next, a half of it on each two ranks.
        var row = Train(new SingleProcess(), options with { BatchSize = 4, Steps = 8 }).Network.Labels[24..];
        Assert.Equal(row, second.SelectMany(rank => rank.Network.Labels.Take(2)));
    }

    [Fact]
    public void Other_batches_with_the_same_ranks_are_refused()
    {
        OnRanks(2, collective => Train(collective, Options with { BatchSize = 2 }, folder.File("store"), stop: 5));

        var error = Refused<CheckpointException>(
            2, collective => Train(collective, Options with { BatchSize = 4 }, resumed: folder.File("store")));

        Assert.Contains("`BatchSize` was 2 and is 4", error.Message);
    }

    [Fact]
    public void A_loss_that_is_no_number_on_one_rank_skips_the_step_on_all()
    {
        var ranks = OnRanks(2, collective => Train(collective, Options with { BatchSize = 4 }, spoilt: (Rank: 1, Step: 6)));

        Assert.All(ranks, rank => Assert.Equal("step 6 (batch 5): the loss is NaN", Assert.Single(rank.Skipped)));
        Assert.All(ranks, rank => Assert.Equal(ranks[0].Weights, rank.Weights));
        Assert.All(ranks[0].Weights, weight => Assert.True(float.IsFinite(weight)));
    }

    [Fact]
    public void A_gradient_that_float16_cannot_hold_on_one_rank_lowers_the_scale_on_all()
    {
        var ranks = OnRanks(2, collective => Train(
            collective, Options with { BatchSize = 4, Precision = Precision.Float16 }, inFloat16: (Rank: 1, Divided: 4096)));

        Assert.InRange(ranks[0].Skipped.Count, 2, 8);
        Assert.Contains("at a loss scale of 65,536, the next steps take 32,768", ranks[0].Skipped[0]);
        Assert.Equal(ranks[0].Skipped, ranks[1].Skipped);
        Assert.Equal(ranks[0].Weights, ranks[1].Weights);
        Assert.Equal(0, ranks[1].Summary.Skipped);
        Assert.All(ranks[0].Weights, weight => Assert.True(float.IsFinite(weight)));
    }

    [Fact]
    public void Too_many_losses_that_are_no_numbers_on_one_rank_end_all()
    {
        var errors = OnRanks(2, collective => Assert.Throws<TrainingDivergedException>(
            () => Train(collective, Options with { BatchSize = 4, MaxSkips = 0 }, spoilt: (Rank: 1, Step: 6))));

        Assert.All(errors, error => Assert.Contains("step 6 (batch 5): the loss is NaN, and 1 of 6 steps were skipped", error.Message));
    }

    [Fact]
    public void All_stop_when_one_is_asked_to_and_only_one_writes()
    {
        var ranks = OnRanks(4, collective => Train(collective, Options with { BatchSize = 2 }, folder.File("store"), stop: 3, stopped: 2));

        Assert.All(ranks, rank => Assert.Equal((4, true), (rank.Summary.Steps, rank.IsCanceled)));
        Assert.Equal(["step-00000004"], Directory.GetDirectories(folder.File("store")).Select(Path.GetFileName));
    }

    [Fact]
    public void All_go_by_the_clock_of_rank_0()
    {
        var options = Options with { BatchSize = 2, Steps = null, TimeLimit = TimeSpan.FromSeconds(10), Decay = LearningRateDecay.Cosine };
        var ranks = OnRanks(
            2, collective => Train(collective, options, clock: collective.Rank == 0 ? new TickingClock() : TimeProvider.System));

        Assert.All(ranks, rank => Assert.Equal(10, rank.Summary.Steps));
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => 1e-2 * (1 + Math.Cos(Math.PI * i / 10)) / 2),
            ranks[1].Log.Select(step => step.LearningRate));
    }

    [Fact]
    public void Other_images_are_refused_with_number_and_ranks()
    {
        var error = Refused<RanksDifferException>(4, collective => Train(
            collective, Options, source: collective.Rank < 2 ? null : new SubsetSource(new Stripes(classes: 2), [0, 1, 2])));

        Assert.Contains("other than on rank 0 are the data's number of images (4 on rank 0, 3 on rank 2, 3 on rank 3);", error.Message);
    }

    [Fact]
    public void Other_names_of_files_are_refused()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            using var picture = zeros(1, 1, 8, 8);
            ImageGrid.Save(picture, folder.File(name == "c" ? "other/a.png" : $"one/{name}.png"), scale: 1, gap: 0);
        }
        File.Copy(folder.File("one/b.png"), folder.File("other/c.png"));

        var error = Refused<RanksDifferException>(2, collective => new Trainer(
            new TwoConvNet(), ImageFolderSource.Open(folder.File(collective.Rank == 0 ? "one" : "other"), 1, 8, 8), Options,
            collective: collective));

        Assert.Equal(
            "The ranks aren't to do the same training: other than on rank 0 are the data's file names (rank 1). Start all of them with the "
                + "same program, options and data.",
            error.Message);
    }

    [Fact]
    public void Other_options_and_networks_are_refused_by_name()
    {
        var error = Refused<RanksDifferException>(2, collective => new Trainer(
            new TwoConvNet(width: collective.Rank == 0 ? 8 : 9), new Stripes(),
            Options with { LearningRate = collective.Rank == 0 ? 1e-2 : 1e-3, Workers = collective.Rank }, collective: collective));

        Assert.Contains("are the network (rank 1); `LearningRate` (rank 1).", error.Message);
    }

    [Fact]
    public void A_store_of_another_rank_than_0_which_alone_writes_is_refused()
    {
        var error = Refused<ArgumentException>(2, collective =>
        {
            using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options, collective: collective);
            return trainer.Train(store: collective.Rank == 1 ? new(folder.File("store")) : null);
        });
        Assert.StartsWith("Rank 0 alone writes checkpoints, and it has no store, where another has: give it one.", error.Message);
    }

    [Fact]
    public void Weights_that_have_come_apart_are_an_error_that_names_the_rank()
    {
        var atFirst = Refused<RanksDifferException>(
            4, collective => Train(collective, Options with { BatchSize = 2 }, disturbed: (Rank: 3, Step: 0)));
        Assert.Contains(
            "have come apart at step 0: other than on rank 0 are the weights (rank 3). Give their networks the same first weights",
            atFirst.Message);

        var later = Refused<RanksDifferException>(4, collective => Train(
            collective, Options with { BatchSize = 2, CheckpointEvery = 4 }, folder.File("store"), disturbed: (Rank: 3, Step: 5)));
        Assert.Contains("have come apart at step 8", later.Message);
        Assert.Equal(["step-00000004"], Directory.GetDirectories(folder.File("store")).Select(Path.GetFileName));
    }

    [Fact]
    public void Dropout_is_drawn_by_each_rank_for_itself()
    {
        var masks = OnRanks(2, collective =>
        {
            // libtorch's generator is the process's: one after the other.
            for (var turn = 0; turn < 2; turn++)
            {
                if (turn == collective.Rank)
                    return Mask(collective);
                collective.Barrier();
            }
            throw new InvalidOperationException();
        });
        Assert.NotEqual(masks[0], masks[1]);

        static float[] Mask(ThreadCollective collective)
        {
            using var network = new TwoConvNet();
            new StepDraws(network, Options, labelDropout: 0, collective.Rank).Begin(step: 1);
            var mask = rand(8).data<float>().ToArray();
            if (collective.Rank == 0)
                collective.Barrier();
            return mask;
        }
    }

    [Fact]
    public void A_step_sends_its_gradients_once_and_five_numbers_more()
    {
        var sent = OnRanks(2, collective =>
        {
            Train(collective, Options with { BatchSize = 4, Steps = 1 });
            return collective.Sent;
        });

        var parameters = Net().parameters().Sum(parameter => parameter.numel());
        Assert.Contains(parameters + 5, sent[0]);
        Assert.InRange(sent[0].Sum(), parameters + 5, parameters + 300);
    }

    [Fact]
    public void A_rank_leaves_no_tensor_behind()
    {
        var left = OnRanks(2, collective =>
        {
            using var network = Net();
            var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            using (var trainer = new Trainer(network, new Stripes(classes: 2), Options with { Steps = 3 }, collective: collective))
                trainer.Train();
            return DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount - before;
        });

        Assert.Equal([0, 0], left);
    }

    private static T[] OnRanks<T>(int size, Func<ThreadCollective, T> work) => ThreadCollective.Run(size, work);

    private static TError Refused<TError>(int size, Func<ThreadCollective, object> work) where TError : Exception =>
        Assert.IsType<TError>(Assert.Throws<AggregateException>(() => OnRanks(size, work)).InnerException);

    private static TwoConvNet Net(DiffusionOptions? diffusion = null) => new(diffusion: diffusion, classes: 3, selfCondition: true);

    private static Trained Train(
        ICollective collective, TrainingOptions options, string? store = null, string? resumed = null, int? stop = null, int stopped = 0,
        TimeProvider? clock = null,
        IImageSource? source = null, (int Rank, int Step)? spoilt = null, (int Rank, int Step)? disturbed = null,
        DiffusionOptions? diffusion = null, (int Rank, double Divided)? inFloat16 = null)
    {
        var network = Net(diffusion);
        network.InFloat16 = inFloat16?.Rank == collective.Rank ? inFloat16.Value.Divided : null;
        var logger = new ListLogger();
        using var trainer = new Trainer(network, source ?? new Stripes(classes: 2), options, clock, collective, logger);
        if (resumed is not null)
            trainer.Restore(Checkpoint.Open(resumed));
        var note = logger.Warnings.SingleOrDefault();
        using var cancellation = new CancellationTokenSource();
        var log = new List<(double, double, double)>();
        var skipped = new List<string>();
        Disturb(0);
        network.Spoil = (spoilt?.Rank == collective.Rank) ? spoilt.Value.Step : 0;
        var (summary, isCanceled) = Stoppable.Train(
            trainer,
            step =>
            {
                log.Add((step.Loss, step.GradientNorm, step.LearningRate));
                if (step.Skipped is { } fault)
                    skipped.Add(fault);
                if (step.Step == stop && collective.Rank == stopped)
                    cancellation.Cancel();
                Disturb(step.Step);
            },
            store is not null && collective.Rank == 0 ? new CheckpointStore(store) : null, cancellation.Token);
        return new(network, network.Weights()[..^1], log, skipped, summary, isCanceled, note);

        void Disturb(int step)
        {
            using var noGradients = no_grad();
            if (disturbed == (collective.Rank, step))
                network.get_parameter("conv2.bias")!.add_(1e-6);
        }
    }

    private static void AssertEqualToRounding(Trained expected, Trained actual)
    {
        Assert.All(expected.Log.TakeLast(actual.Log.Count).Zip(actual.Log), pair =>
        {
            Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-5 * pair.First.Loss);
            Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-4 * pair.First.GradientNorm);
            Assert.Equal(pair.First.LearningRate, pair.Second.LearningRate);
        });
        // Adam divides a gradient by its own size, so that rounding of one near 0 is seen.
        Assert.All(expected.Weights.Zip(actual.Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    private sealed record Trained(
        TwoConvNet Network, float[] Weights, List<(double Loss, double GradientNorm, double LearningRate)> Log, List<string> Skipped,
        TrainingSummary Summary, bool IsCanceled, string? Note);
}
