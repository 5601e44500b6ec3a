using System.Text;

namespace UNetGen.Examples.Tests;

/// <summary>Flow matching and EDM from the spec to pictures, by the program.</summary>
public sealed class DiffusionTypeTests : IDisposable
{
    private const string Tiny = "preset: lucidrains\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\n";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void The_flow_of_the_page_is_the_network_of_the_digits()
    {
        var page = File.ReadAllText(Path.Combine(ExampleProgram.Root, "docs", "objectives.md")).ReplaceLineEndings("\n");
        var begin = page.IndexOf("extends: ", StringComparison.Ordinal);
        File.WriteAllText(program.File("flow.unet.yaml"), page[begin..page.IndexOf("```", begin, StringComparison.Ordinal)]);
        Directory.CreateDirectory(program.File("specs"));
        File.Copy(Path.Combine(ExampleProgram.Root, "specs", "mnist.unet.yaml"), program.File("specs/mnist.unet.yaml"));

        Assert.Contains("predicts the flow's velocity", program.Succeed("explain", "flow.unet.yaml"));
        Assert.Contains("diffusion.type", program.Run("diff", "specs/mnist.unet.yaml", "flow.unet.yaml").Output);
    }

    [Theory]
    [InlineData("flow", "the flow's velocity", "times logit_normal, shift 1", "euler", "linspace")]
    [InlineData("edm", "EDM's F", "sigma_data 0.5", "heun", "log-snr")]
    public void A_spec_of_the_type_is_checked_explained_trained_and_drawn_with(
        string type, string predicts, string details, string sampler, string spacing)
    {
        File.WriteAllText(program.File("tiny.unet.yaml"), $"{Tiny}diffusion: {{ type: {type} }}\n");
        program.Succeed("check", "tiny.unet.yaml");
        Assert.Contains(predicts, program.Succeed("explain", "tiny.unet.yaml"));

        program.Succeed("train", "--spec", "tiny.unet.yaml", "--steps", "3", "--batch-size", "2", "--count", "2", "--out", "run");
        program.Succeed("train", "--resume", "run", "--steps", "4");
        program.Succeed("report", "run");
        Assert.Contains($"<dt>Diffusion</dt><dd>{type}<small>{details}</small>", File.ReadAllText(program.File("run/report.html")));
        var events = Directory.GetFiles(program.File("run"), "events.out.tfevents.*").Min()!;
        Assert.Contains($"{type}: {details}", File.ReadAllText(events, Encoding.Latin1));

        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "2");
        Assert.True(File.Exists(program.File($"run/samples-{sampler}-0.png")));
        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--seeds", $"{long.MinValue},{long.MaxValue}", "--out", "table.png");
        Assert.Contains(
            $"--seeds must be whole numbers from {long.MinValue} to {long.MaxValue}, with commas between them, not '1,x'.",
            program.Fail(2, "sample", "--checkpoint", "run", "--seeds", "1,x"));
        program.Succeed("sample", "--checkpoint", "run", "--sampler", "dpm++", "--spacing", spacing, "--steps", "2", "--count", "2",
            "--out", "pictures");
        var info = File.ReadAllText(program.File("pictures/samples.json"));
        Assert.Contains("\"clip\": false", info);
        Assert.Contains($"2 steps, spacing {spacing}\"", info);

        Assert.Contains("The ancestral sampler is a DDPM's", program.Fail(1, "sample", "--checkpoint", "run", "--sampler", "ddpm"));
        Assert.Contains("Use the spacing", program.Fail(1, "sample", "--checkpoint", "run", "--spacing", "trailing"));
    }
}
