using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>Saved on the one, gone on with on the other.</summary>
internal static class CheckpointCheck
{
    private const int More = 10;

    // The optimiser divides by the root of what it has seen, which makes rounding larger at each step.
    private const double OfLosses = 2e-3;

    public static void Run(Settings settings, Findings findings)
    {
        findings.Head("network", "from", "to", "loaded", $"largest difference of {More} losses");
        var steps = Math.Min(settings.Steps, 60);
        foreach (var spec in settings.Trained)
        {
            foreach (var (from, to) in new[] { (CPU, settings.Device), (settings.Device, CPU) })
            {
                using var scope = NewDisposeScope();
                var store = settings.Empty("checkpoints");
                var options = Trainings.Options(steps + More);
                using var saved = Trainings.Begin(spec, from, options).Run(store, steps);
                using var loaded = Trainings.Begin(spec, to, options);
                loaded.Trainer.Restore(Checkpoint.Open(store));
                var equal = Trainings.Between(saved.State(), loaded.State());
                saved.Run();
                loaded.Run();
                var losses = saved.Losses.TakeLast(More).Zip(loaded.Losses, Difference.Of).Max();
                findings.Row(spec, from, to, equal == 0 ? "to the bit" : $"differs by {equal:0.0e+0}", losses);
                findings.Hold(equal == 0, $"{spec}, {from} to {to}: what was loaded differs by {equal:0.0e+0}");
                findings.Hold(loaded.Losses.Count == More, $"{spec}, {from} to {to}: {loaded.Losses.Count} steps followed, not {More}");
                findings.Hold(losses <= OfLosses, $"{spec}, {from} to {to}: losses differ by {losses:0.0e+0}, more than {OfLosses}");
            }
        }
        findings.Summary = "loaded to the bit, both ways";
    }
}
