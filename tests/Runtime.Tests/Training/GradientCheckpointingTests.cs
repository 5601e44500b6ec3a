using UNetGen.Backends;
using UNetGen.Backends.Nodes;
using UNetGen.Data;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Backends;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>A training whose blocks compute again in the backward pass is the one whose blocks keep what they need.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class GradientCheckpointingTests : IDisposable
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 4,
        BatchSize = 4,
        Accumulation = 2,
        LearningRate = 1e-3,
        Ema = [new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 }],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Names => [.. AllNetworks.Small.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_network_has_the_same_output_and_gradients_to_the_bit_or_where_an_image_has_several_readers_to_rounding(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        Fill.Parameters(network);
        foreach (var kernels in Enum.GetValues<KernelForm>())
        {
            network.Kernels = kernels;
            var (expected, actual) = (Outcome(false), Outcome(true));
            Assert.True(expected.Output.Equals(actual.Output), $"{kernels}: another output");
            Assert.InRange(Distance(expected.Gradient, actual.Gradient), 0, 1e-6);
        }

        (Tensor Output, Tensor Gradient) Outcome(bool checkpointing)
        {
            network.GradientCheckpointing = checkpointing;
            network.zero_grad();
            manual_seed(3);
            var info = network.Info;
            var x = Fill.Input("x", 2, info.Channels + info.ConditionChannels, info.ImageHeight, info.ImageWidth);
            var labels = info.NumClasses is null ? null : tensor([0L, 1L]);
            var y = network.forward(x, tensor([3L, 7L]), AllNetworks.Context(network), labels, null);
            y.square().mean().backward();
            var gradients = network.parameters().Select(one => one.grad).OfType<Tensor>();
            return (y.detach(), cat([.. gradients.Select(one => one.flatten())]).clone());
        }

        static double Distance(Tensor expected, Tensor actual) => ((actual - expected).norm() / expected.norm()).item<float>();
    }

    [Theory]
    [InlineData(nameof(AnnotatedTinyRgbUNet))]
    [InlineData("AdmManyKeysUNet")]
    [InlineData("ManyKeys")]
    [InlineData("LucidrainsGroupUNet")]
    public void In_parts_with_labels_estimates_and_dropout_it_is_the_same_training(string name)
    {
        var (kept, again) = (Run(name, Options), Run(name, Options with { GradientCheckpointing = true }));
        Assert.Equal(Options.Steps, again.Losses.Count);
        Assert.All(kept.Losses.Zip(again.Losses), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * pair.First));
    }

    [Fact]
    public void On_the_CPU_it_is_the_same_to_the_bit_where_kernels_compute_each_block()
    {
        const string name = "DdpmTinyUNet";
        var (kept, again) = (Run(name, Options), Run(name, Options with { GradientCheckpointing = true }));
        Assert.Equal(kept.Losses, again.Losses);
        Assert.Equal(kept.Weights, again.Weights);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dropout_is_the_seeds_whatever_other_threads_draw(bool checkpointing)
    {
        const string name = "AdmManyKeysUNet";
        var options = Options with { GradientCheckpointing = checkpointing };
        var alone = Run(name, options);
        await using var drawing = new Meanwhile(() => rand(10).Dispose());

        var beside = Run(name, options);

        Assert.Equal(alone.Losses, beside.Losses);
        Assert.Equal(alone.Weights, beside.Weights);
    }

    [Fact]
    public async Task In_a_loop_of_ones_own_too_both_passes_drop_the_same_whatever_other_threads_draw()
    {
        using var scope = NewDisposeScope();
        await using var drawing = new Meanwhile(() => rand(10).Dispose());
        // Of ones the result and the gradient are both the mask.
        var x = ones(1, 1000, requires_grad: true);
        for (var i = 0; i < 200; i++)
        {
            x.grad = null;
            var dropped = RecomputedFunction.Of(inputs => Chance.Dropout(inputs[0]!, 0.5), [x], draws: true);
            dropped.sum().backward();
            Assert.True(dropped.Equals(x.grad!));
        }
    }

    [Fact]
    public void It_may_change_when_a_training_goes_on_which_is_told_and_a_checkpoint_without_it_does_not_speak_of_it()
    {
        using var network = new AnnotatedTinyRgbUNet();
        using (var trainer = new Trainer(network, new ShapesSource(3, 16, 16, count: 16), Options with { Steps = 1 }))
            trainer.Train(store: new CheckpointStore(folder.File("without")));
        var checkpoint = new CheckpointStore(folder.File("without")).Newest()!;
        Assert.DoesNotContain("gradient_checkpointing", File.ReadAllText(Path.Combine(checkpoint.Path, CheckpointInfo.FileName)));

        using var second = new AnnotatedTinyRgbUNet();
        var told = new ListLogger();
        using (var trainer = new Trainer(
            second, new ShapesSource(3, 16, 16, count: 16), Options with { GradientCheckpointing = true }, logger: told))
        {
            trainer.Restore(checkpoint);
            Assert.StartsWith("The training goes on with gradient checkpointing", Assert.Single(told.Warnings));
            trainer.Train(_ => Assert.True(second.GradientCheckpointing), new CheckpointStore(folder.File("with")));
        }
        Assert.False(second.GradientCheckpointing);
        Assert.True(new CheckpointStore(folder.File("with")).Newest()!.Info!.Training.GradientCheckpointing);
    }

    [Fact]
    public void After_20_steps_there_are_as_many_tensors_as_after_5()
    {
        using var network = AllNetworks.Create("AdmManyKeysUNet");
        var tensors = new Dictionary<int, long>();
        using (var trainer = new Trainer(network, Images(network), Options with { Steps = 20, GradientCheckpointing = true }))
            trainer.Train(step => tensors[step.Step] = LiveTensors.OfThisThread);
        // The next batch's four are there already or not yet.
        Assert.Contains(tensors[20] - tensors[5], new long[] { -4, 0, 4 });
    }

    private static (List<double> Losses, float[] Weights) Run(string name, TrainingOptions options)
    {
        using var network = AllNetworks.Create(name);
        Fill.Parameters(network);
        using var trainer = new Trainer(
            network, Images(network), options with { LabelDropout = network.Info.NumClasses is null ? null : 0.3 });
        var losses = new List<double>();
        trainer.Train(step => losses.Add(step.Loss));
        return (losses, [.. network.parameters().SelectMany(parameter => parameter.data<float>().ToArray())]);
    }

    private static IImageSource Images(NoisePredictor network) =>
        new ShapesSource(network.Info.Channels, network.Info.ImageHeight, network.Info.ImageWidth, count: 16);
}
