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
    [InlineData(
        "type: flow, timestep_sampling: mode, mode_scale: 0.5, weighting_scheme: cosmap",
        "times mode, mode_scale 0.5, shift 1, weighting_scheme cosmap")]
    [InlineData(
        "type: flow, logit_mean: -0.5, logit_std: 0.25, shift: 3", "times logit_normal, logit_mean -0.5, logit_std 0.25, shift 3")]
    [InlineData("type: edm, p_mean: 0.4, p_std: 1", "sigma_data 0.5, p_mean 0.4, p_std 1")]
    [InlineData("loss_weight: min_snr, min_snr_gamma: 3", "predicts noise, linear, 1000 timesteps, loss_weight min_snr, min_snr_gamma 3")]
    [InlineData(
        "objective: v, schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012, schedule_rescale: zero_terminal_snr",
        "predicts v, scaled_linear, beta_start 0.00085, beta_end 0.012, schedule_rescale zero_terminal_snr, 1000 timesteps, "
            + "loss_weight plain")]
    public void The_report_says_what_changes_the_training_and_is_not_the_default(string diffusion, string details)
    {
        File.WriteAllText(program.File("tiny.unet.yaml"), $"{Tiny}diffusion: {{ {diffusion} }}\n");
        program.Succeed(
            "train", "--spec", "tiny.unet.yaml", "--steps", "1", "--batch-size", "2", "--count", "1", "--sample-steps", "1",
            "--sample-every", "none", "--out", "run");
        program.Succeed("report", "run");
        Assert.Contains($"<small>{details}</small>", File.ReadAllText(program.File("run/report.html")));
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

        program.Succeed("train", "--spec", "tiny.unet.yaml", "--steps", "3", "--batch-size", "2", "--count", "2", "--sample-steps", "1",
            "--out", "run");
        program.Succeed("train", "--resume", "run", "--steps", "4");
        program.Succeed("report", "run");
        Assert.Contains($"<dt>Diffusion</dt><dd>{type}<small>{details}</small>", File.ReadAllText(program.File("run/report.html")));
        var events = Directory.GetFiles(program.File("run"), "events.out.tfevents.*").Min()!;
        Assert.Contains($"{type}: {details}", File.ReadAllText(events, Encoding.Latin1));

        foreach (var ofDdim in (string[][])[["--eta", "0"], ["--rederive-noise", "false"]])
        {
            string[] command = ["sample", "--checkpoint", "run", "--steps", "2", "--count", "2", .. ofDdim];
            Assert.Contains(
                $"{ofDdim[0]} belongs to ddim, and where --sampler isn't given that of TinyUNet, a{(type == "flow" ? " flow" : "n EDM")}, is "
                    + $"{sampler}: add --sampler ddim.",
                program.Fail(2, command));
            program.Succeed([.. command, "--sampler", "ddim", "--out", $"ddim{ofDdim[0]}.png"]);
        }
        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "2");
        Assert.True(File.Exists(program.File($"run/samples-{sampler}-0.png")));
        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--seeds", $"{long.MinValue},{long.MaxValue}", "--out",
            "table.png");
        Assert.Contains(
            $"--seeds must be whole numbers from {long.MinValue} to {long.MaxValue}, with commas between them, not '1,x'.",
            program.Fail(2, "sample", "--checkpoint", "run", "--seeds", "1,x"));
        Assert.Contains(
            "error: --class must be classes from 0, with commas between them, not '-1'.",
            program.Fail(2, "sample", "--checkpoint", "run", "--class", "-1"));
        program.Succeed("sample", "--checkpoint", "run", "--sampler", "dpm++", "--spacing", spacing, "--steps", "2", "--count", "2",
            "--out", "pictures");
        var info = File.ReadAllText(program.File("pictures/samples.json"));
        Assert.Contains("\"clip\": false", info);
        Assert.Contains($"2 steps, spacing {spacing}\"", info);

        Assert.Contains(
            $"--sampler ddpm takes each timestep of a DDPM, and TinyUNet is {(type == "flow" ? "a flow" : "an EDM")}, which has none. Use "
                + "ddim, euler, dpm++ or heun, or leave --sampler out.",
            program.Fail(1, "sample", "--checkpoint", "run", "--sampler", "ddpm"));
        Assert.Contains("Use the spacing", program.Fail(1, "sample", "--checkpoint", "run", "--spacing", "trailing"));
    }
}
