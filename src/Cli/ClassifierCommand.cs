using System.CommandLine;
using Spectre.Console;
using UNetGen.Data;
using UNetGen.Evaluation;
using UNetGen.Native;
using Color = System.Drawing.Color;

namespace UNetGen.Cli;

/// <summary>Trains a small classifier, whose features `evaluate` compares pictures by.</summary>
internal sealed class ClassifierCommand(Interrupt interrupt)
{
    // Every tenth image of each class is held back, to count how many are named rightly.
    private const int HeldBack = 10;

    public Command AddTo(Command command)
    {
        var data =
            new Option<string>(
                "--data")
            {
                Description =
                    "Images with classes: MNIST's folder, CIFAR-10's, or a folder of pictures with a folder for each class.",
                Required = true,
                HelpName = "PATH"
            };
        var background = DataOptions.Background();
        var like =
            new Option<string>(
                "--spec")
            {
                Description = "The network whose pictures are to be compared: its channels and size.",
                Required = true,
                HelpName = "NAME|FILE"
            };
        var epochs =
            new Option<int>(
                "--epochs")
            {
                Description = "Times that each image is seen.",
                DefaultValueFactory = _ => 6,
                HelpName = "N",
                CustomParser = result => CommonOptions.Whole(result, 1)
            };
        var seed = CommonOptions.Seed();
        var output =
            new Option<string>(
                "--out")
            { Description = "The file to write; it mustn't exist.", Required = true, HelpName = "FILE.safetensors" };
        foreach (var option in new Option[] { data, background, like, epochs, seed, output })
            command.Add(option);
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(data), parsed.GetValue(background), parsed.GetRequiredValue(like), parsed.GetValue(epochs),
            parsed.GetValue(seed), parsed.GetRequiredValue(output)));
        return command;
    }

    /// <summary>The numbers of the images to learn from (false) and of those held back (true).</summary>
    private static ILookup<bool, int> Split(IImageSource source)
    {
        IGrouping<int, int>[] ofClasses = [
            .. Enumerable.Range(0, source.Classes.Count == 0 ? 0 : source.Count).GroupBy(source.Label).OrderBy(images => images.Key)];
        var few = ofClasses.Where(images => images.Count() < HeldBack).Select(images => $"{source.Classes[images.Key]}: {images.Count()}")
            .ToArray();
        if (few.Length > 0)
            throw new UNetGenException(
                $"A classifier needs at least {HeldBack} images of each class, one of every {HeldBack} to be tried on, but of "
                    + $"{source.Description} these classes have fewer: {string.Join(", ", few)}.");
        // One class after the other, so that each has a tenth; those to learn from keep their order.
        var heldBack = ofClasses.SelectMany(images => images).Where((_, place) => place % HeldBack == HeldBack - 1).ToHashSet();
        return Enumerable.Range(0, source.Count).ToLookup(heldBack.Contains);
    }

    private void Run(string data, Color? background, string spec, int epochs, long seed, string output)
    {
        var stop = interrupt.Token;
        // Before TorchSharp's own attempt, whose message is another.
        Libtorch.Load();
        using var claim = NewFile.Claim(output, ".safetensors");
        var info = Catalog.Require(spec).Info;
        var source = DataOptions.Open(data, info, background);
        var numbers = Split(source);
        using var classifier = Progress.While("classifier", lines: false, show => SmallClassifier.Train(
            new SubsetSource(source, [.. numbers[false]]), epochs, seed: seed, report: (done, loss) =>
            {
                stop.ThrowIfCancellationRequested();
                show(done, $"loss {loss:0.0000}");
            }));
        var test = new SubsetSource(source, [.. numbers[true]]);
        output = claim.Path;
        classifier.Save(output);
        var accuracy = classifier.Accuracy(test, test.Label);
        // Known now that all were read.
        SourceWarnings.Show(source, "Others of its class stood in for each while it learnt.");
        var whole = Enumerable.Range(0, test.Count).Count(image => test.BrokenFile(image) is null);
        AnsiConsole.MarkupLineInterpolated($"{classifier.Description} in [blue]{output}[/]: names {accuracy:P1} of {Counted.Of(whole, "image")} that it hasn't seen");
    }
}
