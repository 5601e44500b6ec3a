using System.Text.Json.Nodes;
using SkiaSharp;

namespace UNetGen.Examples.Tests;

/// <summary>From real data to pictures, through the program.</summary>
public sealed class EndToEndTests : IDisposable
{
    private static readonly string Digits = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void Broken_pictures_are_listed_with_reasons_whatever_the_end_is()
    {
        Directory.CreateDirectory(program.File("photos"));
        using (var picture = new SKBitmap(16, 16))
        {
            foreach (var name in (string[])["a.png", "b.png"])
            {
                using var file = File.Create(program.File($"photos/{name}"));
                picture.Encode(file, SKEncodedImageFormat.Png, 100);
            }
        }
        File.WriteAllText(program.File("photos/c.png"), "");
        File.WriteAllText(program.File("photos/d.jpg"), "a letter");
        string[] lines = [
            "c.png: is empty",
            "d.jpg: is no picture: its content is none of .png, .jpg, .jpeg, .jpe, .jfif, .jif, .webp, .bmp, .dib and .gif"];
        string[] command = ["train", "--data", "photos", "--batch-size", "4", "--count", "1", "--sample-steps", "1", "--device", "cpu"];

        var whole = program.Succeed([.. command, "--steps", "4", "--out", "whole"]).ReplaceLineEndings(" ");
        Assert.Contains("2 picture files were left out; the first, c.png, is empty.", whole);
        Assert.Contains("broken-files.txt", whole);
        Assert.Equal(lines, File.ReadAllLines(program.File("whole/broken-files.txt")));

        // Weights that are ruined at once: the run ends with an error.
        program.Fail(
            1,
            [
                .. command, "--steps", "40", "--warmup-steps", "0", "--learning-rate", "0.99", "--beta2", "0", "--gradient-clip", "none",
                "--explosion-factor", "1.0001", "--max-skips", "0", "--out", "failed"]);
        Assert.Equal(lines, File.ReadAllLines(program.File("failed/broken-files.txt")));
    }

    [Fact]
    public void Training_on_MNIST_lowers_the_loss_and_leaves_pictures_and_a_checkpoint_that_draws()
    {
        using var program = new ExampleProgram { IsFresh = true };
        var output = program.Succeed(
            "train", "--data", Digits, "--steps", "40", "--batch-size", "8", "--count", "4", "--sample-every", "20", "--device", "cpu",
            "--out", "run");
        Assert.Contains("MnistUNet", output);
        Assert.Contains("40 steps", output);

        var losses = File.ReadLines(program.File("run/log.jsonl")).Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())
            .ToArray();
        Assert.Equal(40, losses.Length);
        Assert.True(losses[^10..].Average() < 0.6 * losses[..10].Average(), $"{losses[..10].Average()} to {losses[^10..].Average()}");

        // 2 x 2 digits of 28, magnified to at least 64, with gaps of 4.
        Assert.Equal((4 + 2 * (84 + 4), 4 + 2 * (84 + 4)), SizeOf(program.File("run/samples.png")));
        Assert.Equal((4 + 9 * (84 + 4), 4 + 4 * (84 + 4)), SizeOf(program.File("run/noise-to-picture.png")));
        Assert.Equal((900, 500), SizeOf(program.File("run/loss.png")));

        // On the way the network knows less: another grid, of as many digits. The last one is the end's.
        Assert.Equal(
            ["step-00000020.png", "step-00000040.png"],
            Directory.GetFiles(program.File("run/samples")).Select(Path.GetFileName).Order());
        Assert.Equal(SizeOf(program.File("run/samples.png")), SizeOf(program.File("run/samples/step-00000020.png")));

        program.Succeed("sample", "--checkpoint", "run/checkpoints", "--steps", "4", "--count", "3", "--seed", "5", "--out", "a.png");
        program.Succeed(
            "sample", "--checkpoint", "run/checkpoints/step-00000040/ema.safetensors", "--steps", "4", "--count", "3", "--seed", "5",
            "--out", "b.png");
        program.Succeed("sample", "--checkpoint", "run/checkpoints", "--steps", "4", "--count", "3", "--seed", "6", "--out", "c.png");
        Assert.Equal(File.ReadAllBytes(program.File("a.png")), File.ReadAllBytes(program.File("b.png")));
        Assert.NotEqual(File.ReadAllBytes(program.File("a.png")), File.ReadAllBytes(program.File("c.png")));
    }

    [Fact]
    public void Grids_are_drawn_in_the_steps_that_are_asked_for_with_a_limit_in_time_too_and_never_in_more_than_there_are_timesteps()
    {
        string[] command = ["train", "--time", "0.1", "--batch-size", "2", "--count", "1", "--sample-every", "none", "--out", "run"];
        Assert.DoesNotContain("as suits the time", program.Succeed([.. command, "--sample-steps", "2"]));
        // Noise, what is between, and the picture: magnified to at least 64, with gaps of 4.
        Assert.Equal((4 + 3 * (64 + 4), 4 + 64 + 4), SizeOf(program.File("run/noise-to-picture.png")));
        Assert.Contains("sample_steps: 2\n", File.ReadAllText(program.File("run/run.yaml")));

        Assert.Equal(
            "error: sample_steps 1001 is more than the 1,000 timesteps of ShapesUNet. Give fewer.\n",
            program.Fail(1, "train", "--steps", "1", "--sample-steps", "1001", "--out", "more"));
    }

    [Fact]
    public void Without_a_folder_a_run_goes_under_runs_and_a_checkpoint_s_samples_beside_it()
    {
        program.Succeed("--steps", "2", "--count", "1");
        var run = Assert.Single(Directory.GetDirectories(program.File("runs")));
        Assert.StartsWith("ShapesUNet-", Path.GetFileName(run));
        program.Succeed("sample", "--checkpoint", Path.Combine(run, "checkpoints"), "--steps", "2", "--count", "1");
        Assert.True(File.Exists(Path.Combine(run, "samples-ddim-0.png")));
    }

    [Fact]
    public void Inspect_shows_the_levels_and_lists_the_networks()
    {
        var table = program.Succeed("inspect", "shapes");
        Assert.Contains("ShapesUNet", table);
        Assert.Contains("16 x 16", table);
        Assert.Contains("total", table);
        var list = program.Succeed("inspect");
        Assert.Contains("ShapesUNet", list);
        Assert.Contains("MnistUNet", list);
    }

    private static (int Width, int Height) SizeOf(string picture)
    {
        using var bitmap = SKBitmap.Decode(picture);
        return (bitmap.Width, bitmap.Height);
    }
}
