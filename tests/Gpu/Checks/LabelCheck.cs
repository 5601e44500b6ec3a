using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>
/// A label of no class that lies on the device, where looking at it would wait: a GPU's own check ends the process's use of it.
/// </summary>
internal static class LabelCheck
{
    public static void Run(Settings settings, Findings findings)
    {
        using var scope = NewDisposeScope();
        using var network = Nets.Create("ddpm_classes", settings.Device);
        try
        {
            var output = network.forward(
                zeros([2, 3, 16, 16], device: settings.Device), tensor([0L, 1L], device: settings.Device),
                tensor([1L, 99L], device: settings.Device));
            findings.Hold(false, $"nothing was thrown; the output's largest number is {output.abs().max().item<float>()}");
        }
        catch (Exception error)
        {
            findings.Quote($"{error.GetType().Name}: {error.Message}");
            findings.Hold(error is UNetGenException or ArgumentException, $"no clear sentence, but {Report.FirstLine(error.Message)}");
        }
        findings.Hold(ones([2], device: settings.Device).sum().item<float>() == 2, "the device can't be used afterwards");
    }
}
