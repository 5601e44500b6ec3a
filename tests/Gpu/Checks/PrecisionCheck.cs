using TorchSharp;
using UNetGen.Backends;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>What numbers of 16 bits do to a network, against float32 on the CPU.</summary>
internal static class PrecisionCheck
{
    // They have 8 or 11 bits; which of two numbers a sum's last bit falls to is chance, and two devices add in other orders.
    private const double TimesCpu = 2;

    // Without it most gradients are 0 in float16; in other numbers it changes nothing.
    private const double LossScale = 1024;

    public static Action<Settings, Findings> Of(Precision precision) => (settings, findings) => Run(settings, findings, precision);

    private static void Run(Settings settings, Findings findings, Precision precision)
    {
        var type = precision.ToString().ToLowerInvariant();
        findings.Say(
            $"Errors of {type} against float32 on the CPU: norm of the difference over the norm, and in brackets the largest "
            + $"difference over the largest number. The device's may be {TimesCpu} times the CPU's.");
        findings.Head("network", "output, CPU", "output, device", "gradient, CPU", "gradient, device");
        foreach (var name in settings.IsTrial ? Nets.Golden.Take(2) : Nets.Golden)
        {
            using var scope = NewDisposeScope();
            var exact = Outcome(name, CPU, Precision.Float32);
            var (cpu, device) = (Outcome(name, CPU, precision), Outcome(name, settings.Device, precision));
            findings.Row(
                name, Text(exact.Output, cpu.Output), Text(exact.Output, device.Output), Text(exact.Gradient, cpu.Gradient),
                Text(exact.Gradient, device.Gradient));
            foreach (var (what, expected, here, there) in new[]
            {
                ("output", exact.Output, cpu.Output, device.Output), ("gradient", exact.Gradient, cpu.Gradient, device.Gradient),
            })
            {
                var (bound, error) = (TimesCpu * Difference.Mean(expected, here), Difference.Mean(expected, there));
                findings.Hold(error <= bound, $"{name}: the {what}'s error is {error:0.0e+0}, the bound {bound:0.0e+0}");
                findings.Hold(error > 1e-5, $"{name}: the {what}'s error is {error:0.0e+0}: was it {type} at all?");
            }
        }
        findings.Summary = $"all within {TimesCpu} times the CPU's errors";

        static string Text(Tensor expected, Tensor actual) =>
            $"{Difference.Mean(expected, actual):0.0e+0} ({Difference.Largest(expected, actual):0.0e+0})";
    }

    private static (Tensor Output, Tensor Gradient) Outcome(string name, Device device, Precision precision)
    {
        var golden = GoldenNetwork.Load(name);
        using var network = Nets.Create(name, CPU);
        Fill.Parameters(network);
        network.to(device);
        network.Precision = precision;
        var labels = golden.ClassLabels is { } classes ? tensor(classes, device: device) : null;
        var output = network.forward(Fill.Input("input:x", golden.InputShape).to(device), tensor(golden.Timesteps, device: device), labels);
        (output.square().mean() * LossScale).backward();
        var gradients = network.parameters().Select(one => one.grad).OfType<Tensor>();
        return (output.detach(), cat([.. gradients.Select(one => one.flatten())]) / LossScale);
    }
}
