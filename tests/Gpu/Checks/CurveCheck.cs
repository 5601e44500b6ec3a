using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>A training's loss on the device and on the CPU.</summary>
internal static class CurveCheck
{
    private const int First = 10;
    private const int Last = 50;
    private const double OfFirst = 1e-3;
    private const double OfLast = 0.01;

    public static void Run(Settings settings, Findings findings)
    {
        var worst = 0.0;
        foreach (var spec in settings.Trained)
        {
            var (cpu, device) = (Losses(spec, CPU, settings.Steps), Losses(spec, settings.Device, settings.Steps));
            findings.Say($"{spec}, {settings.Steps} steps of 16 images:");
            findings.Head("step", "loss, CPU", "loss, device", "difference");
            for (var step = 0; step < cpu.Count; step += step < First - 1 ? 1 : Math.Max(1, settings.Steps / 10))
                findings.Row(step + 1, cpu[step], device[step], Difference.Of(cpu[step], device[step]));
            var first = cpu.Zip(device, Difference.Of).Take(First).Max();
            var (meanCpu, meanDevice) = (cpu.TakeLast(Last).Average(), device.TakeLast(Last).Average());
            var last = Difference.Of(meanCpu, meanDevice);
            findings.Say($"Of the first {First} steps the largest difference is {first:0.0e+0}. Mean of the last {Last}: {meanCpu:0.00000} "
                + $"on the CPU, {meanDevice:0.00000} on the device, a difference of {last:0.000 %}.");
            findings.Hold(first <= OfFirst, $"{spec}: the first losses differ by {first:0.0e+0}, more than {OfFirst}");
            findings.Hold(last <= OfLast, $"{spec}: the last losses differ by {last:0.0 %}, more than {OfLast:0 %}");
            worst = Math.Max(worst, last);
        }
        findings.Summary = $"the last losses are the CPU's to {worst:0.000 %}";
    }

    private static List<double> Losses(string spec, Device device, int steps)
    {
        using var scope = NewDisposeScope();
        using var training = Trainings.Begin(spec, device, Trainings.Options(steps));
        return training.Run().Losses;
    }
}
