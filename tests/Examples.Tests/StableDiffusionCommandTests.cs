using System.Text.RegularExpressions;

namespace UNetGen.Examples.Tests;

/// <summary>
/// docs/stable-diffusion.md's commands, in their order, with a small network of random weights in the place of Stable Diffusion's, and
/// fewer steps.
/// </summary>
public sealed partial class StableDiffusionCommandTests : IDisposable
{
    private const string Begin = "dotnet run -c Release --project src/Examples -- ";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void The_page_s_commands_tune_the_network_and_draw_with_it()
    {
        File.WriteAllText(program.File("published.unet.yaml"), ContextCommandTests.Small);
        ContextCommandTests.WriteLatents(program.File("latents"), tokens: 77, width: 6);
        TensorFile.Write(program.File("text.safetensors"), ("context", [1, 77, 6], TensorFile.Normal(8, 77 * 6)));
        program.Succeed(
            "train", "--spec", "published.unet.yaml", "--data", "latents", "--steps", "1", "--count", "1", "--sample-steps", "1", "--out",
            "published");
        program.Succeed("export", "--checkpoint", "published", "--format", "diffusers", "--out", "stable-diffusion-v1-5");

        string[] commands = [.. Commands()];
        Assert.Equal(["import", "train", "train", "sample"], commands.Select(command => command.Split(' ')[0]));
        foreach (var command in commands)
            program.Succeed(Shortened(command).Split(' '));

        Assert.Contains("clip_sample: false", File.ReadAllText(program.File("stable-diffusion.unet.yaml")));
        Assert.Contains("init_from: ", File.ReadAllText(program.File("runs/tuned/run.yaml")));
        Assert.True(Directory.Exists(program.File("runs/tuned/checkpoints/step-00000003")));
        Assert.Equal([4L, 4, 8, 8], TensorFile.Read(program.File("drawn.safetensors"), "latents").Shape);
    }

    private static string Shortened(string command) => command.Replace("--steps 2000", "--steps 2").Replace("--steps 3000", "--steps 3")
        .Replace("--steps 25", "--steps 3").Replace("--out runs/tuned", "--count 2 --out runs/tuned");

    private static IEnumerable<string> Commands() =>
        Block().Matches(File.ReadAllText(Path.Combine(ExampleProgram.Root, "docs/stable-diffusion.md")).ReplaceLineEndings("\n"))
            .SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => line.StartsWith(Begin, StringComparison.Ordinal) ? line[Begin.Length..] : throw new FormatException(line));

    [GeneratedRegex(@"^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
