using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Evaluation;
using UNetGen.Native;

namespace UNetGen.Examples;

/// <summary>How far a folder of samples is from the images that the network has learnt from.</summary>
internal sealed class EvaluateCommand(Interrupt interrupt)
{
    private readonly Option<string> samples = new("--samples") { Description = "A folder that `sample --out FOLDER` has written.", Required = true, HelpName = "FOLDER" };
    private readonly Option<string> data = new("--data") { Description = "What to compare with: the training data, as `train` takes it.", Required = true, HelpName = "shapes|PATH" };
    private readonly FeatureOptions features = new();
    private readonly Option<string> cache = new("--cache") { Description = "Where the data's statistics are kept, for the next time.", DefaultValueFactory = _ => Path.Combine("runs", "statistics"), HelpName = "FOLDER" };
    private readonly Option<string> device = CommonOptions.Device();

    public Command AddTo(Command command)
    {
        command.Add(samples);
        command.Add(data);
        features.AddTo(command);
        command.Add(cache);
        command.Add(device);
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var folder = parsed.GetRequiredValue(samples);
        var (network, labels) = new SampleFolder(folder).Describe();
        var info = Catalog.Require(network);
        var drawn = DataSource.Open(folder, info.Channels, info.ImageHeight, info.ImageWidth);
        var real = DataSource.Open(parsed.GetRequiredValue(data), info.Channels, info.ImageHeight, info.ImageWidth);
        using var sees = features.Open(parsed, Libtorch.ParseDevice(parsed.GetValue(device)));

        using var ofReal = Watch("data", real, report => ImageStatistics.Cached(real, sees, parsed.GetRequiredValue(cache), report: report, cancellation: interrupt.Token));
        using var ofDrawn = Watch("samples", drawn, report => ImageStatistics.Of(drawn, sees, report: report, cancellation: interrupt.Token));
        AnsiConsole.MarkupLineInterpolated($"Frechet distance [bold]{FrechetDistance.Between(ofDrawn, ofReal):0.000}[/]: {drawn.Description} against {real.Description}, by {sees.Description}");
        if (sees is SmallClassifier classifier && labels is not null)
            AnsiConsole.MarkupLineInterpolated($"{ClassifierCommand.Accuracy(classifier, drawn, LabelsOfFiles(folder, labels)):P1} of the samples are seen as the class that was asked for");
        return 0;
    }

    /// <summary>Picture n is in file n, and sources sort files by name.</summary>
    private static Func<int, int> LabelsOfFiles(string folder, IReadOnlyList<int> labels)
    {
        var numbers = Directory.EnumerateFiles(folder, "*.png").Select(Path.GetFileNameWithoutExtension).Where(name => !name!.StartsWith('.'))
            .OrderBy(name => name, StringComparer.Ordinal).Select(name => int.Parse(name!, NumberStyles.None, CultureInfo.InvariantCulture)).ToArray();
        return index => labels[numbers[index] % labels.Count];
    }

    private static FeatureStatistics Watch(string title, IImageSource source, Func<Action<int>, FeatureStatistics> work) =>
        Progress.While(title, lines: false, show => work(done => show((double)done / source.Count, $"{title}: {done:N0} of {source.Count:N0}")));
}
