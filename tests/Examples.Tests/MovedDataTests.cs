namespace UNetGen.Examples.Tests;

/// <summary>A run finds its images from every folder, and goes on with the same images wherever they are.</summary>
public sealed class MovedDataTests : IDisposable
{
    private static readonly string[] Train =
    [
        "train", "--data", "digits", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--sample-every", "none",
        "--decay", "constant", "--device", "cpu",
    ];

    private readonly ExampleProgram program = new();

    public MovedDataTests()
    {
        CopyDigits("digits");
        program.Succeed([.. Train, "--out", "run"]);
    }

    public void Dispose() => program.Dispose();

    [Fact]
    public void From_another_folder_it_goes_on()
    {
        Assert.Contains($"\ndata: {program.File("digits")}\n", File.ReadAllText(program.File("run/run.yaml")));
        Directory.CreateDirectory(program.File("elsewhere"));

        var result = program.RunIn("elsewhere", "train", "--resume", "../run", "--steps", "2");

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("going on after step 1", result.Output);
    }

    [Fact]
    public void Images_that_were_moved_are_asked_for_and_taken_from_where_they_are()
    {
        Directory.Move(program.File("digits"), program.File("moved"));
        Assert.Equal(
            $"error: The run in run can't go on: its images were at '{program.File("digits")}', where there is nothing. "
            + "Say where they are now: train --resume run --steps 2 --data PATH\n",
            program.Fail(1, "train", "--resume", "run", "--steps", "2"));

        Assert.Contains("going on after step 1", program.Succeed("train", "--resume", "run", "--steps", "2", "--data", "moved"));
        Assert.Contains("going on after step 2", program.Succeed("train", "--resume", "run", "--steps", "3"));
    }

    [Theory]
    [InlineData("data", "digits")]
    [InlineData("condition", "blurred")]
    [InlineData("init_from", "run")]
    public void Of_what_a_run_file_asks_for_and_was_moved_it_is_said_which_option_says_where(string key, string path)
    {
        path = program.File(path);
        File.WriteAllText(program.File("mine.yaml"), $"steps: 1\n{key}: {path}\n");
        if (Directory.Exists(path))
            Directory.Move(path, program.File("moved"));
        Assert.Equal(
            $"error: There is no file or folder '{path}'. mine.yaml asks for it. Say where it is now: "
                + $"train --run mine.yaml --{key.Replace('_', '-')} PATH\n",
            program.Fail(1, "train", "--run", "mine.yaml"));
    }

    [Fact]
    public void Pairs_that_were_moved_are_asked_for_at_once_and_what_was_given_stays()
    {
        var (images, conditions) = (program.File("sharp"), program.File("blurred"));
        File.WriteAllText(program.File("mine.yaml"), $"steps: 1\ndata: {images}\ncondition: {conditions}\n");

        Assert.Equal(
            $"error: There is no file or folder '{images}' or '{conditions}'. mine.yaml asks for them. Say where they are now: "
                + "train --run mine.yaml --seed 3 --data PATH --condition PATH\n",
            program.Fail(1, "train", "--run", "mine.yaml", "--seed", "3"));
        Assert.EndsWith(
            $"Say where it is now: train --run mine.yaml --data {program.File("digits")} --condition PATH\n",
            program.Fail(1, "train", "--run", "mine.yaml", "--data", program.File("digits")));

        var file = program.File("run/run.yaml");
        var run = File.ReadAllText(file).Replace(program.File("digits"), images);
        File.WriteAllText(file, run.Replace("\ncondition: none\n", $"\ncondition: {conditions}\n"));
        Assert.Equal(
            $"error: The run in run can't go on: its images were at '{images}' and '{conditions}', where there is nothing. "
                + "Say where they are now: train --resume run --data PATH --condition PATH\n",
            program.Fail(1, "train", "--resume", "run"));
        Assert.EndsWith(
            $"train --resume run --data {program.File("digits")} --condition PATH\n",
            program.Fail(1, "train", "--resume", "run", "--data", program.File("digits")));
    }

    [Fact]
    public void A_run_file_whose_spec_was_moved_asks_for_it_and_takes_it_from_where_it_is()
    {
        File.Copy(Path.Combine(ExampleProgram.Root, "specs/mnist.unet.yaml"), program.File("own.unet.yaml"));
        program.Succeed([.. Train, "--spec", "own.unet.yaml", "--out", "first"]);
        File.Move(program.File("own.unet.yaml"), program.File("moved.unet.yaml"));

        Assert.Equal(
            $"error: There is no spec {program.File("own.unet.yaml")}. first/run.yaml asks for it. Say where it is now: "
                + "train --run first/run.yaml --spec PATH\n",
            program.Fail(1, "train", "--run", "first/run.yaml", "--out", "second"));

        program.Succeed("train", "--run", "first/run.yaml", "--spec", "moved.unet.yaml", "--out", "second");
    }

    [Fact]
    public void Another_name_of_the_same_folder_is_no_other_data_but_other_images_are()
    {
        CopyDigits("copied");
        Assert.DoesNotContain("--data was", program.Succeed("train", "--resume", "run", "--steps", "2", "--data", "./digits/"));
        Assert.Contains(
            $"--data was {program.File("digits")} and is {program.File("copied")}",
            program.Succeed("train", "--resume", "run", "--steps", "3", "--data", "copied"));

        var images = program.File("copied/train-images-idx3-ubyte.gz");
        var bytes = Decompressed(images);
        bytes[^1] ^= 255;
        File.Delete(images);
        File.WriteAllBytes(program.File("copied/train-images-idx3-ubyte"), bytes);
        var other = program.Fail(1, "train", "--resume", "run", "--steps", "4");
        Assert.Contains("can't go on exactly on other data", other);
        Assert.Contains("or begin a new training with these weights (`train --init-from`).", other);
    }

    [Fact]
    public void A_relative_path_of_an_earlier_version_holds_from_the_folder_that_it_was_given_in()
    {
        var file = program.File("run/run.yaml");
        File.WriteAllText(file, File.ReadAllText(file).Replace(program.File("digits"), "digits"));
        Directory.CreateDirectory(program.File("elsewhere"));

        var error = ExampleProgram.ErrorOf(1, program.RunIn("elsewhere", "train", "--resume", "../run", "--steps", "2"));
        Assert.Contains($"its images were at 'digits', where there is nothing, seen from {program.File("elsewhere")}. Say where", error);

        Assert.Contains("going on after step 1", program.Succeed("train", "--resume", "run", "--steps", "2"));
        Assert.Contains($"\ndata: {program.File("digits")}\n", File.ReadAllText(file));
    }

    private void CopyDigits(string folder)
    {
        Directory.CreateDirectory(program.File(folder));
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Data", "mnist"), "*.gz"))
            File.Copy(file, program.File($"{folder}/{Path.GetFileName(file)}"));
    }

    private static byte[] Decompressed(string path)
    {
        using var content = new MemoryStream();
        using (var file = new System.IO.Compression.GZipStream(File.OpenRead(path), System.IO.Compression.CompressionMode.Decompress))
            file.CopyTo(content);
        return content.ToArray();
    }
}
