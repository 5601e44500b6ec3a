using System.CommandLine;
using UNetGen.Evaluation;

namespace UNetGen.Cli;

/// <summary>Which feature network: the options of the command line that choose one.</summary>
internal sealed class FeatureOptions
{
    private static readonly string[] Inputs = [.. Enum.GetNames<FeatureInput>().Select(name => name.ToLowerInvariant())];

    private readonly Option<string> file = new("--features")
    {
        Description =
            "What sees the pictures: a TorchScript file, such as the usual Inception export, or a .safetensors that `classifier` has "
                + "written.",
        Required = true,
        HelpName = "FILE.pt|FILE.safetensors",
    };

    private readonly Option<string?> input = CommonOptions.Choice(
        "--feature-input",
        "What a TorchScript file takes: bytes (uint8, 0 to 255), unit (0 to 1) or signed (-1 to 1).",
        Inputs,
        standard: nameof(FeatureInput.Bytes).ToLowerInvariant());

    public void AddTo(Command command)
    {
        command.Add(file);
        command.Add(input);
    }

    /// <exception cref="UsageException">What a TorchScript file takes is given for another.</exception>
    public void Check(ParseResult parsed)
    {
        if (IsClassifier(parsed) && parsed.IsGiven(input))
            throw new UsageException(
                "--feature-input belongs to a TorchScript file: a classifier's .safetensors takes what it was trained on.");
    }

    public FeatureNetwork Open(ParseResult parsed, TorchSharp.torch.Device device)
    {
        var path = parsed.GetRequiredValue(file);
        return IsClassifier(parsed)
            ? SmallClassifier.Load(path)
            : TorchScriptFeatures.Load(path, Enum.Parse<FeatureInput>(parsed.GetRequiredValue(input)!, ignoreCase: true), device);
    }

    private bool IsClassifier(ParseResult parsed) =>
        parsed.GetRequiredValue(file).EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
}
