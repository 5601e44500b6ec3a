using System.CommandLine;
using System.Text;
using Spectre.Console;
using UNetGen.Cli.Runs;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Cli;

/// <summary>
/// Takes over a network of diffusers, in two steps, since its class must be compiled in between: the folder becomes a spec, and then its
/// weights a file that a network of that spec loads.
/// </summary>
internal static class ImportCommand
{
    private const string SpecEnding = ".unet.yaml";

    public static Command AddTo(Command command)
    {
        var folder = new Argument<string>("FOLDER") { Description = "A folder of diffusers, with model_index.json or config.json in it." };
        var output = new Option<string?>("--out") { Description = "First step: the spec to write.", HelpName = $"FILE{SpecEnding}" };
        var spec =
            new Option<string?>(
                "--spec")
            { Description = "Second step: the network that was generated from that spec.", HelpName = "NAME" };
        var checkpoint =
            new Option<string?>(
                "--checkpoint")
            {
                Description = "Second step: the weights to write, which the other commands take as a checkpoint.",
                HelpName = "FILE.safetensors"
            };
        var convert =
            new Option<bool>(
                "--convert")
            {
                Description =
                    "Second step: turn float16 and other floating types into the network's; else they are an error."
            };
        command.Add(folder);
        foreach (var option in new Option[] { output, spec, checkpoint, convert })
            command.Add(option);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(output) is null == parsed.GetValue(spec) is null)
            {
                throw new UsageException(
                    "Give --out FILE.unet.yaml for the first step, which writes the spec, or --spec NAME and --checkpoint FILE.safetensors "
                    + "for the second, which takes over the weights.");
            }
            if (parsed.GetValue(spec) is null != parsed.GetValue(checkpoint) is null
                || (parsed.GetValue(output) is not null && parsed.IsGiven(convert)))
            {
                throw new UsageException(
                    "--spec, --checkpoint and --convert belong to the second step: --spec NAME --checkpoint FILE.safetensors.");
            }
            var source = DiffusersFolder.Open(parsed.GetRequiredValue(folder));
            if (parsed.GetValue(output) is { } path)
                WriteSpec(source, path);
            else
                WriteWeights(source, parsed.GetValue(spec)!, parsed.GetValue(checkpoint)!, parsed.GetValue(convert));
        });
        return command;
    }

    private static void WriteSpec(DiffusersFolder source, string path)
    {
        using var claim = NewFile.Claim(path, SpecEnding);
        path = claim.Path;
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(source.SpecYaml())));
        AnsiConsole.MarkupLineInterpolated(
            $"The spec is in [blue]{path}[/]. Build it into the program (specs/), then take over the weights:");
        AnsiConsole.MarkupLineInterpolated($"  import {ShellWord.Of(source.Path)} --spec {ShellWord.Of(Path.GetFileName(path))} --checkpoint FILE.safetensors");
    }

    private static void WriteWeights(DiffusersFolder source, string spec, string path, bool convert)
    {
        using var claim = NewFile.Claim(path, ".safetensors");
        using var network = Catalog.Create(spec);
        source.LoadInto(network, convert);
        foreach (var doubt in source.Doubts)
            Warnings.Show(RunFields.InWordsOfRuns(doubt));
        path = claim.Path;
        StateDict.Save(path, network, source.Doubts);
        AnsiConsole.MarkupLineInterpolated($"The weights of {network.Info.Name} are in [blue]{path}[/]");
    }
}
