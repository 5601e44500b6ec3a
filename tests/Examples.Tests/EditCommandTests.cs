using System.Text.Json.Nodes;
using SkiaSharp;

namespace UNetGen.Examples.Tests;

/// <summary>Editing pictures by the command line, as docs/editing.md shows it.</summary>
public sealed class EditCommandTests : IClassFixture<TrainedDigits>
{
    // Magnified three times, with a gap around.
    private const int Cell = 3 * TrainedDigits.Side + 4;

    private readonly ExampleProgram program;

    public EditCommandTests(TrainedDigits trained)
    {
        program = trained.Program;
        Save("a.png", TrainedDigits.Side, (x, y) => (byte)(x > 9 && x < 18 && y > 3 && y < 24 ? 255 : 0));
        Save("b.png", TrainedDigits.Side, (x, y) => (byte)(x is 8 or 20 || y is 8 or 20 ? 255 : 0));
        Save("mask.png", TrainedDigits.Side, (_, y) => (byte)(y < 14 ? 255 : 0));
    }

    [Fact]
    public void A_grid_shows_what_was_edited_before_what_is_drawn()
    {
        Assert.Contains(
            "10 pictures, behind the one that they are drawn from in",
            Sample("--from", "a.png", "--strength", "0.5", "--out", "from.png"));
        Assert.Equal((4, 3), CellsOf("from.png"));
        AssertCell("from.png", 0, "a.png");

        Assert.Contains(
            "10 pictures, behind the picture, whole and without what is painted in",
            Sample("--inpaint", "a.png", "--mask", "mask.png", "--jump-length", "2", "--jump-samples", "2", "--out", "painted.png"));
        AssertCell("painted.png", 0, "a.png");

        Assert.Contains(
            "6 pictures, each strip between its two in",
            Sample("--between", "a.png", "b.png", "--frames", "3", "--labels", "4,7", "--own-noise", "--out", "between.png"));
        Assert.Equal((5, 2), CellsOf("between.png"));
        AssertCell("between.png", 5, "a.png");
        AssertCell("between.png", 9, "b.png");

        Directory.CreateDirectory(program.File("both"));
        File.Copy(program.File("a.png"), program.File("both/a.png"));
        File.Copy(program.File("b.png"), program.File("both/b.png"));
        Assert.Contains(
            "4 pictures, below those that they are drawn from in", Sample("--from", "both", "--count", "4", "--out", "many.png"));
        Assert.Equal((2, 3), CellsOf("many.png"));
        AssertCell("many.png", 1, "b.png");

        // In a table each has its column as well, and stands on top of it once.
        Assert.Contains(
            "4 pictures, below those that they are drawn from in",
            Sample("--from", "both", "--seeds", "1,2", "--class", "3", "--out", "table.png"));
        Assert.Equal((2, 3), CellsOf("table.png"));
        AssertCell("table.png", 1, "b.png");
        Sample("--from", "both", "--seed", "2", "--class", "3", "--count", "2", "--out", "second");
        AssertCell("table.png", 5, "second/000001.png");
        Assert.Contains(
            "--count 3 isn't so many for each of the 2 pictures: in a table with --seeds each has a column.",
            Fail(2, "--from", "both", "--seeds", "1,2", "--count", "3"));
    }

    [Fact]
    public void Transparent_pixels_lie_on_what_they_lay_on_in_training_unless_something_else_is_said()
    {
        Directory.CreateDirectory(program.File("clear"));
        using (var clear = new SKBitmap(new SKImageInfo(16, 16, SKColorType.Rgba8888, SKAlphaType.Unpremul)))
        {
            for (var x = 0; x < 16; x++)
            {
                for (var y = 0; y < 16; y++)
                    clear.SetPixel(x, y, new SKColor(200, 0, 0, (byte)(x < 8 ? 255 : 0)));
            }
            using var file = File.Create(program.File("clear/a.png"));
            clear.Encode(file, SKEncodedImageFormat.Png, 100);
        }
        program.Succeed(
            "train", "--data", "clear", "--spec", "shapes", "--background", "#00ff80", "--steps", "1", "--batch-size", "1", "--count", "1",
            "--sample-steps", "1", "--sample-every", "none", "--out", "green");
        string[] draw = ["sample", "--checkpoint", "green", "--from", "clear/a.png", "--steps", "2", "--count", "1", "--out"];

        program.Succeed([.. draw, "asItWas.png"]);
        program.Succeed([.. draw, "said.png", "--background", "#00ff80"]);
        program.Succeed([.. draw, "other.png", "--background", "black"]);

        Assert.Equal(File.ReadAllBytes(program.File("said.png")), File.ReadAllBytes(program.File("asItWas.png")));
        Assert.NotEqual(File.ReadAllBytes(program.File("other.png")), File.ReadAllBytes(program.File("asItWas.png")));
        // And so does what drawn pictures are compared with.
        program.Succeed("sample", "--checkpoint", "green", "--steps", "1", "--count", "2", "--out", "drawn");
        Assert.Contains("\"background\": \"#00ff80\"", File.ReadAllText(program.File("drawn/samples.json")));
        program.Succeed("sample", "--checkpoint", "green", "--steps", "1", "--count", "3", "--out", "drawn");
        foreach (var name in (string[])["one", "other"])
        {
            Directory.CreateDirectory(program.File($"classes/{name}"));
            for (var i = 0; i < 10; i++)
                File.Copy(program.File("clear/a.png"), program.File($"classes/{name}/{i}.png"));
        }
        program.Succeed("classifier", "--data", "classes", "--spec", "shapes", "--epochs", "1", "--out", "sees.safetensors");
        string[] evaluate = ["evaluate", "--samples", "drawn", "--data", "classes", "--features", "sees.safetensors"];
        var asItWas = program.Succeed(evaluate);
        Assert.Equal(asItWas, program.Succeed([.. evaluate, "--background", "#00ff80"]));
        Assert.NotEqual(asItWas, program.Succeed([.. evaluate, "--background", "black"]));

        using var drawn = SKBitmap.Decode(program.File("asItWas.png"));
        Assert.Contains(new SKColor(0, 255, 128), drawn.Pixels);
    }

    [Fact]
    public void Seeds_are_the_rows_of_a_table_and_each_row_is_what_its_seed_draws()
    {
        Sample("--seeds", "3,8", "--labels", "0,1,2", "--out", "table.png");
        Assert.Equal((3, 2), CellsOf("table.png"));
        Sample("--seed", "8", "--labels", "0,1,2", "--count", "3", "--out", "row");
        AssertCell("table.png", 4, "row/000001.png");

        Assert.Contains(
            "40,000 pictures are too many for a grid: one picture file holds at most 11,363 pictures of",
            Fail(1, "--seeds", "3,8", "--count", "20000"));

        Sample("--seeds", "1,2", "--from", "a.png", "--class", "5", "--count", "2", "--out", "edited.png");
        Assert.Equal((3, 2), CellsOf("edited.png"));
        AssertCell("edited.png", 3, "a.png");
    }

    [Fact]
    public void Known_pixels_stay_in_a_folder_that_is_continued_with_the_same_picture_and_mask_only()
    {
        // The ancestral sampler takes every timestep there is.
        File.WriteAllText(program.File("short.unet.yaml"), $"{TrainedDigits.Spec}diffusion: {{ timesteps: 50 }}\n");
        program.Succeed(
            "train", "--spec", "short.unet.yaml", "--data", TrainedDigits.Data, "--steps", "1", "--batch-size", "1", "--count", "1",
            "--sample-steps", "1", "--sample-every", "none", "--out", "short");
        string[] painting =
        [
            "sample", "--checkpoint", "short", "--inpaint", "a.png", "--mask", "mask.png", "--sampler", "ddpm", "--jump-samples", "1",
            "--class", "1", "--out", "painted",
        ];
        Assert.Contains("1 picture in painted, a new one\n", program.Succeed([.. painting, "--count", "1"]));
        Assert.Contains("1 of them new", program.Succeed([.. painting, "--count", "2"]));

        using var picture = SKBitmap.Decode(program.File("a.png"));
        using var drawn = SKBitmap.Decode(program.File("painted/000001.png"));
        var half = picture.Pixels.Length / 2;
        Assert.Equal(picture.Pixels[half..].Select(pixel => pixel.Red), drawn.Pixels[half..].Select(pixel => pixel.Red));
        Assert.NotEqual(picture.Pixels[..half].Select(pixel => pixel.Red), drawn.Pixels[..half].Select(pixel => pixel.Red));

        var record = JsonNode.Parse(File.ReadAllText(program.File("painted/samples.json")))!;
        Assert.Equal("inpainting, jumps of 10 steps, 1 sample each", record["edit"]!.GetValue<string>());
        painting[4] = "b.png";
        Assert.Contains("pictures_sha256 is", program.Fail(1, [.. painting, "--count", "2"]));
    }

    [Fact]
    public void A_negative_class_guides_where_none_stands_for_none()
    {
        Sample("--guidance", "3", "--class", "5", "--negative-class", "3", "--count", "1", "--out", "negative");
        Assert.Equal(3, JsonNode.Parse(File.ReadAllText(program.File("negative/samples.json")))!["negative_class"]!.GetValue<int>());
        Assert.Contains("at a guidance of 1 there is none", Fail(1, "--negative-class", "3"));
    }

    [Theory]
    [InlineData("--strength belongs to --from and --between, and none of them is given.", "--strength", "0.5")]
    [InlineData("--mask belongs to --inpaint and --condition, and none of them is given.", "--from", "a.png", "--mask", "mask.png")]
    [InlineData("--background belongs to --from and --inpaint and --between", "--background", "white")]
    [InlineData("--from and --inpaint are two ways to draw: give one.", "--from", "a.png", "--inpaint", "a.png", "--mask", "mask.png")]
    [InlineData("--inpaint needs --mask", "--inpaint", "a.png")]
    [InlineData("--between needs two pictures, --between A B, and 1 is given.", "--between", "a.png")]
    [InlineData("--strength must be a number above 0, up to 1, not '0'.", "--from", "a.png", "--strength", "0")]
    [InlineData("--strength must be a number above 0, up to 1, not '1.5'.", "--from", "a.png", "--strength", "1.5")]
    [InlineData("--count doesn't go with --between", "--between", "a.png", "b.png", "--count", "3")]
    [InlineData("--seed and --seeds both say which noise", "--seed", "1", "--seeds", "2,3")]
    [InlineData("--seeds makes a table, one .png file.", "--seeds", "2,3", "--out", "folder")]
    public void Options_that_do_not_belong_together_are_a_usage_error(string message, params string[] options) =>
        Assert.Contains(message, Fail(2, options));

    [Fact]
    public void Pictures_and_masks_that_can_t_be_used_are_named_before_anything_is_drawn()
    {
        Save("small.png", 14, (_, _) => 255);
        Save("black.png", TrainedDigits.Side, (_, _) => 0);
        Assert.Contains("There is no picture 'nowhere.png', seen from", Fail(1, "--from", "nowhere.png"));
        Assert.Contains("small.png is 14 x 14, and the picture 28 x 28", Fail(1, "--inpaint", "a.png", "--mask", "small.png"));
        Assert.Contains("black.png has no white", Fail(1, "--inpaint", "a.png", "--mask", "black.png"));
        Assert.Contains(
            "DPM-Solver++(2M), 4 steps, spacing even): its steps build on",
            Fail(1, "--inpaint", "a.png", "--mask", "mask.png", "--sampler", "dpm++", "--out", "none"));
        Assert.False(Path.Exists(program.File("none")));
    }

    [Fact]
    public void Pictures_that_use_hardly_anything_of_the_range_are_told()
    {
        Save("dark.png", TrainedDigits.Side, (x, _) => (byte)(x % 10));
        Directory.CreateDirectory(program.File("night"));
        foreach (var name in (string[])["1", "2"])
            File.Copy(program.File("dark.png"), program.File($"night/{name}.png"));
        const string narrow = "from -1 to -0.929412: less than an eighth of [-1, 1]";

        Assert.Contains($"warning: 1 picture (dark.png) runs {narrow}", Sample("--from", "dark.png", "--count", "1"));
        Assert.Contains($"warning: 2 pictures (night) run {narrow}", Sample("--from", "night", "--count", "1"));
        Assert.Contains(
            $"warning: 1 picture (dark.png) runs {narrow}",
            Sample("--inpaint", "dark.png", "--mask", "mask.png", "--jump-samples", "1", "--count", "1"));
        Assert.Contains(
            $"warning: 2 pictures (dark.png and night{Path.DirectorySeparatorChar}1.png) run {narrow}",
            Sample("--between", "dark.png", Path.Combine("night", "1.png"), "--frames", "2"));
        // Of several all count.
        Assert.DoesNotContain("an eighth", Sample("--between", "dark.png", "a.png", "--frames", "2"));
    }

    private string Sample(params string[] options) => program.Succeed(Command(options));

    private string Fail(int exitCode, params string[] options) => program.Fail(exitCode, Command(options));

    private static string[] Command(string[] options) =>
        ["sample", "--checkpoint", "run", "--steps", "4", .. options];

    /// <summary>A grid's columns and rows.</summary>
    private (int Columns, int Rows) CellsOf(string grid)
    {
        using var picture = SKBitmap.Decode(program.File(grid));
        return ((picture.Width - 4) / Cell, (picture.Height - 4) / Cell);
    }

    /// <summary>One of a grid's pictures is that of a file.</summary>
    private void AssertCell(string grid, int number, string file)
    {
        using var all = SKBitmap.Decode(program.File(grid));
        using var one = SKBitmap.Decode(program.File(file));
        var (row, column) = Math.DivRem(number, (all.Width - 4) / Cell);
        for (var y = 0; y < one.Height; y++)
        {
            for (var x = 0; x < one.Width; x++)
                Assert.Equal(one.GetPixel(x, y).Red, all.GetPixel(4 + column * Cell + 3 * x, 4 + row * Cell + 3 * y).Red);
        }
    }

    private void Save(string name, int side, Func<int, int, byte> shade)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(side, side, SKColorType.Gray8));
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
                bitmap.SetPixel(x, y, new SKColor(shade(x, y), shade(x, y), shade(x, y)));
        }
        using var file = File.Create(program.File(name));
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
