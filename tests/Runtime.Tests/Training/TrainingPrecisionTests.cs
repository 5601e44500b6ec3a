using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

public sealed class TrainingPrecisionTests : IDisposable
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 40,
        BatchSize = 8,
        LearningRate = 2e-3,
        Ema = [new() { UpdateEvery = 1, StartAfter = 0 }],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Float16)]
    public void In_16_bits_the_loss_falls_as_in_float32_and_is_another(Precision precision)
    {
        var options = Options with { Steps = 60, LearningRate = 1e-2 };
        var (exact, rounded) = (Losses(options), Losses(options with { Precision = precision }));

        Assert.NotEqual(exact, rounded);
        Assert.True(exact[^10..].Average() < 0.6 * exact[..3].Average(), $"from {exact[..3].Average():G3} to {exact[^10..].Average():G3}");
        Assert.Equal(exact[^10..].Average(), rounded[^10..].Average(), 0.1 * exact[^10..].Average());

        double[] Losses(TrainingOptions of) => Train(of, Make(), Images);
    }

    [Theory]
    [InlineData(DiffusionType.Flow)]
    [InlineData(DiffusionType.Edm)]
    public void In_bfloat16_a_flow_and_edm_have_float32_s_losses_to_rounding(DiffusionType type)
    {
        var options = Options with { Steps = 12 };
        var (exact, rounded) = (Losses(options), Losses(options with { Precision = Precision.BFloat16 }));

        Assert.NotEqual(exact, rounded);
        Assert.All(exact.Zip(rounded), pair => Assert.Equal(pair.First, pair.Second, 0.05 * pair.First));

        double[] Losses(TrainingOptions options)
        {
            return Train(
                options, Filled<NoisePredictor>(type == DiffusionType.Flow ? new ExchangeFlowUNet() : new ExchangeEdmUNet()),
                new ShapesSource(1, 8, 8, count: 64));
        }
    }

    [Fact]
    public void The_network_computes_in_the_options_precision_while_it_trains_and_in_its_own_again_afterwards()
    {
        using var network = Make();
        var within = new List<Precision>();
        using (var trainer = new Trainer(network, Images, Options with { Steps = 2, Precision = Precision.BFloat16 }))
            trainer.Train(_ => within.Add(network.Precision));
        Assert.Equal([Precision.BFloat16, Precision.BFloat16], within);
        Assert.Equal(Precision.Float32, network.Precision);
    }

    [Theory]
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Float16)]
    public void Checkpoints_are_float32_in_any_and_load_in_the_others_but_a_training_goes_on_in_its_own(Precision precision)
    {
        var options = Options with { Steps = 2, Precision = precision };
        using var network = Make();
        using (var trainer = new Trainer(network, Images, options))
            trainer.Train(store: new CheckpointStore(folder.File("store")));
        var checkpoint = new CheckpointStore(folder.File("store")).Newest()!;
        foreach (var stem in checkpoint.Stems)
        {
            using var file = checkpoint.Tensors(stem);
            Assert.DoesNotContain(file.Entries, entry => entry.DType is ScalarType.BFloat16 or ScalarType.Float16);
        }

        using var other = Make();
        checkpoint.LoadInto(other, "weights");
        Assert.Equal(Weights(network), Weights(other));
        using var inFloat32 = new Trainer(other, Images, options with { Precision = Precision.Float32 });
        Assert.Contains(
            $"`Precision` was {precision.ToString().ToLowerInvariant()} and is float32",
            Assert.Throws<CheckpointException>(() => inFloat32.Restore(checkpoint)).Message);
    }

    private static ShapesSource Images => new(3, 8, 8, count: 64);

    private static FourierUNet Make() => Filled(new FourierUNet());

    /// <summary>With first weights that don't come from libtorch's one generator, from which other tests draw meanwhile.</summary>
    private static T Filled<T>(T network)
        where T : NoisePredictor
    {
        Fill.Parameters(network);
        return network;
    }

    private static double[] Train(TrainingOptions options, NoisePredictor network, ShapesSource images)
    {
        using var owned = network;
        using var trainer = new Trainer(network, images, options);
        var losses = new List<double>();
        trainer.Train(step => losses.Add(step.Loss));
        Assert.All(network.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        return [.. losses];
    }

    private static float[] Weights(NoisePredictor network) =>
        [.. network.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
}
