using System.Diagnostics;
using SkiaSharp;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>Folders of pictures as users have them: with runs, links, pipes and other files among them.</summary>
public sealed class PictureDataTests : IDisposable
{
    private static readonly string[] Short = ["--batch-size", "2", "--sample-every", "1", "--count", "1", "--sample-steps", "1",
        "--device", "cpu"];

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_run_inside_its_own_data_goes_on_and_the_next_learns_none_of_its_pictures()
    {
        Pictures("a.png", "b.png", "c.png");
        Assert.DoesNotContain("is no data", program.Succeed(["train", "--data", ".", "--steps", "2", "--decay", "constant", .. Short]));
        var run = Path.GetRelativePath(program.Folder, Directory.GetDirectories(program.File("runs")).Single());

        var resumed = program.Succeed("train", "--resume", run, "--steps", "3");
        Assert.Contains(
            $": what a run or a drawing has left is no data: left out is {run} (it holds run.yaml), with 5 pictures.\n", resumed);
        Assert.Contains("on 3 pictures in ", resumed);

        program.Succeed("sample", "--checkpoint", run, "--count", "2", "--steps", "1", "--out", "drawn");
        Assert.Contains("on 3 pictures in ", program.Succeed(["train", "--data", ".", "--steps", "1", .. Short]));
    }

    [Fact]
    public void Pictures_that_the_program_draws_among_its_data_are_none_but_single_ones_are()
    {
        Pictures("data/a.png", "data/b.png");
        program.Succeed(["train", "--data", "data", "--steps", "1", "--decay", "constant", "--out", "run", .. Short]);
        foreach (var drawn in (string[])["samples.png", "noise-to-picture.png", "loss.png", "samples/step-00000001.png"])
            File.Copy(program.File($"run/{drawn}"), program.File($"data/{Path.GetFileName(drawn)}"));
        program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1", "--out", "data/mine.png");

        var resumed = program.Succeed("train", "--resume", "run", "--steps", "2");
        Assert.Contains(
            "data: grids and plots that UNetGen has drawn are no data: left out are loss.png, mine.png, noise-to-picture.png, samples.png, "
                + "step-00000001.png.\n",
            resumed);
        Assert.Contains("on 2 pictures in ", resumed);

        program.Succeed("sample", "--checkpoint", "run", "--count", "2", "--steps", "1", "--out", "drawn");
        Assert.Contains("on 2 pictures in drawn", program.Succeed(["train", "--data", "drawn", "--steps", "1", .. Short]));
        File.Copy(program.File("drawn/000000.png"), program.File("data/c.png"));
        Assert.Contains(
            "the number of images was 2 and is 3; the file names differ; added is c.png. ",
            program.Fail(1, "train", "--resume", "run", "--steps", "3"));
    }

    [Fact]
    public void Runs_beside_class_folders_are_no_class_for_any_command()
    {
        Pictures([
            .. Enumerable.Range(0, 20).Select(i => $"data/{(i < 10 ? 'a' : 'b')}/{i}.png"), "data/runs/x/samples.png", "data/tif/1.tif"]);
        File.WriteAllText(program.File("data/runs/x/run.yaml"), "");
        string[] expected =
        [
            "warning: data: what a run or a drawing has left is no data: left out is runs/x (it holds run.yaml), with 1 picture.\n",
            "warning: data: 1 folder without a picture that can be read is no class: tif (1 .tif). ",
        ];

        var trained = program.Succeed(["train", "--data", "data", "--steps", "1", "--out", "run", .. Short]);
        Assert.Contains("20 pictures of 2 classes in data", trained);
        Assert.All(expected, warning => Assert.Contains(warning, trained));
        var classified = program.Succeed("classifier", "--data", "data", "--spec", "shapes", "--epochs", "1", "--out", "c.safetensors");
        Assert.All(expected, warning => Assert.Contains(warning, classified));
        program.Succeed("sample", "--checkpoint", "run", "--count", "2", "--steps", "1", "--out", "drawn");
        var evaluated = program.Succeed("evaluate", "--samples", "drawn", "--data", "data", "--features", "c.safetensors");
        Assert.All(expected, warning => Assert.Contains(warning, evaluated));
    }

    [Fact]
    public void A_training_that_its_data_has_ended_before_a_step_leaves_its_list_and_blocks_no_second_try()
    {
        Directory.CreateDirectory(program.File("data"));
        File.WriteAllText(program.File("data/a.png"), "no picture");
        string[] command = ["train", "--data", "data", "--steps", "1", "--out", "run", .. Short];
        program.Fail(1, command);
        Assert.Equal([program.File("run/broken-files.txt")], Directory.GetFiles(program.File("run")));

        Pictures("data/a.png");
        program.Succeed(command);
        Assert.False(File.Exists(program.File("run/broken-files.txt")));
    }

    [Fact]
    public void Another_background_is_another_run()
    {
        Pictures("data/a.png", "data/b.png");
        program.Succeed(["train", "--data", "data", "--background", "white", "--steps", "1", "--out", "run", .. Short]);
        Assert.Contains("background: white\n", File.ReadAllText(program.File("run/run.yaml")));
        Assert.Contains("--background was white.", program.Fail(1, "train", "--resume", "run", "--steps", "2", "--background", "#fffffe"));
        foreach (var colour in (string[])["red", "#fff", "ffffff", "#1234567", "#12345g", "#+12345"])
            Assert.Contains(
                $"--background must be black, white or a colour as #rrggbb, not '{colour}'.",
                program.Fail(2, "evaluate", "--samples", "x", "--data", "data", "--features", "x", "--background", colour));
    }

    [LinuxFact]
    public void A_picture_that_can_t_be_read_any_more_ends_a_resumed_run_before_a_step_without_it()
    {
        Pictures("data/a.png", "data/b.png", "data/c.png");
        program.Succeed(["train", "--data", "data", "--steps", "1", "--decay", "constant", "--out", "run", .. Short]);
        Assert.Equal(0, RunSh("chmod 000 data/b.png"));

        var error = ExampleProgram.ErrorOf(1, program.RunBy(ExampleProgram.WithoutRights, "train", "--resume", "run", "--steps", "3"));

        Assert.Contains("data/b.png' can't be read: Access to the path", error);
        Assert.Contains(
            "and this training has learnt from it before. A training goes on exactly only on the images that it was trained on: put back "
                + "what was there",
            error);
        Assert.Single(File.ReadAllLines(program.File("run/log.jsonl")));

        Assert.Equal(0, RunSh("chmod 400 data/b.png"));
        program.Succeed("train", "--resume", "run", "--steps", "3");
    }

    [LinuxFact]
    public void A_picture_that_couldn_t_be_read_and_now_can_ends_a_resumed_run()
    {
        Pictures("data/a.png", "data/b.png", "data/c.png");
        Assert.Equal(0, RunSh("chmod 000 data/b.png"));
        var first = program.RunBy(
            ExampleProgram.WithoutRights, ["train", "--data", "data", "--steps", "1", "--decay", "constant", "--out", "run", .. Short]);
        Assert.Contains("1 picture file was left out; the first, b.png, can't be read", first.Output);
        Assert.Contains(" is denied. run/broken-files.txt lists all", first.Output);
        Assert.Equal(0, RunSh("chmod 400 data/b.png"));

        Assert.Contains(
            "data/b.png' couldn't be used when this training met it first", program.Fail(1, "train", "--resume", "run", "--steps", "3"));

        Assert.Equal(0, RunSh("chmod 000 data/b.png"));
        Assert.Equal(0, program.RunBy(ExampleProgram.WithoutRights, "train", "--resume", "run", "--steps", "3").ExitCode);
    }

    [Fact]
    public void A_picture_that_was_changed_under_its_name_ends_a_resumed_run_before_the_first_step()
    {
        Pictures("data/a.png", "data/b.png");
        program.Succeed(["train", "--data", "data", "--steps", "1", "--decay", "constant", "--out", "run", .. Short]);
        var content = File.ReadAllBytes(program.File("data/b.png"));
        content[^20] ^= 1;
        File.WriteAllBytes(program.File("data/b.png"), content);
        Assert.Contains(
            "data/b.png' has changed since this training has read it first.", program.Fail(1, "train", "--resume", "run", "--steps", "2"));
        Assert.Single(File.ReadAllLines(program.File("run/log.jsonl")));
    }

    [Fact]
    public void Broken_and_all_grey_pictures_are_told_by_the_classifier_as_well()
    {
        var classes = new[] { "a", "b" };
        foreach (var (name, shade) in classes.Zip(new byte[] { 100, 110 }))
        {
            Directory.CreateDirectory(program.File($"grey/{name}"));
            for (var i = 0; i < 10; i++)
                SaveGrey(program.File($"grey/{name}/{i}.png"), (byte)(shade + i));
        }
        File.WriteAllText(program.File("grey/b/3.png"), "no picture");

        var output = program.Succeed("classifier", "--data", "grey", "--spec", "mnist", "--epochs", "1", "--out", "grey.safetensors");

        Assert.Contains("warning: 1 picture file was left out; the first, b/3.png,", output);
        Assert.Contains("less than an eighth of [-1, 1]", output);
    }

    [LinuxFact]
    public void A_named_pipe_in_the_place_of_a_file_is_one_sentence_and_no_command_hangs()
    {
        Assert.Equal(0, RunSh("mkfifo pipe pipe.safetensors && mkdir c r s && mkfifo c/checkpoint.sha256 r/run.yaml s/samples.png"));
        string[][] commands =
        [
            ["train", "--data", "pipe"], ["train", "--run", "pipe"], ["train", "--resume", "r"],
            ["sample", "--checkpoint", "pipe.safetensors"], ["sample", "--checkpoint", "c"],
            ["export", "--checkpoint", "pipe.safetensors", "--out", "x"],
        ];
        foreach (var command in commands)
            Assert.Contains("is a named pipe, no regular file", program.Fail(1, command));
        // One picture of many costs a warning, and a list that is to be written is looked at before it is.
        Assert.Equal(0, RunSh("mkdir l && echo steps: 1 > l/run.yaml && ln -s /nowhere l/samples.png"));
        foreach (var (run, reason) in new[] { ("s", "'s/samples.png' is a named pipe, no regular file."), ("l", "") })
        {
            Assert.Contains($"warning: samples.png can't be shown: {reason}", program.Succeed("report", run));
            Assert.True(File.Exists(program.File($"{run}/report.html")));
        }
        Pictures("data/a.png");
        program.Succeed(["train", "--data", "data", "--steps", "1", "--out", "b", .. Short]);
        Assert.Equal(0, RunSh("mkfifo b/broken-files.txt"));
        Assert.Contains("'b/broken-files.txt' is a named pipe", program.Fail(1, "train", "--resume", "b", "--steps", "2"));
        Assert.Contains("warning: run.yaml can't be shown: 'r/run.yaml' is a named pipe, no regular file.", program.Succeed("report", "r"));
    }

    private int RunSh(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { WorkingDirectory = program.Folder })!;
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Pictures of random pixels, by their names.</summary>
    private void Pictures(params string[] names)
    {
        foreach (var name in names)
        {
            var random = new Random(name.Length);
            using var bitmap = new SKBitmap(new SKImageInfo(16, 16, SKColorType.Rgba8888, SKAlphaType.Unpremul));
            random.NextBytes(bitmap.GetPixelSpan());
            Directory.CreateDirectory(Path.GetDirectoryName(program.File(name))!);
            using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            File.WriteAllBytes(program.File(name), data.ToArray());
        }
    }

    private static void SaveGrey(string path, byte shade)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(28, 28, SKColorType.Gray8));
        bitmap.Erase(new SKColor(shade, shade, shade));
        using var file = File.Create(path);
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
