using System.CommandLine;
using System.Text;
using Spectre.Console;
using UNetGen.Cli.Runs;
using UNetGen.Compiler;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Cli;

/// <summary>
/// Takes over a network of diffusers: its spec, its weights, or both. Without either it loads the folder and says whether that can be done.
/// </summary>
internal static class ImportCommand
{
    private const string WeightsEnding = ".safetensors";

    public static Command AddTo(Command command)
    {
        var folder = new Argument<string>("FOLDER") { Description = "A folder of diffusers, with model_index.json or config.json in it." };
        var output = new Option<string?>("--out")
        {
            Description = "The spec to write, for a project of your own.",
            HelpName = $"FILE{Catalog.SpecEnding}",
        };
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "The weights to write, with the spec in the file, which the other commands take as a checkpoint.",
            HelpName = $"FILE{WeightsEnding}",
        };
        var spec = new Option<string?>("--spec")
        {
            Description = "The network that the weights are for, which must be the folder's; without, it is made of the folder itself.",
            HelpName = "NAME|FILE",
        };
        var convert = new Option<bool>("--convert")
        {
            Description = "Turn float16 and other floating types into the network's; else they are an error.",
        };
        command.Add(folder);
        foreach (var option in new Option[] { output, checkpoint, spec, convert })
            command.Add(option);
        command.SetAction(parsed =>
        {
            var (specFile, weights) = (parsed.GetValue(output), parsed.GetValue(checkpoint));
            if (specFile is not null && parsed.GetValue(spec) is not null)
                throw new UsageException("--out writes the spec of the folder, and --spec names one that is there already: give one of them.");
            if (specFile is not null && weights is null && parsed.IsGiven(convert))
                throw new UsageException("--convert is for weights: give --checkpoint FILE.safetensors as well.");
            var source = DiffusersFolder.Open(parsed.GetRequiredValue(folder));
            using var claimed = specFile is null ? null : NewFile.Claim(specFile, Catalog.SpecEnding);
            if (specFile is null || weights is not null)
                TakeWeights(source, parsed.GetValue(spec), specFile, weights, parsed.GetValue(convert));
            if (claimed is not null)
                WriteSpec(source, claimed.Path);
        });
        return command;
    }

    private static void WriteSpec(DiffusersFolder source, string path)
    {
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(source.SpecYaml())));
        AnsiConsole.MarkupLineInterpolated($"The spec is in [blue]{path}[/]");
    }

    /// <summary>Loads the weights, and writes them where that is wanted.</summary>
    private static void TakeWeights(DiffusersFolder source, string? spec, string? specFile, string? path, bool convert)
    {
        using var claim = path is null ? null : NewFile.Claim(path, WeightsEnding);
        using var network = (spec is null ? Made(source, specFile ?? path) : Catalog.Require(spec)).Create();
        source.LoadInto(network, convert);
        foreach (var doubt in source.Doubts)
            Warnings.Show(RunFields.InWordsOfRuns(doubt));
        var info = network.Info;
        if (claim is null)
        {
            AnsiConsole.MarkupLineInterpolated($"{source.Path} is a network of {info.ParameterCount:N0} parameters for images {info.Channels} x {info.ImageHeight} x {info.ImageWidth}, and its weights fit. Take it over:");
            var how = (spec is null ? "" : $" --spec {ShellWord.Of(spec)}") + (convert ? " --convert" : "");
            AnsiConsole.MarkupLineInterpolated($"  import {ShellWord.Of(source.Path)}{how} --checkpoint NAME{WeightsEnding}{(spec is null ? $" --out NAME{Catalog.SpecEnding}" : "")}");
            return;
        }
        StateDict.Save(claim.Path, network, source.Doubts);
        AnsiConsole.MarkupLineInterpolated($"The weights of {info.Name} are in [blue]{claim.Path}[/]");
        AnsiConsole.MarkupLineInterpolated($"To draw: [grey]{DrawCommand.Of(claim.Path, info, learnt: null)}[/]");
    }

    /// <summary>The network that the folder describes, called as what is written of it.</summary>
    private static KnownNetwork Made(DiffusersFolder source, string? file)
    {
        var name = Path.GetFileName(file ?? Path.GetFullPath(source.Path));
        foreach (var ending in (string[])[Catalog.SpecEnding, WeightsEnding])
        {
            if (name.Length > ending.Length && name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                name = name[..^ending.Length];
        }
        var compiled = SpecCompiler.CompileText(source.SpecYaml(), name + Catalog.SpecEnding);
        return new(compiled.Info, () => compiled.Create());
    }
}
