using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What a checkpoint says against drawing with it, of what is really drawn with.</summary>
public sealed class CheckpointDoubtTests : IDisposable
{
    // Four steps are an average's.
    private static readonly EmaOptions Near = new() { Decay = 0.01, UpdateEvery = 1, StartAfter = 0, Power = null };

    private static readonly TrainingOptions Options = new() { Steps = 4, BatchSize = 4, Ema = [Near] };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_doubt_about_one_average_is_that_one_s_alone()
    {
        var checkpoint = Trained(Options with { Ema = [Near, Near with { Decay = 0.9999 }] });

        Assert.Empty(checkpoint.Doubts);
        Assert.Empty(Alone("ema"));
        Assert.Empty(Alone("weights"));
        Assert.StartsWith("100 % of the average with `Ema.Decay` 0.9999 are", Assert.Single(Alone("ema-0.9999")));

        IReadOnlyList<string> Alone(string stem) => Checkpoint.Open(Path.Combine(checkpoint.Path, $"{stem}.safetensors")).Doubts;
    }

    [Fact]
    public void Guidance_away_from_a_class_that_was_never_learnt_is_refused_unless_it_is_named()
    {
        var checkpoint = Trained(Options with { LabelDropout = 0 }, classes: 3);
        using var network = new TwoConvNet(classes: 3);
        checkpoint.LoadInto(network);

        Draw(guidance: 1);
        var refused = Assert.Throws<UNetGenException>(() => Draw(guidance: 2)).Message;
        Assert.StartsWith("Guidance leads away from class 2 of TwoConvNet, which stands for none, and was never learnt", refused);
        Draw(guidance: 2, negative: 2);

        // One that was trained with dropped labels has learnt it.
        Trained(Options with { LabelDropout = 0.5 }, classes: 3).LoadInto(network);
        Draw(guidance: 2);

        void Draw(double guidance, int? negative = null) => new DdimSampler(2).Sample(
            network, new() { Count = 1, Labels = [0], Guidance = guidance, NegativeClass = negative }).Dispose();
    }

    [Fact]
    public void A_class_for_none_that_the_training_before_has_learnt_stays_learnt()
    {
        using var network = new TwoConvNet(classes: 3);
        Trained(Options with { LabelDropout = 0.5 }, classes: 3).Begin(network);
        var told = new ListLogger();
        using (var trainer = new Trainer(network, new Stripes(classes: 2), Options with { LabelDropout = 0 }, logger: told))
            trainer.Train(store: new CheckpointStore(folder.File("tuned")));
        Assert.DoesNotContain(told.Warnings, warning => warning.Contains("never learnt"));

        // Also where it is resumed.
        using var resumed = new TwoConvNet(classes: 3);
        using (var trainer = new Trainer(resumed, new Stripes(classes: 2), Options with { LabelDropout = 0, Steps = 5 }))
        {
            trainer.Restore(Checkpoint.Open(folder.File("tuned")));
            trainer.Train(store: new CheckpointStore(folder.File("tuned")));
        }
        using var opened = new TwoConvNet(classes: 3);
        Checkpoint.Open(folder.File("tuned")).LoadInto(opened);
        foreach (var drawn in (TwoConvNet[])[network, resumed, opened])
            new DdimSampler(2).Sample(drawn, new() { Count = 1, Labels = [0], Guidance = 2 }).Dispose();
    }

    [Fact]
    public void Classes_of_which_none_was_learnt_are_told_whoever_opens_the_checkpoint()
    {
        Assert.StartsWith(
            "the training taught no class but the one that stands for none",
            Assert.Single(Trained(Options with { LabelDropout = 1 }, classes: 3).Doubts));
        Assert.Empty(Trained(Options with { LabelDropout = 0.9 }, classes: 3).Doubts);
    }

    private Checkpoint Trained(TrainingOptions options, int? classes = null)
    {
        var path = folder.File($"{Guid.NewGuid():N}");
        using var network = new TwoConvNet(classes: classes);
        using var trainer = new Trainer(network, new Stripes(classes: classes - 1 ?? 0), options);
        trainer.Train(store: new CheckpointStore(path));
        return Checkpoint.Open(path);
    }
}
