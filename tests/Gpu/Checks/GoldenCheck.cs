using TorchSharp;
using UNetGen.Backends;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>The numbers that reference implementations in PyTorch computed.</summary>
internal static class GoldenCheck
{
    private const double Output = 1e-4;
    private const double Gradients = 2e-3;

    public static void Run(Settings settings, Findings findings)
    {
        findings.Say($"Differences relative to the largest number; at most {Output} for outputs and losses, {Gradients} for gradients' "
            + "norms.");
        findings.Head("network", "kernels", "output", "loss", "gradients");
        var worst = (Output: 0.0, Gradients: 0.0);
        foreach (var name in Nets.Golden)
        {
            foreach (var kernels in Enum.GetValues<KernelForm>())
            {
                var (output, loss, gradients) = Differences(name, settings.Device, kernels);
                findings.Row(name, kernels, output, loss, gradients);
                findings.Hold(output <= Output && loss <= Output && gradients <= Gradients, $"{name}, {kernels} kernels");
                worst = (Math.Max(worst.Output, output), Math.Max(worst.Gradients, gradients));
            }
        }
        findings.Summary = $"outputs to {worst.Output:0.0e+0}, gradients to {worst.Gradients:0.0e+0}";
    }

    private static (double Output, double Loss, double Gradients) Differences(string name, Device device, KernelForm kernels)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenNetwork.Load(name);
        using var network = Nets.Create(name, CPU, kernels);
        Fill.Parameters(network);
        network.to(device);
        var labels = golden.ClassLabels is { } classes ? tensor(classes, device: device) : null;
        var context = golden.ContextShape is { } shape ? Fill.Input("input:context", shape).to(device) : null;
        var (x, timesteps) = (Fill.Input("input:x", golden.InputShape).to(device), tensor(golden.Timesteps, device: device));
        var output = network.forward(x, timesteps, context, labels, null);
        var loss = (output - Fill.Input("input:target", golden.OutputShape).to(device)).square().mean();
        loss.backward();
        var gradients = network.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.norm().item<float>());
        // Norms under 1e-4 are zero but for rounding.
        var worst = golden.GradientNorms.Max(pair =>
            Math.Abs(pair.Value - gradients[pair.Key]) is var difference && pair.Value < 1e-4
                ? (difference <= 1e-4 ? 0 : double.PositiveInfinity)
                : difference / pair.Value);
        return (
            Difference.Largest(tensor(golden.Output).reshape(golden.OutputShape), output),
            Difference.Of(golden.Loss, loss.item<float>()), worst);
    }
}
