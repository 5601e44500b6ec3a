using TorchSharp;
using UNetGen.Data;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>What a user sees of what goes wrong, and whether the process can go on.</summary>
internal static class FaultCheck
{
    public static void Run(Settings settings, Findings findings)
    {
        var summary = new List<string>();
        Try("a GPU that isn't there", () => Devices.Parse("cuda:99"));
        Try("a device that is none", () => Devices.Parse("gpu"));
        Try("a label out of range, sampled", () =>
        {
            using var network = Nets.Create("ddpm_classes", settings.Device);
            new DdimSampler(2).Sample(network, new() { Count = 2, Labels = [0, 99] }).Dispose();
        });
        Try("images of another shape", () =>
        {
            using var network = Nets.Create("ddpm_tiny", settings.Device);
            network.forward(zeros([1, 1, 16, 16], device: settings.Device), zeros([1], ScalarType.Int64, settings.Device));
        });
        if (settings.IsCuda)
        {
            Try("a step of far too many images", () => TrainTooMany(settings));
            Try("far too many images drawn at once", () =>
            {
                using var network = Nets.Create("cifar10", settings.Device);
                new DdimSampler(2).Sample(network, new() { Count = 40_000, BatchSize = 40_000 }).Dispose();
            });
            Try("images on the CPU for a network on the GPU", () =>
            {
                using var network = Nets.Create("ddpm_tiny", settings.Device);
                network.forward(zeros(1, 3, 16, 16), zeros([1], ScalarType.Int64));
            }, mustBeOurs: false);
            Try("a network that is moved after its trainer was made", () =>
            {
                using var training = Trainings.Begin("ddpm_tiny", CPU, Trainings.Options(4));
                training.Network.to(settings.Device);
                var doubts = training.Trainer.Train().Doubts;
                throw new UNetGenException($"No exception; the summary's doubts: {string.Join(" ", doubts)}");
            }, mustBeOurs: false);
        }
        var report = Path.Combine(settings.Folder, "label.md");
        var (code, said) = OtherProcess.Run(
            [.. OtherProcess.ThisProgram, "--device", settings.DeviceText, "--only", "label", "--out", report]);
        findings.Say($"A label out of range that lies on the device, in a process of its own, which ended with {code}:");
        findings.Quote(said + "\n" + (File.Exists(report) ? File.ReadAllText(report) : ""));
        if (code != 0)
            summary.Add("a label on the device is said badly");
        findings.Summary = string.Join("; ", summary.Prepend("said in a sentence, usable afterwards"));

        void Try(string what, Action wrong, bool mustBeOurs = true)
        {
            Exception? error = null;
            using (NewDisposeScope())
            {
                try
                {
                    wrong();
                }
                catch (Exception caught)
                {
                    error = caught;
                }
            }
            findings.Say($"**{what}**: {error?.GetType().Name ?? "nothing was thrown"}");
            if (error is not null)
                findings.Quote(error.Message);
            if (Shortage.Of(error ?? new UNetGenException("")) is { } missing && error is not UNetGenException)
                findings.Say($"As a shortage: {missing}");
            var ours = error is UNetGenException or ArgumentException && !error.Message.TrimEnd().Contains("\n   at ");
            findings.Hold(ours || !mustBeOurs, $"{what}: no clear sentence, but {Report.FirstLine(error?.Message ?? "nothing at all")}");
            if (!ours)
                summary.Add($"{what}: {error?.GetType().Name ?? "nothing"}");
            findings.Hold(IsUsable(settings.Device), $"{what}: the device can't be used afterwards");
        }
    }

    /// <summary>More than any GPU holds: of cifar10's network an image's step takes some 100 MB.</summary>
    private static void TrainTooMany(Settings settings)
    {
        using var network = Nets.Create("cifar10", settings.Device);
        using var trainer = new Trainer(
            network, new ShapesSource(3, 32, 32), new() { Steps = 1, BatchSize = 4096, Ema = [new() { UpdateEvery = 1, StartAfter = 0 }] });
        trainer.Train();
    }

    private static bool IsUsable(Device device)
    {
        try
        {
            using var training = Trainings.Begin("ddpm_tiny", device, Trainings.Options(2)).Run();
            return training.Losses.TrueForAll(double.IsFinite);
        }
        catch (Exception)
        {
            return false;
        }
    }
}
