using UNetGen.Data;
using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>Features of a TorchScript file and of a classifier, and the distance by them.</summary>
internal static class EvaluationCheck
{
    public static void Run(Settings settings, Findings findings)
    {
        using var scope = NewDisposeScope();
        var digits = IdxSource.Open(Settings.Beside("Data", "mnist"), 1, 28, 28);
        var shapes = new ShapesSource(1, 28, 28, count: digits.Count);
        var file = Settings.Beside("Evaluation", "mean_colour.pt");
        using var cpu = TorchScriptFeatures.Load(file, FeatureInput.Unit);
        using var device = TorchScriptFeatures.Load(file, FeatureInput.Unit, settings.Device);
        findings.Hold(cpu.Hash == device.Hash, "the hash of a file isn't the same on both");
        var (onCpu, onDevice) = (Distance(digits, shapes, cpu), Distance(digits, shapes, device));
        var difference = Difference.Of(onCpu, onDevice);
        findings.Say($"By a TorchScript file: {onCpu:g8} on the CPU, {onDevice:g8} on the device, a difference of {difference:0.0e+0}.");
        findings.Hold(difference <= 1e-3, $"the distance differs by {difference:0.0e+0}");

        using var classifier = SmallClassifier.Train(digits, epochs: settings.IsTrial ? 1 : 4);
        var images = stack([.. Enumerable.Range(0, 32).Select(number => ImageOf(digits, number))]);
        var features = Difference.Largest(classifier.Extract(images), classifier.Extract(images.to(settings.Device)));
        findings.Say($"The small classifier, which always computes on the CPU, sees images of the device as the CPU's to "
            + $"{features:0.0e+0}; digits and shapes are {Distance(digits, shapes, classifier):g4} apart.");
        findings.Hold(features <= 1e-5, $"the classifier's features differ by {features:0.0e+0}");
        findings.Summary = $"the distance is the CPU's to {difference:0.0e+0}";
    }

    private static Tensor ImageOf(IImageSource source, int number)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(number, pixels);
        return tensor(pixels).reshape(source.Channels, source.Height, source.Width);
    }

    private static double Distance(IImageSource first, IImageSource second, FeatureNetwork features)
    {
        using var one = ImageStatistics.Of(first, features);
        using var other = ImageStatistics.Of(second, features);
        return FrechetDistance.Between(one, other);
    }
}
