using System.CommandLine;
using Spectre.Console;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Evaluation;
using UNetGen.Files;
using UNetGen.Sampling;
using Color = System.Drawing.Color;

namespace UNetGen.Cli;

/// <summary>How far a folder of samples is from the images that the network has learnt from.</summary>
internal sealed class EvaluateCommand(Interrupt interrupt, ICollective ranks)
{
    // Fewer have no covariance.
    private const int LeastImages = 2;

    private readonly Option<string> samples =
        new("--samples") { Description = "A folder that `sample --out FOLDER` has written.", Required = true, HelpName = "FOLDER" };
    private readonly Option<string> data =
        new(
            "--data")
        {
            Description = "What to compare with: the training data, as `train` takes it.",
            Required = true,
            HelpName = "shapes|PATH"
        };
    private readonly Option<Color?> background = DataOptions.Background(otherwise: "as in the network's training");
    private readonly FeatureOptions features = new();
    private readonly Option<string> cache =
        new("--cache")
        {
            Description = "Where the data's statistics are kept, for the next time.",
            DefaultValueFactory = _ => Path.Combine(
            "runs", "statistics"),
            HelpName = "FOLDER"
        };
    private readonly Option<string> device = CommonOptions.Device();

    public Command AddTo(Command command)
    {
        command.Add(samples);
        command.Add(data);
        command.Add(background);
        features.AddTo(command);
        command.Add(cache);
        command.Add(device);
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        features.Check(parsed);
        var folder = parsed.GetRequiredValue(samples);
        var pictures = new SampleFolder(folder);
        var (network, given, labels) = pictures.Describe();
        var named = pictures.WrittenClasses();
        // Pictures of every folder are called alike.
        RanksDifferException.ThrowUnlessSame(
            ranks, "The ranks aren't to measure the same samples", "Start all of them with the same options, and a folder that all see.",
            [RankFact.Text(SampleInfo.FileName, File.ReadAllText(Path.Combine(folder, SampleInfo.FileName)))]);
        var channels = given ?? Catalog.Require(network).Info.Channels;
        var numbers = pictures.PicturesByName();
        var (height, width) = pictures.Size();
        var drawn = ImageFolderSource.Open(folder, channels, height, width);
        var real = DataOptions.Open(
            parsed.GetRequiredValue(data), (channels, height, width), parsed.GetValue(background),
            otherwise: pictures.WrittenBackground());
        if (real is ImageFolderSource { Folder: var compared } && RealPath.Of(compared) == RealPath.Of(folder))
            Warnings.Show("--samples and --data are the same folder: its distance from itself is 0, whatever was drawn.");
        foreach (var source in (IImageSource[])[drawn, real])
        {
            if (source.Count < LeastImages)
                throw new UNetGenException(
                    $"A distance needs at least {LeastImages} images on both sides, and there is only {source.Description}.");
        }
        using var sees = features.Open(parsed, CommonOptions.Parse(parsed.GetValue(device), ranks));

        using var ofDrawn = Watch("samples", drawn, report => ImageStatistics.Of(
            drawn, sees, report: report, cancellation: interrupt.Token, collective: ranks));
        // Told before the data is read: of samples none may be missing.
        var broken = drawn.BrokenFiles is [var first, ..]
            ? $"{PictureFolder.PathOf(folder, first.Path)} {first.Reason}. {SampleFolder.DrawAgain}"
            : "";
        if (ranks.Gather(broken).FirstOrDefault(message => message.Length > 0) is { } message)
            throw new UNetGenException(message);
        string? unkept = null;
        using var ofReal = Watch("data", real, report => ImageStatistics.Cached(
            real, sees, parsed.GetRequiredValue(cache), report: report, cancellation: interrupt.Token, collective: ranks,
            unkept: reason => unkept = reason));
        if (unkept is not null)
            Warnings.Show($"the data's statistics aren't kept for the next time: {unkept} Name another folder with --cache.");
        if (ranks.Rank > 0)
            return 0;
        SourceWarnings.Show(real, "No other stands in: each picture counts once.");
        var those = ofReal.Count == real.Count ? real.Description : $"{ofReal.Count:N0} of {real.Description}";
        AnsiConsole.MarkupLineInterpolated($"Frechet distance [bold]{FrechetDistance.Between(ofDrawn, ofReal):0.000}[/]: {drawn.Description} against {those}, by {sees.Description}");
        if (Math.Min(ofDrawn.Count, ofReal.Count) is var fewest && fewest <= ofReal.Features)
            Warnings.Show($"{Counted.Of(fewest, "picture")} can't fill the covariance of {Counted.Of(ofReal.Features, "feature")}; "
                + "take more than so many, or the distance says little");
        if (sees is SmallClassifier classifier && labels is not null)
            SayAccuracy(
                classifier, drawn, named ?? Taken(classifier, real.Classes, folder),
                index => labels[numbers[index] % labels.Count]);
        return 0;
    }

    /// <summary>The classes of samples that don't name theirs; none where the data's can't be taken for them.</summary>
    private static IReadOnlyList<string> Taken(SmallClassifier classifier, IReadOnlyList<string> ofData, string folder)
    {
        if (classifier.Classes.SequenceEqual(ofData))
        {
            Warnings.Show($"{Path.Combine(folder, SampleInfo.FileName)} doesn't name the classes that were asked for: they are taken for the "
                + "data's, by their numbers");
            return ofData;
        }
        Warnings.Show("the classifier knows other classes than the data, so whether it sees what was asked for isn't counted");
        return [];
    }

    /// <summary>A class has one number in the network, and may have another in the classifier: its name is the same.</summary>
    private static void SayAccuracy(SmallClassifier classifier, IImageSource drawn, IReadOnlyList<string> classes, Func<int, int> label)
    {
        if (classes.Count == 0)
            return;
        int[] known = [.. classes.Select(name => classifier.Classes.ToList().IndexOf(name))];
        int Asked(int index) => label(index) < known.Length ? known[label(index)] : -1;
        int[] ofClasses = [.. Enumerable.Range(0, drawn.Count).Where(index => Asked(index) >= 0)];
        if (drawn.Count - ofClasses.Length is var others and > 0)
            Warnings.Show($"{others:N0} of {Counted.Of(drawn.Count, "sample")} were asked for as none of the classifier's "
                + $"{classifier.Classes.Count} classes, so whether it sees what was asked for isn't counted for them");
        if (ofClasses.Length > 0)
            AnsiConsole.MarkupLineInterpolated(
                $"{classifier.Accuracy(new SubsetSource(drawn, ofClasses), at => Asked(ofClasses[at])):P1} of the samples are seen as the class that was asked for");
    }

    private static FeatureStatistics Watch(string title, IImageSource source, Func<Action<int>, FeatureStatistics> work) =>
        Progress.While(
            title, lines: false, show => work(done => show((double)done / source.Count, $"{title}: {done:N0} of {source.Count:N0}")));
}
