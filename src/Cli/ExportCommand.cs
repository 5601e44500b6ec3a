using System.CommandLine;
using Spectre.Console;
using UNetGen.Interop;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Cli;

/// <summary>Writes trained weights for other programs.</summary>
internal sealed class ExportCommand
{
    private const string Diffusers = "diffusers";
    private const string Safetensors = "safetensors";
    private const string Onnx = "onnx";
    private const string Web = "web";
    private const string FileEnding = ".safetensors";

    // Those that hold what the network computes.
    private static readonly string[] OfOnnx = [Onnx, Web];

    private readonly Option<string?> format = CommonOptions.Choice(
        "--format",
        "diffusers (a folder that diffusers loads; presets ddpm and conditional), safetensors (one file of tensors under their own keys; all presets), "
            + "onnx (one file that ONNX Runtime computes or draws with, in any language and without libtorch; all presets) or web (a folder "
            + "with such a file and a page that draws with it in the browser).",
        [Diffusers, Safetensors, Onnx, Web],
        standard: Diffusers);

    private readonly Option<string> checkpoint = new("--checkpoint")
    {
        Description = "A run or a checkpoint folder, for its averaged weights, or a .safetensors file in it.",
        Required = true,
        HelpName = "PATH",
    };

    private readonly Option<string> output = new("--out")
    {
        Description = "The folder or file to write; it mustn't exist, or be an empty folder.",
        Required = true,
        HelpName = "PATH",
    };

    private readonly Option<bool> half = new("--half")
    {
        Description =
            "Half the file: weights in float16, and what multiplies with them; norms and sums stay in float32. For --format onnx and web.",
    };

    private readonly SamplerOptions sampler = SamplerOptions.OfFile();

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { format, checkpoint, output, half })
            command.Add(option);
        sampler.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult parsed)
    {
        var (kind, path, target) = (parsed.GetValue(format)!, parsed.GetRequiredValue(checkpoint), parsed.GetRequiredValue(output));
        if (!OfOnnx.Contains(kind) && sampler.All.Prepend(half).FirstOrDefault(parsed.IsGiven) is { } other)
            throw new UsageException($"{other.Name} belongs to --format {string.Join(" or ", OfOnnx)}, and the format is {kind}.");
        sampler.Check(parsed);
        if (kind is Diffusers or Web && NewFile.IsCalledAsOne(target) && !Directory.Exists(target))
        {
            var format = Path.GetExtension(target).ToLowerInvariant()[1..];
            throw new UsageException(
                $"--format {kind} writes a folder, and {target} names a file: "
                    + $"{(format is Safetensors or Onnx ? $"add --format {format}, or " : "")}name a folder.");
        }
        if (kind == Web)
            OnnxFormat.WritePage(path, target, parsed.GetValue(half), diffusion => sampler.MakeForFile(parsed, diffusion));
        else if (kind == Onnx)
            OnnxFormat.Write(path, target, parsed.GetValue(half), diffusion => sampler.MakeForFile(parsed, diffusion));
        else
            WriteWeights(kind, path, target);
    }

    private static void WriteWeights(string kind, string path, string target)
    {
        using var claim = kind == Diffusers ? NewFile.ClaimFolder(target) : NewFile.Claim(target, FileEnding);
        var (trained, network) = TrainedWeights.Load(path, Warnings.Show);
        using var loaded = network;
        target = claim.Path;
        if (kind != Diffusers)
            StateDict.Save(target, network, trained.Doubts, trained.TrainedHooks);
        else
        {
            // Such a folder has no other word on code that the class here hasn't.
            DiffusersFolder.Save(target, network, trained.DoubtOf(network) is { } doubt ? [.. trained.Doubts, doubt] : trained.Doubts);
            if (DiffusersFolder.DoubtOf(network) is { } left)
                Warnings.Show(left);
        }

        AnsiConsole.MarkupLineInterpolated($"{network.Info.Name} in [blue]{target}[/]");
    }
}
