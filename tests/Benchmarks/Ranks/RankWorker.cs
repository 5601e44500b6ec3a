using System.Diagnostics;
using System.Text.Json;
using UNetGen.Data;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Ranks;

/// <summary>What one reading came to.</summary>
/// <param name="ImagesPerSecond">Of all ranks together.</param>
/// <param name="InCommunication">The part of the time that rank 0 spent in the collective, from 0 to 1.</param>
/// <param name="GradientBytes">Of all parameters.</param>
internal sealed record RankReading(double ImagesPerSecond, double InCommunication, long GradientBytes);

/// <summary>A rank that trains with one thread, and tells how fast.</summary>
internal static class RankWorker
{
    public const string Command = "rank-worker";

    // What the first steps do once: memory, kernels chosen, connections made.
    private const int WarmUp = 3;

    public static void Run(int batch, int steps)
    {
        set_num_threads(1);
        var collective = new MeasuredCollective(Distributed.Ranks.FromEnvironment());
        manual_seed(0);
        using var network = new LucidrainsNetwork();
        var info = network.Info;
        var options = new TrainingOptions { Steps = WarmUp + steps, BatchSize = batch, Workers = 1 };
        var start = 0L;
        using (var trainer = new Trainer(
            network, new ShapesSource(info.Channels, info.ImageHeight, info.ImageWidth), options, collective: collective))
        {
            var time = TimeSpan.Zero;
            var within = TimeSpan.Zero;
            trainer.Train(step =>
            {
                if (step.Step == WarmUp)
                    (start, collective.Within) = (Stopwatch.GetTimestamp(), TimeSpan.Zero);
                if (step.Step == WarmUp + steps)
                    (time, within) = (Stopwatch.GetElapsedTime(start), collective.Within);
            });
            if (collective.Rank == 0)
                Console.WriteLine(JsonSerializer.Serialize(new RankReading(
                    steps * trainer.EffectiveBatchSize / time.TotalSeconds, within / time,
                    sizeof(float) * network.parameters().Sum(parameter => parameter.numel()))));
        }
        collective.Dispose();
    }
}
