using System.Globalization;
using UNetGen.Runtime.Tests.Native;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Whenever a training is killed, it goes on from the newest checkpoint that it had finished.</summary>
public sealed class CheckpointKillTests
{
    private static readonly int Kills = LongRuns.Count("UNETGEN_KILL_COUNT", 8, 20);

    [LinuxFact]
    public void Killed_at_any_moment_a_training_leaves_its_newest_checkpoint_whole() =>
        // Two at a time, each killed again and again over what the one before has left; keep 1 has no other to fall back to.
        Parallel.For(1, 3, keep =>
        {
            using var folder = new TemporaryFolder();
            for (var kill = 0; kill < Kills / 2; kill++)
                Kill(folder.File("checkpoints"), keep);
        });

    private static void Kill(string folder, int keep)
    {
        // A line is written before the first save and after each.
        var lines = KilledProcess.Run(
            TorchProcess.Command("save", folder, $"{keep}"), Random.Shared.Next(1, 8), TimeSpan.FromMilliseconds(Random.Shared.Next(60)));

        var saved = lines.Where(line => line.StartsWith(SavingProcess.Saved, StringComparison.Ordinal))
            .Select(line => int.Parse(line[SavingProcess.Saved.Length..], CultureInfo.InvariantCulture)).LastOrDefault();
        var logger = new ListLogger();
        var checkpoint = new CheckpointStore(folder, logger: logger).Newest();
        Assert.Empty(logger.Warnings);
        if (checkpoint is null)
        {
            Assert.Equal(0, saved);
            return;
        }
        Assert.InRange(checkpoint.Info!.Step, Math.Max(saved, 1), int.MaxValue);
        using var network = new TwoConvNet(width: 2);
        checkpoint.LoadInto(network, "weights");
        using var weight = network.get_parameter("conv1.weight")!.max();
        Assert.Equal(checkpoint.Info.Step, weight.item<float>());
    }
}
