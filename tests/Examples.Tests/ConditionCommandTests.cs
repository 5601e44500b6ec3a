using System.Text.Json.Nodes;
using SkiaSharp;

namespace UNetGen.Examples.Tests;

/// <summary>Networks that make images from others, by the command line, as docs/editing.md shows them.</summary>
public sealed class ConditionCommandTests : IDisposable
{
    private const int Side = 16;

    private readonly ExampleProgram program = new();

    public ConditionCommandTests()
    {
        foreach (var channels in (int[])[0, 1, 2, 3])
            File.WriteAllText(
                program.File($"from{channels}.unet.yaml"),
                $"preset: lucidrains\nimage_size: {Side}\nchannels: 1\ncondition_channels: {channels}\ndim: 8\n"
                    + "channel_multipliers: [1, 2]\nnorm: group\nattention: none\n");
        Save("small.png", 4, (x, y) => (byte)(x == y ? 255 : 0));
        Save("a.png", Side, (x, y) => (byte)(x > y ? 255 : 0));
        Save("mask.png", Side, (x, _) => (byte)(x < 8 ? 255 : 0));
    }

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_network_learns_to_enlarge_goes_on_and_draws_from_small_pictures()
    {
        Assert.Contains(
            "More: sample --checkpoint upscaler --condition PICTURE --seed 1, or",
            Train("from1", "upscaler", "--task", "upscale", "--sample-every", "1"));
        Assert.Contains("task: upscale", File.ReadAllText(program.File("upscaler/run.yaml")));
        Assert.True(File.Exists(program.File("upscaler/samples/step-00000001.png")));
        Assert.Contains("going on after step 2", program.Succeed("train", "--resume", "upscaler", "--steps", "3"));
        Assert.Contains("--task was upscale", program.Fail(1, "train", "--resume", "upscaler", "--task", "inpaint", "--steps", "4"));

        Assert.Contains(
            "3 pictures, behind the one that they are made from in", Sample("upscaler", "--condition", "small.png", "--count", "3"));
        Sample("upscaler", "--condition", "small.png", "--count", "2", "--out", "drawn");
        var hash = JsonNode.Parse(File.ReadAllText(program.File("drawn/samples.json")))!["condition_sha256"]!.GetValue<string>();
        Assert.Equal(64, hash.Length);
        Assert.Contains(
            "condition_sha256 is", program.Fail(1, Command("upscaler", "--condition", "a.png", "--count", "2", "--out", "drawn")));

        Assert.Contains(
            "From1UNet makes images from others (upscaling by 4): give it a small picture, --condition PICTURE.",
            program.Fail(1, Command("upscaler")));
        Assert.Contains(
            "--mask is for networks that have learnt to inpaint, and From1UNet has learnt from other data (upscaling by 4)",
            program.Fail(1, Command("upscaler", "--condition", "small.png", "--mask", "mask.png")));
    }

    [Fact]
    public void A_network_learns_to_paint_in_holes_and_draws_from_a_picture_and_its_mask()
    {
        Assert.Contains(
            "More: sample --checkpoint inpainter --condition PICTURE --mask PICTURE --seed 1, or",
            Train("from2", "inpainter", "--task", "inpaint", "--flips"));
        Sample("inpainter", "--condition", "a.png", "--mask", "mask.png", "--count", "2", "--out", "grid.png");
        using var grid = SKBitmap.Decode(program.File("grid.png"));
        // Before what is drawn stands the picture, half of it grey.
        Assert.InRange(grid.Pixels.Count(pixel => pixel.Red is 127 or 128), Side * Side / 2, int.MaxValue);
        Assert.Contains("has learnt to inpaint: --mask says where", program.Fail(1, Command("inpainter", "--condition", "a.png")));
    }

    [Fact]
    public void Conditions_that_use_hardly_anything_of_the_range_are_told_of_pairs_and_of_pictures_to_draw_from()
    {
        foreach (var name in (string[])["a", "b"])
        {
            Save($"sharp/{name}.png", Side, (x, y) => (byte)(x > y == (name == "a") ? 255 : 0));
            Save($"dark/{name}.png", Side, (x, _) => (byte)(x % 10));
        }
        const string narrow = "from -1 to -0.929412: less than an eighth of [-1, 1]";

        Assert.Contains(
            $"warning: The conditions of 2 images of 2 pictures in sharp and their partners in dark run {narrow}",
            Train("from3", "pairs", "--data", "sharp", "--condition", "dark"));
        Assert.Contains($"warning: 2 pictures (dark) run {narrow}", Sample("pairs", "--condition", "dark", "--count", "2"));
        // A hole is grey in the condition, whatever its picture is.
        Train("from2", "inpainter", "--task", "inpaint");
        Assert.Contains(
            $"warning: 1 picture (dark{Path.DirectorySeparatorChar}a.png) runs {narrow}",
            Sample("inpainter", "--condition", Path.Combine("dark", "a.png"), "--mask", "mask.png", "--count", "1"));
        Assert.DoesNotContain(
            "an eighth", Sample("inpainter", "--condition", "a.png", "--mask", "mask.png", "--count", "1"));
    }

    [Fact]
    public void A_network_learns_from_pairs_of_pictures_and_draws_from_a_folder_of_them()
    {
        foreach (var name in (string[])["a", "b"])
        {
            Save($"sharp/{name}.png", Side, (x, y) => (byte)(x > y == (name == "a") ? 255 : 0));
            Save($"blurred/{name}.png", Side, (_, y) => (byte)(16 * y));
        }
        Train("from3", "sharpener", "--data", "sharp", "--condition", "blurred");
        Assert.Contains(
            "2 pictures, below those that they are made from in", Sample("sharpener", "--condition", "blurred", "--count", "2"));
        Save("some/whole.png", Side, (_, y) => (byte)(16 * y));
        File.WriteAllBytes(program.File("some/cut.png"), File.ReadAllBytes(program.File("some/whole.png"))[..60]);
        Assert.Contains(
            $"error: {Path.Combine("some", "cut.png")} is cut off. Put one whole picture in its place.\n",
            program.Fail(1, Command("sharpener", "--condition", "some")));
        Assert.Contains("going on after step 2", program.Succeed("train", "--resume", "sharpener", "--steps", "3"));
        Directory.Move(program.File("blurred"), program.File("elsewhere"));
        Assert.Contains(
            "Say where they are now: train --resume", program.Fail(1, "train", "--resume", "sharpener", "--steps", "4"));
        program.Succeed("train", "--resume", "sharpener", "--steps", "4", "--condition", "elsewhere");

        File.Delete(program.File("elsewhere/b.png"));
        Assert.Contains(
            "1 picture in 'sharp' has no partner in 'elsewhere': b.",
            program.Fail(1, "train", "--spec", "from3.unet.yaml", "--data", "sharp", "--condition", "elsewhere"));
    }

    [Theory]
    [InlineData("--task upscale needs a spec with condition_channels: 1 (the picture in low resolution), and that of From2UNet has 2.",
        "from2", "--task", "upscale")]
    [InlineData("--task inpaint needs a spec with condition_channels: 2 (the mask, and the picture without what it hides), and that of "
        + "From0UNet has none.", "from0", "--task", "inpaint")]
    [InlineData("From2UNet makes images from a condition of 2 channels (condition_channels), and nothing says from what. --task upscale "
        + "makes one of 1, --task inpaint one of 2, and --condition FOLDER has pictures, of 1 or 3.", "from2")]
    [InlineData("the spec of From2UNet needs condition_channels: 1 or 3, and has 2.", "from2", "--condition", ".", "--data", ".")]
    [InlineData("--condition and --task upscale both say what images are to be made from", "from1", "--condition", ".", "--task",
        "upscale")]
    [InlineData("the shapes are none: name their folder with --data", "from1", "--condition", ".")]
    [InlineData("--task-factor 2 says how far --task upscale enlarges, and that isn't given.", "from2", "--task", "inpaint",
        "--task-factor", "2")]
    [InlineData("Images of 16 x 16 can't be averaged over squares of 3 x 3 pixels", "from1", "--task", "upscale", "--task-factor", "3")]
    public void What_does_not_fit_is_told_before_the_first_step_with_the_number_that_is_needed(
        string message, string spec, params string[] options)
    {
        Assert.Contains(message, program.Fail(1, ["train", "--spec", $"{spec}.unet.yaml", "--steps", "1", "--out", "run", .. options]));
        Assert.False(Path.Exists(program.File("run")));
    }

    [Fact]
    public void Networks_with_a_condition_are_ONNX_files_and_no_pages_and_those_without_take_none()
    {
        Train("from1", "upscaler", "--task", "upscale");
        program.Succeed("export", "--checkpoint", "upscaler", "--out", "network.onnx", "--format", "onnx");
        Assert.True(File.Exists(program.File("network.onnx")));
        Assert.Contains(
            "From1UNet takes a condition behind its images, which a page can't ask for",
            program.Fail(1, "export", "--checkpoint", "upscaler", "--out", "page", "--format", "web"));
        Assert.False(Path.Exists(program.File("page")));
        Train("from0", "plain");
        Assert.Contains(
            "From0UNet makes images of noise alone, and --condition belongs to networks whose spec has condition_channels.",
            program.Fail(1, Command("plain", "--condition", "a.png")));
        Assert.Contains(
            "--from and --condition are two ways to draw", program.Fail(2, Command("plain", "--condition", "a.png", "--from", "a.png")));
    }

    private string Train(string spec, string run, params string[] options) => program.Succeed(
    [
        "train", "--spec", $"{spec}.unet.yaml", "--steps", "2", "--batch-size", "2", "--count", "2", "--sample-steps", "2",
        "--ema-decay", "0.5", "--out", run,
        .. options,
    ]);

    private string Sample(string run, params string[] options) => program.Succeed(Command(run, options));

    private static string[] Command(string run, params string[] options) => ["sample", "--checkpoint", run, "--steps", "2", .. options];

    private void Save(string name, int side, Func<int, int, byte> grey)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(program.File(name))!);
        using var bitmap = new SKBitmap(side, side);
        for (var i = 0; i < side * side; i++)
        {
            var value = grey(i % side, i / side);
            bitmap.SetPixel(i % side, i / side, new SKColor(value, value, value));
        }
        using var file = File.Create(program.File(name));
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
