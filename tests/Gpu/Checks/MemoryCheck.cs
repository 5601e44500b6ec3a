using TorchSharp;

namespace UNetGen.GpuCheck.Checks;

/// <summary>A long training's memory after its first steps and at the end.</summary>
internal static class MemoryCheck
{
    // What libraries take for themselves now and then; a step's tensors alone are more than a thousandth of it.
    private const long Allowed = 16L << 20;

    public static void Run(Settings settings, Findings findings)
    {
        var warm = Math.Max(2, Math.Min(200, settings.MemorySteps / 10));
        findings.Say($"{settings.MemorySteps} steps; from step {warm} on there may be {Allowed >> 20} MiB more, and not one tensor.");
        findings.Head("step", settings.IsCuda ? "memory of the GPU, MiB" : "memory of the process, MiB", "tensors");
        using var training = Trainings.Begin("ddpm_tiny", settings.Device, Trainings.Options(settings.MemorySteps));
        (long Memory, long Tensors)? before = null;
        (long Memory, long Tensors) now = default;
        training.Trainer.Train(step =>
        {
            if (step.Step != warm && step.Step % Math.Max(1, settings.MemorySteps / 10) != 0)
                return;
            now = (DeviceMemory.Of(settings.Device).Used, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
            findings.Row(step.Step, now.Memory >> 20, now.Tensors);
            if (step.Step >= warm)
                before ??= now;
        });
        var grown = now.Memory - before!.Value.Memory;
        findings.Hold(grown <= Allowed, $"memory has grown by {grown >> 20} MiB");
        findings.Hold(now.Tensors == before.Value.Tensors, $"{now.Tensors - before.Value.Tensors} tensors more live at the end");
        findings.Summary = $"{grown / 1048576.0:0.0} MiB more after {settings.MemorySteps} steps, {now.Tensors} tensors as before";
    }
}
