using System.CommandLine;
using Spectre.Console;
using UNetGen.Interop;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Cli;

/// <summary>Writes trained weights for other programs.</summary>
internal static class ExportCommand
{
    private const string Diffusers = "diffusers";
    private const string Safetensors = "safetensors";
    private const string FileEnding = ".safetensors";

    public static Command AddTo(Command command)
    {
        var format = CommonOptions.Choice(
            "--format",
            "diffusers (a folder that DDPMPipeline loads; preset ddpm) or safetensors (one file of tensors under their own keys; all "
                + "presets).",
            [Diffusers, Safetensors],
            standard: Diffusers);
        var checkpoint =
            new Option<string>(
                "--checkpoint")
            {
                Description = "A run or a checkpoint folder, for its averaged weights, or a .safetensors file in it.",
                Required = true,
                HelpName = "PATH"
            };
        var output =
            new Option<string>(
                "--out")
            { Description = "The folder or file to write; it mustn't exist.", Required = true, HelpName = "PATH" };
        foreach (var option in new Option[] { format, checkpoint, output })
            command.Add(option);
        command.SetAction(
            parsed => Run(parsed.GetRequiredValue(format)!, parsed.GetRequiredValue(checkpoint), parsed.GetRequiredValue(output)));
        return command;
    }

    private static void Run(string format, string checkpoint, string output)
    {
        if (format == Diffusers && output.EndsWith(FileEnding, StringComparison.OrdinalIgnoreCase))
        {
            throw new UsageException(
                $"--format diffusers writes a folder, and {output} names a file: add --format safetensors, or name a folder.");
        }
        using var claim = format == Diffusers ? NewFile.ClaimFolder(output) : NewFile.Claim(output, FileEnding);
        var (trained, network) = TrainedWeights.Load(checkpoint, Warnings.Show);
        using var loaded = network;
        output = claim.Path;
        if (format == Diffusers)
            DiffusersFolder.Save(output, network, trained.Doubts);
        else
            StateDict.Save(output, network, trained.Doubts);

        AnsiConsole.MarkupLineInterpolated($"{network.Info.Name} in [blue]{output}[/]");
    }
}
