namespace UNetGen.Examples.Tests;

/// <summary>Flow matching and EDM from the spec to pictures, by the program.</summary>
public sealed class DiffusionTypeTests : IDisposable
{
    private const string Tiny = "preset: lucidrains\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\n";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Theory]
    [InlineData("flow", "the flow's velocity", "euler", "even")]
    [InlineData("edm", "EDM's F", "heun", "log-snr")]
    public void A_spec_of_the_type_is_checked_explained_trained_and_drawn_with(string type, string predicts, string sampler, string spacing)
    {
        File.WriteAllText(program.File("tiny.unet.yaml"), $"{Tiny}diffusion: {{ type: {type} }}\n");
        program.Succeed("check", "tiny.unet.yaml");
        Assert.Contains(predicts, program.Succeed("explain", "tiny.unet.yaml"));

        program.Succeed("train", "--spec", "tiny.unet.yaml", "--steps", "3", "--batch-size", "2", "--count", "2", "--out", "run");
        program.Succeed("train", "--resume", "run", "--steps", "4");
        program.Succeed("report", "run");
        Assert.Contains($"type: {type}", File.ReadAllText(program.File("run/report.html")));

        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "2");
        Assert.True(File.Exists(program.File($"run/samples-{sampler}-0.png")));
        program.Succeed("sample", "--checkpoint", "run", "--sampler", "dpm++", "--spacing", spacing, "--steps", "2", "--count", "2",
            "--out", "pictures");
        Assert.Contains("\"clip\": false", File.ReadAllText(program.File("pictures/samples.json")));

        Assert.Contains("The ancestral sampler is a DDPM's", program.Fail(1, "sample", "--checkpoint", "run", "--sampler", "ddpm"));
        Assert.Contains("Use the spacing", program.Fail(1, "sample", "--checkpoint", "run", "--spacing", "trailing"));
    }
}
