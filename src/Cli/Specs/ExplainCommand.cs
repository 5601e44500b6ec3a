using System.CommandLine;
using Spectre.Console;
using UNetGen.Compiler;
using UNetGen.Networks;

namespace UNetGen.Cli.Specs;

/// <summary>Shows what a spec makes: the U, its levels, parameters, operations, memory, and what it has from other specs.</summary>
internal static class ExplainCommand
{
    // Weights, gradients, Adam's two moments, and the averaged weights.
    private const int CopiesInTraining = 5;
    private const int BytesPerNumber = sizeof(float);

    // Beside the activations there are their gradients, a few at a time: between batch 16 and 256, resident memory grew by 3.5 MiB an image
    // with ShapesUNet and by 6.8 with MnistUNet, where their tables say 2.1 and 4.1.
    private const double ActivationsInTraining = 1.7;

    public static Command AddTo(Command command)
    {
        var name =
            new Argument<string?>("SPEC")
            {
                Description = "A .unet.yaml file, a network's name, a run, a checkpoint or a .safetensors file; none lists the networks.",
                Arity = ArgumentArity.ZeroOrOne,
            };
        var batch = new Option<int>("--batch-size")
        {
            Description = "Images a step, for the memory.",
            HelpName = "N",
            CustomParser = result => CommonOptions.Whole(result, 1, 65536),
            DefaultValueFactory = _ => 16,
        };
        command.Add(name);
        command.Add(batch);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(name) is { } wanted)
                Show(wanted, parsed.GetValue(batch));
            else if (parsed.IsGiven(batch))
                throw new UsageException("--batch-size is for one network's memory: name the network.");
            else
                List();
        });
        return command;
    }

    private static void List()
    {
        if (Catalog.Generated.Count == 0)
        {
            throw new UsageException(
                $"This program has no networks of its own: name a spec's file (NAME{Catalog.SpecEnding}), a run, a checkpoint or a "
                    + ".safetensors file.");
        }
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("network", "spec", "image").AddColumn(Right("parameters"));
        foreach (var info in Catalog.Generated.Select(network => network.Info))
        {
            // Blocks of the user's own are in no count.
            var parameters = info.StateDict.OpenPrefixes.Count > 0 ? "-" : Count(info.ParameterCount);
            table.AddRow(info.Name, info.SpecPath, $"{info.Channels} x {info.ImageHeight} x {info.ImageWidth}", parameters);
        }

        AnsiConsole.Write(table);
    }

    private static void Show(string name, int batch)
    {
        var spec = NamedSpec.Of(name);
        var (info, description) = (spec.Info, spec.Description);
        AnsiConsole.MarkupLineInterpolated($"[bold]{info.Name}[/] from {spec.Origin}: images {info.Channels} x {info.ImageHeight} x {info.ImageWidth}, predicts {description.Predicts}");
        // As it is drawn: no line is to be broken.
        Console.WriteLine();
        Console.WriteLine(description.Drawing);
        Console.WriteLine();
        AnsiConsole.Write(Levels(info));
        var context = info.ContextDim is null ? "" : $", a context of {SpecDescription.CountedTokens} tokens";
        AnsiConsole.MarkupLineInterpolated($"[grey]GFLOP and memory (of activations, estimated): one image{context}, forward, float32.[/]");
        if (info.StateDict.OpenPrefixes.Count > 0)
            AnsiConsole.MarkupLine("All this is without blocks of your own, of which only their class knows more.");
        else
            ShowTraining(info, batch);
        foreach (var given in description.Inherited.GroupBy(key => key.From))
            AnsiConsole.MarkupLineInterpolated($"From {given.Key}: {string.Join(", ", given.Select(key => $"{key.Key}: {key.Value}"))}");
        foreach (var diagnostic in description.Generated.Diagnostics)
            Warnings.Show($"{diagnostic}");
    }

    private static void ShowTraining(NetworkInfo info, int batch)
    {
        var weights = info.ParameterCount * BytesPerNumber;
        var training = CopiesInTraining * weights + (long)(batch * info.ActivationElements * BytesPerNumber * ActivationsInTraining);
        AnsiConsole.MarkupLineInterpolated($"Training with batch {batch} takes about {Bytes(training)} beside libtorch itself: weights of {Bytes(weights)}, as many gradients, twice that for Adam, the average, activations and their gradients.");
    }

    private static Table Levels(NetworkInfo info)
    {
        var table = new Table().Border(TableBorder.Horizontal)
            .AddColumns("level", "size").AddColumn(Right("width")).AddColumns("blocks", "attention")
            .AddColumn(Right("parameters")).AddColumn(Right("GFLOP")).AddColumn(Right("memory"));
        foreach (var level in info.Levels)
        {
            table.AddRow(level.Name, $"{level.Height} x {level.Width}", $"{level.Channels}", level.Blocks, level.Attention,
                Count(level.Parameters), Giga(level.ForwardFlops), Bytes(level.ActivationElements * BytesPerNumber));
        }

        table.AddEmptyRow();
        table.AddRow(
            "total", "", "", "", "", Count(info.Levels.Sum(level => level.Parameters)), Giga(info.ForwardFlops),
            Bytes(info.ActivationElements * BytesPerNumber));
        return table;
    }

    private static TableColumn Right(string title) => new TableColumn(title).RightAligned();

    private static string Count(long number) => number.ToString("N0");

    private static string Giga(long flops) => (flops / 1e9).ToString("0.000");

    private static string Bytes(long bytes) => bytes < 1 << 20
        ? $"{bytes / 1024.0:0.0} KiB"
        : $"{bytes / (1024.0 * 1024):0.0} MiB";
}
