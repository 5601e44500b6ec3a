using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using SkiaSharp;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>Drawing with a checkpoint, into a grid or a folder.</summary>
public sealed class SampleCommandTests(SampleCommandTests.Trained trained) : IClassFixture<SampleCommandTests.Trained>
{
    /// <summary>A folder with one step's checkpoint.</summary>
    public sealed class Trained : IDisposable
    {
        public Trained() => Program.Succeed(
            "train", "--steps", "1", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--device", "cpu", "--out", "run");

        public ExampleProgram Program { get; } = new();

        public void Dispose() => Program.Dispose();
    }

    private readonly ExampleProgram program = trained.Program;

    [LinuxFact]
    public void A_killed_stream_continues_to_the_same_files()
    {
        string[] Command(string folder) =>
            ["sample", "--checkpoint", "run", "--steps", "2", "--count", "60", "--batch-size", "2", "--device", "cpu", "--out", folder];
        program.Succeed(Command("whole"));
        Assert.Equal(61, Directory.GetFiles(program.File("whole")).Length);

        // A line of progress comes with every batch, before it is written; so many are left that the signal comes before the last.
        var lines = 0;
        var killed = program.Run(Command("cut"), (process, line) =>
        {
            if (line.Contains("drawing") && ++lines == 3)
                process.Kill();
        });
        Assert.NotEqual(0, killed.ExitCode);
        var left = Directory.GetFiles(program.File("cut"), "0*.png").Length;
        Assert.InRange(left, 4, 59);

        Assert.Contains($"{60 - left} of them new", program.Succeed(Command("cut")));
        foreach (var file in Directory.GetFiles(program.File("whole")))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(program.File("cut"), Path.GetFileName(file))));

        Assert.Contains("0 of them new", program.Succeed(Command("cut")));
        Assert.Contains("seed is 0 there and 1 now", program.Fail(1, [.. Command("cut"), "--seed", "1"]));
    }

    [Theory]
    [InlineData("bfloat16")]
    [InlineData("float16")]
    public void A_network_draws_in_16_bits_and_its_folder_keeps_to_them(string precision)
    {
        string[] command = ["sample", "--checkpoint", "run", "--sampler", "euler", "--steps", "2", "--count", "2", "--device", "cpu"];
        program.Succeed([.. command, "--out", "plain.safetensors"]);
        program.Succeed([.. command, "--precision", precision, "--out", "half.safetensors"]);
        var (plain, half) = (Latents("plain"), Latents("half"));
        Assert.NotEqual(plain, half);
        Assert.True(plain.Zip(half).Average(pair => Math.Abs(pair.First - pair.Second)) < 0.05);

        program.Succeed([.. command, "--precision", precision, "--out", precision]);
        Assert.Contains($"\"precision\": \"{precision}\"", File.ReadAllText(program.File($"{precision}/samples.json")));
        Assert.Contains($"precision is \"{precision}\" there and null now", program.Fail(1, [.. command, "--out", precision]));
        program.Succeed([.. command, "--out", $"{precision}-not"]);
        Assert.DoesNotContain("precision", File.ReadAllText(program.File($"{precision}-not/samples.json")));

        float[] Latents(string name) => TensorFile.Read(program.File($"{name}.safetensors"), "latents").Values;
    }

    [Fact]
    public void A_grid_without_a_place_of_its_own_lies_beside_the_file_or_beside_the_checkpoint_that_the_file_is_of()
    {
        const string step = "run/checkpoints/step-00000001";
        Directory.CreateDirectory(program.File("alone"));
        File.Copy(program.File($"{step}/ema.safetensors"), program.File("alone/ema.safetensors"));
        foreach (var (file, grid) in new[] { ("alone/ema.safetensors", "alone"), ($"{step}/ema.safetensors", "run/checkpoints") })
        {
            program.Succeed("sample", "--checkpoint", file, "--steps", "2", "--count", "1");
            Assert.True(File.Exists(program.File($"{grid}/samples-ddim-0.png")));
        }
    }

    [Fact]
    public void A_class_for_none_that_was_never_learnt_is_told_and_not_guided_away_from()
    {
        foreach (var label in Enumerable.Range(0, 10))
        {
            Directory.CreateDirectory(program.File($"ten/{label}"));
            SaveGrey(program.File($"ten/{label}/a.png"), (byte)(20 * label));
        }
        string[] train =
        [
            "train", "--spec", "mnist", "--data", "ten", "--steps", "1", "--batch-size", "2", "--count", "1", "--sample-steps", "1",
            "--sample-every", "none", "--label-dropout", "0",
        ];
        Assert.Contains("guidance 4 needs a training in which labels are dropped", program.Fail(1, [.. train, "--guidance", "4"]));
        Assert.Contains(
            "warning: `label_dropout` is 0: class 10 of MnistUNet, which stands for none, is never learnt",
            program.Succeed([.. train, "--out", "undropped"]));

        const string told = "class 10 of MnistUNet, which stands for none, was never learnt: its training dropped no labels";
        string[] command = ["sample", "--checkpoint", "undropped", "--steps", "2"];
        Assert.DoesNotContain(told, program.Succeed([.. command, "--count", "1"]));
        Assert.Contains(told, program.Fail(1, [.. command, "--guidance", "3", "--count", "1"]));
        program.Succeed([.. command, "--guidance", "3", "--class", "2", "--negative-class", "3", "--count", "1"]);
        Assert.Contains(told, program.Succeed([.. command, "--class", "10", "--count", "1"]));
        Assert.Contains(
            told, program.Succeed([.. command, "--guidance", "3", "--class", "2", "--negative-class", "10", "--count", "1"]));
        Assert.Contains(told, program.Fail(2, [.. command, "--between", "ten/1/a.png", "ten/2/a.png"]));
        // What is exported doesn't offer it.
        string[] export = ["export", "--checkpoint", "undropped", "--with-sampler", "ddim", "--steps", "2", "--format"];
        var file = program.Succeed([.. export, "onnx", "--out", "undropped.onnx"]);
        Assert.Contains($"warning: {told} (label_dropout is 0). The file guides to no class.", file);
        Assert.Contains("a class each, 0 to 9", file);
        Assert.DoesNotContain("guidance ", file);
        program.Succeed([.. export, "web", "--out", "page"]);
        var page = JsonNode.Parse(File.ReadAllText(program.File("page/draw.json")))!["drawing"]!;
        Assert.False((bool)page["guidance"]!);
        Assert.Equal(10, (int)page["numClasses"]!);
    }

    [Fact]
    public void Each_class_of_the_data_is_drawn_also_where_none_stands_for_none_and_then_nothing_guides()
    {
        foreach (var label in Enumerable.Range(0, 11))
        {
            Directory.CreateDirectory(program.File($"eleven/{label:D2}"));
            SaveGrey(program.File($"eleven/{label:D2}/a.png"), (byte)(20 * label));
        }
        program.Succeed(
            "train", "--spec", "mnist", "--data", "eleven", "--steps", "1", "--batch-size", "2", "--count", "1", "--sample-steps", "1",
            "--sample-every", "none", "--out", "k");
        string[] command = ["sample", "--checkpoint", "k", "--steps", "1", "--count", "1"];

        Assert.DoesNotContain("stands for none", program.Succeed([.. command, "--out", "every"]));
        Assert.Equal([.. Enumerable.Range(0, 11)], LabelsOf("every"));
        Assert.Contains(
            "--guidance 3 needs a class that stands for none, but MnistUNet has 11 classes, as many as the data",
            program.Fail(1, [.. command, "--guidance", "3"]));

        program.Succeed([.. command, "--class", "0,10,2", "--out", "three"]);
        Assert.Equal([0, 10, 2], LabelsOf("three"));

        program.Succeed("export", "--checkpoint", "k", "--format", "safetensors", "--out", "alone.safetensors");
        command[2] = "alone.safetensors";
        Assert.Contains("whether the last of their classes, 10, stands for none", program.Succeed([.. command, "--out", "alone"]));
        Assert.Equal([.. Enumerable.Range(0, 10)], LabelsOf("alone"));
        Assert.DoesNotContain("stands for none", program.Succeed([.. command, "--labels", "10", "--out", "last"]));

        string[] guided = [.. command, "--guidance", "2", "--out", "guided"];
        program.Succeed([.. guided, "--guidance-rescale", "0.7"]);
        Assert.Contains("\"guidance_rescale\": 0.7", File.ReadAllText(program.File("guided/samples.json")));
        Assert.Contains("guidance_rescale is 0.7 there and 0 now", program.Fail(1, guided));
    }

    [LinuxFact]
    public void A_grid_takes_the_place_of_another_grid_but_of_no_picture_link_or_pipe()
    {
        string[] command = ["sample", "--checkpoint", "run", "--steps", "1", "--count", "2", "--out"];
        program.Succeed([.. command, "again.png"]);
        var first = File.ReadAllBytes(program.File("again.png"));
        program.Succeed([.. command, "again.png", "--seed", "1"]);
        Assert.NotEqual(first, File.ReadAllBytes(program.File("again.png")));

        SaveGrey(program.File("mine.png"), 100);
        File.CreateSymbolicLink(program.File("link.png"), "again.png");
        File.CreateSymbolicLink(program.File("dead.png"), "nowhere.png");
        using (var made = Process.Start("mkfifo", program.File("pipe.png")))
            made.WaitForExit();
        var mine = File.ReadAllBytes(program.File("mine.png"));
        // Plots and strips of earlier versions bear the mark of grids.
        Directory.CreateDirectory(program.File("old"));
        File.WriteAllText(program.File("old/run.yaml"), "");
        foreach (var name in (string[])["loss.png", "noise-to-picture.png"])
            File.Copy(program.File("again.png"), program.File($"old/{name}"));
        foreach (
            var taken in (string[])[
                "mine.png", "link.png", "dead.png", "pipe.png", "run/loss.png", "run/noise-to-picture.png", "old/loss.png",
                "old/noise-to-picture.png"])
            Assert.Equal(
                $"error: {taken} is there already, and is no grid that UNetGen has drawn; name another.\n",
                program.Fail(1, [.. command, taken]));
        Assert.Equal(mine, File.ReadAllBytes(program.File("mine.png")));
        Assert.Empty(Directory.GetFiles(program.Folder, ".*.lock"));
    }

    [Fact]
    public void More_pictures_than_a_grid_holds_are_refused_before_the_first_is_drawn()
    {
        const string limit = "--count 130000 is too many for a grid: one picture file holds at most 115,940 pictures of ShapesUNet, "
            + "which are 16 x 16. ";
        Assert.Equal(
            $"error: {limit}Name a folder, --out FOLDER, for a file each; or draw fewer.\n",
            program.Fail(1, "sample", "--checkpoint", "run", "--count", "130000", "--out", "big.png"));
        Assert.Contains(limit, program.Fail(1, "train", "--steps", "1", "--count", "130000", "--sample-steps", "1", "--out", "big"));
        Assert.False(Path.Exists(program.File("big")));
    }

    [Fact]
    public void Every_sampler_draws()
    {
        foreach (var (sampler, steps) in new[] { ("ddim", 2), ("dpm++", 3), ("heun", 2) })
        {
            program.Succeed(
                "sample", "--checkpoint", "run", "--sampler", sampler, "--steps", $"{steps}", "--spacing", "trailing", "--count", "2",
                "--out", "grid.png");
            Assert.True(File.Exists(program.File("grid.png")));
            File.Delete(program.File("grid.png"));
        }
    }

    [Fact]
    public void What_the_network_or_the_sampler_cannot_is_told()
    {
        Assert.Contains("takes no labels", program.Fail(1, "sample", "--checkpoint", "run", "--labels", "1,2"));
        Assert.Contains("can't be guided", program.Fail(1, "sample", "--checkpoint", "run", "--guidance", "2"));
        Assert.Contains(
            "can't take 5,000 steps: the network's diffusion has", program.Fail(1, "sample", "--checkpoint", "run", "--steps", "5000"));
        Assert.Contains(
            "--guidance-rescale belongs to --guidance", program.Fail(2, "sample", "--checkpoint", "x", "--guidance-rescale", "0.7"));
        Assert.Contains(
            "must be a number from 0 to 1",
            program.Fail(2, "sample", "--checkpoint", "x", "--guidance", "2", "--guidance-rescale", "1.5"));
        Assert.Contains("--class must be classes", program.Fail(2, "sample", "--checkpoint", "x", "--class", "1,two"));
        Assert.Contains(
            "expects a single argument but 2 were provided",
            program.Fail(2, "sample", "--checkpoint", "x", "--class", "1", "--labels", "2"));
        Assert.Contains("--eta belongs to ddim", program.Fail(2, "sample", "--checkpoint", "x", "--sampler", "heun", "--eta", "1"));
        Assert.Contains("--spacing belong", program.Fail(2, "sample", "--checkpoint", "x", "--sampler", "ddpm", "--spacing", "even"));
    }

    private int[] LabelsOf(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(program.File($"{folder}/samples.json")));
        return [.. json.RootElement.GetProperty("labels").EnumerateArray().Select(label => label.GetInt32())];
    }

    private static void SaveGrey(string path, byte shade)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(28, 28, SKColorType.Gray8));
        bitmap.Erase(new SKColor(shade, shade, shade));
        using var file = File.Create(path);
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
