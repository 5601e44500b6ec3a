using System.CommandLine;
using UNetGen.Evaluation;

namespace UNetGen.Examples;

/// <summary>Which feature network: the options of the command line that choose one.</summary>
internal sealed class FeatureOptions
{
    private static readonly string[] Inputs = [.. Enum.GetNames<FeatureInput>().Select(name => name.ToLowerInvariant())];

    private readonly Option<string> file = new("--features")
    {
        Description = "What sees the pictures: a TorchScript file, such as the usual Inception export, or a .safetensors that `classifier` has written.",
        Required = true,
        HelpName = "FILE.pt|FILE.safetensors",
    };

    private readonly Option<string> input = new Option<string>("--feature-input")
    {
        Description = "What a TorchScript file takes: bytes (uint8, 0 to 255), unit (0 to 1) or signed (-1 to 1).",
        DefaultValueFactory = _ => nameof(FeatureInput.Bytes).ToLowerInvariant(),
    }.AcceptOnlyFromAmong(Inputs);

    public void AddTo(Command command)
    {
        command.Add(file);
        command.Add(input);
    }

    public FeatureNetwork Open(ParseResult parsed, TorchSharp.torch.Device device)
    {
        var path = parsed.GetRequiredValue(file);
        return path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
            ? SmallClassifier.Load(path)
            : TorchScriptFeatures.Load(path, Enum.Parse<FeatureInput>(parsed.GetRequiredValue(input), ignoreCase: true), device);
    }
}
