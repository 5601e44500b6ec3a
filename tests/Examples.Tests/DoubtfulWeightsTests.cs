using System.Net;

namespace UNetGen.Examples.Tests;

/// <summary>Weights that pictures shouldn't be drawn with are told by the run that makes them and by those who draw with them.</summary>
public sealed class DoubtfulWeightsTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Theory]
    [InlineData(0, "the weights that the training began with")]
    [InlineData(1, "the weights of step 1")]
    public void An_average_that_would_never_move_is_refused_before_the_first_step(int startAfter, string weights)
    {
        var error = program.Fail(
            1, "train", "--steps", "30", "--ema-update-every", "100", "--ema-start-after", $"{startAfter}", "--out", "run");

        Assert.Contains(
            $"the average with `ema_decay` 0.99 would be {weights} to the end, since `ema_update_every` is 100 and "
                + "`steps` 30",
            error);
        Assert.False(Directory.Exists(program.File("run")));
    }

    [Theory]
    [InlineData(0, "the weights that the training began with")]
    [InlineData(1, "the weights of step 1")]
    public void An_average_that_hardly_moves_is_told_at_the_start_and_by_all_who_use_it(int startAfter, string weights)
    {
        var doubt = $"warning: 100 % of the average with `ema_decay` 0.9999 are {weights} after 4 steps";

        Assert.Contains(
            doubt,
            program.Succeed(
                "train", "--steps", "4", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--ema-decay", "0.9999",
                "--ema-power", "none", "--ema-start-after", $"{startAfter}", "--out", "run"));
        Assert.Contains(doubt, program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1"));
        Assert.Contains(doubt, program.Succeed("export", "--format", "safetensors", "--checkpoint", "run", "--out", "x.safetensors"));
        Assert.Contains(doubt, program.Succeed("export", "--format", "onnx", "--checkpoint", "run", "--out", "x.onnx"));
        File.Copy(program.File("run/checkpoints/step-00000004/ema.safetensors"), program.File("copy.safetensors"));
        foreach (var alone in (string[])["x.safetensors", "copy.safetensors"])
            Assert.Contains(doubt, program.Succeed("sample", "--checkpoint", alone, "--count", "1", "--steps", "1"));
        // The weights of the last step are no average.
        const string live = "run/checkpoints/step-00000004/weights.safetensors";
        File.Copy(program.File(live), program.File("copied-weights.safetensors"));
        foreach (var file in (string[])[live, "copied-weights.safetensors"])
        {
            Assert.DoesNotContain(
                "warning", program.Succeed("sample", "--checkpoint", file, "--count", "1", "--steps", "1", "--out", "live.png"));
        }
        Assert.Contains(doubt, program.Succeed("report", "run"));
        Assert.Contains(doubt["warning: ".Length..], WebUtility.HtmlDecode(File.ReadAllText(program.File("run/report.html"))));
    }

    [Fact]
    public void A_warm_up_that_hardly_begins_is_told_once_in_the_words_of_runs()
    {
        var output = program.Succeed(
            "train", "--steps", "2", "--warmup-steps", "1000000", "--batch-size", "2", "--count", "1", "--sample-steps", "1",
            "--sample-every", "none", "--out", "run");

        const string doubt =
            "warning: Of 2 steps none gets a tenth of the `learning_rate`, 0.002: it takes 1,000,000 to rise (`warmup_steps`).";
        Assert.Equal(2, output.Split(doubt).Length);
    }

    [Fact]
    public void A_newest_checkpoint_that_is_damaged_is_told_by_all_who_use_the_one_before()
    {
        program.Succeed("train", "--steps", "4", "--checkpoint-every", "2", "--batch-size", "2", "--count", "1", "--sample-steps", "1",
            "--out", "run");
        var weights = program.File("run/checkpoints/step-00000004/weights.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);

        foreach (var command in (string[][])[
            ["sample", "--checkpoint", "run", "--count", "1", "--steps", "1"],
            ["export", "--format", "safetensors", "--checkpoint", "run", "--out", "x.safetensors"], ["report", "run"]])
            Assert.Matches(
                @"warning: The checkpoint .*step-00000004 is damaged: weights\.safetensors has changed",
                program.Succeed(command));
    }

    [Fact]
    public void A_run_that_ends_while_steps_are_skipped_ends_with_1_and_sample_says_so()
    {
        var run = program.Run(
            "train", "--learning-rate", "0.99", "--gradient-clip", "none", "--explosion-factor", "none", "--warmup-steps", "0", "--decay",
            "constant",
            "--steps", "9", "--batch-size", "4", "--count", "1", "--sample-steps", "1", "--out", "run");

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("warning: [2-8] of 9 steps were skipped, the last [2-8] among them", run.Output);
        Assert.Contains("There is no good checkpoint", run.Output);
        Assert.Matches(
            "warning: [2-8] of 9 steps were skipped, the last [2-8] among them",
            program.Run("sample", "--checkpoint", "run", "--count", "1", "--steps", "1").Output);
    }

    [Fact]
    public void A_run_whose_steps_float16_could_not_hold_ends_with_1_and_sample_says_so()
    {
        // Times near the image, which weigh much: the gradient is beyond float16 at the first scale.
        File.WriteAllText(
            program.File("tiny.unet.yaml"),
            "preset: lucidrains\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\n"
                + "diffusion: { type: flow, logit_mean: -5, weighting_scheme: sigma_sqrt }\n");
        var run = program.Run(
            "train", "--spec", "tiny.unet.yaml", "--precision", "float16", "--steps", "1", "--batch-size", "2", "--count", "1",
            "--sample-steps", "1", "--sample-every", "none", "--out", "run");

        const string doubt = "warning: No weight has changed in 1 step: float16 couldn't hold the gradients, and the loss scale was lowered "
            + "each time. It needs more steps, or another `precision`: bfloat16 and float32 need no scale.";
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(doubt, run.Output);
        Assert.Matches("1 step in .* s, none of which counted\n", run.Output);
        Assert.DoesNotContain("NaN", run.Output);
        Assert.Contains(doubt, program.Succeed("report", "run"));
        Assert.DoesNotContain(">NaN<", File.ReadAllText(program.File("run/report.html")));
        Assert.Contains(doubt, program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1"));
    }

    [Fact]
    public void With_a_time_limit_the_pictures_of_the_end_take_as_few_steps_as_suit_it() =>
        Assert.Contains("drawing the samples in 10 steps, not 100, as suits the time: for more of them, sample --checkpoint run",
            program.Succeed("train", "--time", "0.5", "--device", "cpu", "--count", "200", "--out", "run"));
}
