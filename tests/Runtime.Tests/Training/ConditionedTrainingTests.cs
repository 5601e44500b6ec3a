using UNetGen.Data;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Training a network that makes images from a condition.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class ConditionedTrainingTests : IDisposable
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 12,
        BatchSize = 6,
        Accumulation = 2,
        LearningRate = 1e-3,
        Seed = 4,
        HorizontalFlips = true,
        Workers = 2,
        CheckpointEvery = 5,
    };

    private static readonly ShapesSource Shapes = new(2, 8, 8, count: 20);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_training_with_holes_goes_on_to_the_bit_with_other_workers()
    {
        var whole = Train(Options, null, Options.Workers);
        var store = new CheckpointStore(folder.File("checkpoints"));
        Train(Options with { Steps = 5 }, store, 1);
        Assert.Equal(whole, Train(Options, store, 3, goesOn: true));
        // Other holes are another training.
        Assert.NotEqual(whole, Train(Options, null, 2, holes: 5));
    }

    [Fact]
    public void What_a_condition_says_is_learnt_from()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var network = new ConditionedUNet();
        var before = network.input_blocks_0_0.weight!.clone();
        using var trainer = new Trainer(network, new InpaintingSource(Shapes), Options);
        trainer.Train();
        var moved = (network.input_blocks_0_0.weight! - before).abs();
        Assert.All(Enumerable.Range(0, 7), channel => Assert.True(moved[.., channel].max().item<float>() > 0));
    }

    [Fact]
    public void A_training_goes_on_with_its_own_task_alone()
    {
        var store = new CheckpointStore(folder.File("checkpoints"));
        Train(Options with { Steps = 5 }, store, 1);
        Assert.Equal("inpainting, holes of seed 0", store.Newest()!.Condition);
        var error = Assert.Throws<CheckpointException>(() => Train(Options, store, 1, goesOn: true, holes: 7));
        Assert.Contains("the condition was inpainting, holes of seed 0 and is inpainting, holes of seed 7", error.Message);
    }

    [Fact]
    public void A_condition_of_other_channels_than_the_spec_s_is_refused_with_the_number_that_is_needed()
    {
        using var network = new ConditionedUNet();
        Assert.Contains(
            "give the spec `condition_channels: 2`",
            Assert.Throws<DataException>(() => new Trainer(network, new UpscalingSource(Shapes), Options)).Message);
        Assert.Contains(
            "ConditionedUNet makes images from a condition of 3 channels (condition_channels), and those of",
            Assert.Throws<DataException>(() => new Trainer(network, Shapes, Options)).Message);
        using var plain = new FourierUNet();
        Assert.Contains(
            "give the spec `condition_channels: 3`",
            Assert.Throws<DataException>(() => new Trainer(plain, new UpscalingSource(new ShapesSource(3, 8, 8)), Options)).Message);
    }

    [Fact]
    public void A_condition_with_values_out_of_range_is_refused_before_the_first_step()
    {
        using var network = new ConditionedUNet();
        using var trainer = new Trainer(network, new Loud(Shapes), Options);
        Assert.StartsWith(
            "Conditions must hold values in [-1, 1], but that of image 0", Assert.Throws<DataException>(() => trainer.Train()).Message);
    }

    private static float[] Train(TrainingOptions options, CheckpointStore? store, int workers, bool goesOn = false, long holes = 0)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var network = new ConditionedUNet();
        using var trainer = new Trainer(network, new InpaintingSource(Shapes, holes), options with { Workers = workers });
        if (goesOn)
            trainer.Restore(store!.Newest()!);
        trainer.Train(store: store);
        return [.. network.parameters().SelectMany(parameter => parameter.detach().clone().data<float>().ToArray())];
    }

    private sealed class Loud(IImageSource images) : ConditionedSource(images, 3)
    {
        public override string Condition => "loudness";

        protected override void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition) => condition.Fill(2);
    }
}
