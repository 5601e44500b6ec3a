using UNetGen.Data;
using UNetGen.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck;

/// <summary>Short trainings of small networks, the same on every device.</summary>
internal sealed class Trainings : IDisposable
{
    /// <summary>A lucidrains network on digits, with classes, and a ddpm one on shapes.</summary>
    public static readonly IReadOnlyList<string> Specs = ["mnist", "ddpm_tiny"];

    private Trainings(NoisePredictor network, Trainer trainer) => (Network, Trainer) = (network, trainer);

    public NoisePredictor Network { get; }

    public Trainer Trainer { get; }

    /// <summary>The loss of each step that was trained.</summary>
    public List<double> Losses { get; } = [];

    public static TrainingOptions Options(int steps) => new()
    {
        Steps = steps,
        BatchSize = 16,
        LearningRate = 1e-3,
        Seed = 5,
        Ema = [new() { Decay = 0.99, UpdateEvery = 1, StartAfter = 0 }],
    };

    public static IImageSource Images(NetworkInfo info) => info.Channels == 1
        ? IdxSource.Open(Settings.Beside("Data", "mnist"), 1, info.ImageHeight, info.ImageWidth)
        : new ShapesSource(info.Channels, info.ImageHeight, info.ImageWidth);

    public static Trainings Begin(string spec, Device device, TrainingOptions options)
    {
        var network = Nets.Create(spec, device);
        return new(network, new Trainer(network, Images(network.Info), options));
    }

    /// <summary>Trains to the end, or to a step after which it is stopped.</summary>
    public Trainings Run(string? store = null, int? stopAfter = null)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            Trainer.Train(
                step =>
                {
                    Losses.Add(step.Loss);
                    if (step.Step == stopAfter)
                        stop.Cancel();
                },
                store is null ? null : new CheckpointStore(store, keep: 9), stop.Token);
        }
        catch (TrainingCanceledException) when (stopAfter is not null)
        {
            // As asked.
        }
        return this;
    }

    /// <summary>Everything that a checkpoint holds of it, on the CPU.</summary>
    public Dictionary<string, Tensor> State() => Trainer.Capture().Tensors
        .SelectMany(file => file.Value.Select(tensor => (Key: $"{file.Key}/{tensor.Key}", tensor.Value)))
        .ToDictionary(pair => pair.Key, pair => pair.Value.detach().cpu().clone());

    /// <summary>
    /// The largest difference of two states, relative to each tensor's largest number, or to a thousandth of the largest in its file where
    /// that is more: what should be 0, as the gradient of a key's bias, is rounding alone. 0 where they are equal to the bit.
    /// </summary>
    public static double Between(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual)
    {
        if (!expected.Keys.Order().SequenceEqual(actual.Keys.Order()))
            return double.PositiveInfinity;
        var largest = expected.GroupBy(entry => FileOf(entry.Key)).ToDictionary(
            file => file.Key, file => file.Max(entry => entry.Value.abs().max().to(ScalarType.Float64).item<double>()));
        return expected.Keys.Max(
            key => expected[key].Equals(actual[key]) ? 0 : Difference.Largest(expected[key], actual[key], 1e-3 * largest[FileOf(key)]));

        static string FileOf(string key) => key[..key.IndexOf('/')];
    }

    public void Dispose()
    {
        Trainer.Dispose();
        Network.Dispose();
    }
}
