using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>A training that is stopped halfway and goes on in another trainer, against one in one go.</summary>
internal static class ResumeCheck
{
    public static void Run(Settings settings, Findings findings)
    {
        findings.Say("\"Twice\" is the largest difference, after the last step, between two trainings that are the same; \"resumed\" is "
            + "that between one in one go and one that was stopped at half. 0 is equal to the bit: weights, averages and the optimiser's "
            + $"state. CUBLAS_WORKSPACE_CONFIG is {Environment.GetEnvironmentVariable("CUBLAS_WORKSPACE_CONFIG") ?? "not set"}.");
        findings.Head("network", "algorithms", "twice", "resumed", "loss, twice", "loss, resumed");
        var deterministic = Determinism.IsKnown;
        foreach (var spec in settings.Trained)
        {
            foreach (var mode in Determinism.IsKnown ? new[] { false, true } : [false])
            {
                var words = mode ? "deterministic" : "as they come";
                try
                {
                    if (mode)
                        Determinism.Set(true);
                    deterministic &= Compare(spec, words, settings, findings) || !mode;
                }
                catch (Exception error) when (mode && error is not UNetGenException)
                {
                    deterministic = false;
                    findings.Say($"{spec}, {words}: libtorch refuses: {Report.FirstLine(error.Message)}");
                }
                finally
                {
                    if (mode)
                        Determinism.Set(false);
                }
            }
        }
        findings.Summary = deterministic ? "to the bit with deterministic algorithms" : "not to the bit, see the table";
    }

    /// <returns>Whether all are equal to the bit.</returns>
    private static bool Compare(string spec, string words, Settings settings, Findings findings)
    {
        using var scope = NewDisposeScope();
        var store = settings.Empty("resume");
        var options = Trainings.Options(settings.Steps);
        using var whole = Trainings.Begin(spec, settings.Device, options).Run();
        using var again = Trainings.Begin(spec, settings.Device, options).Run();
        using (Trainings.Begin(spec, settings.Device, options).Run(store, settings.Steps / 2))
        {
        }
        using var resumed = Trainings.Begin(spec, settings.Device, options);
        resumed.Trainer.Restore(Checkpoint.Open(store));
        resumed.Run();

        var expected = whole.State();
        var (twice, stopped) = (Trainings.Between(expected, again.State()), Trainings.Between(expected, resumed.State()));
        var (lossTwice, lossStopped) = (Loss(again), Loss(resumed));
        findings.Row(spec, words, twice, stopped, lossTwice, lossStopped);
        findings.Hold(
            twice > 0 || stopped == 0,
            $"{spec}, {words}: two trainings are equal to the bit, but a resumed one differs by {stopped:0.0e+0}");
        findings.Hold(lossStopped <= 0.01, $"{spec}, {words}: the last losses of a resumed training differ by {lossStopped:0.0 %}");
        return twice == 0 && stopped == 0;

        double Loss(Trainings other) =>
            Difference.Of(whole.Losses.TakeLast(settings.Steps / 4).Average(), other.Losses.TakeLast(settings.Steps / 4).Average());
    }
}
