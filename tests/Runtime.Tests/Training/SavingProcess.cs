using System.Globalization;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>
/// A process that does nothing but save checkpoints, each step twice and each larger than the one before, until it is killed or can't.
/// A weight's value is its step.
/// </summary>
internal static class SavingProcess
{
    /// <summary>The beginning of the line after each save; before the first it writes one as well.</summary>
    public const string Saved = "saved ";

    public static int Run(string folder, int keep)
    {
        using var network = new TwoConvNet(width: 2);
        var logger = new ListLogger();
        var store = new CheckpointStore(folder, keep, logger);
        var first = 1 + (store.Newest()?.Info?.Step ?? 0);
        Console.WriteLine("ready");
        try
        {
            for (var step = first; ; step++)
            {
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                foreach (var weight in network.parameters())
                    weight.fill_(step);
                var tensors = new Dictionary<string, IReadOnlyDictionary<string, Tensor>>
                {
                    ["weights"] = network.state_dict(),
                    ["optimizer"] =
                        new Dictionary<string, Tensor> { ["moments"] = full(1000L * (step - first) * (step - first), (float)step) },
                };
                var content = new CheckpointContent
                {
                    Network = network,
                    Step = step,
                    Loss = 1.0 / step,
                    Training = new() { Steps = 1 },
                    State = [],
                    Tensors = tensors,
                };
                for (var time = 0; time < 2; time++)
                {
                    store.Save(content);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Saved}{step}"));
                }
            }
        }
        catch (CheckpointException error)
        {
            Console.WriteLine(error.Message);
            var newest = store.Newest();
            foreach (var damaged in logger.Warnings)
                Console.WriteLine(damaged);
            Console.WriteLine($"newest {newest?.Info?.Step}");
            if (Directory.Exists(folder))
                Console.WriteLine($"temporary {Directory.EnumerateDirectories(folder, ".*").Count()}");
            return 1;
        }
    }
}
