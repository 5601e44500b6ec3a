using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>What a user gets wrong is told in a sentence, with the exit code of its kind: 2 for the command line, 1 for the rest.</summary>
public sealed class UserErrorTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [LinuxFact]
    public void A_current_folder_that_was_deleted_is_one_sentence_of_every_command_and_none_of_help()
    {
        const string gone = "sh -c 'mkdir gone && cd gone && rmdir ../gone && exec \"$0\" \"$@\"'";
        foreach (var command in (string[][])[["train", "--steps", "1"], ["check"], ["explain", "shapes"], ["sample", "--checkpoint", "x"]])
        {
            Assert.Equal(
                "error: The current folder isn't there any more: change into another one.\n",
                ExampleProgram.ErrorOf(1, program.RunBy(gone, command)));
        }
        Assert.Equal(0, program.RunBy(gone, "check", "--help").ExitCode);
    }

    [LinuxFact]
    public void Where_a_name_is_not_UTF_8_nothing_is_written_under_another_one()
    {
        const string fault = "it has a name that isn't UTF-8, by which it can't be opened (\uFFFD stands for what isn't): rename it";
        var inside = program.RunBy(
            "sh -c 'mkdir $(printf e\\\\376) && cd $(printf e\\\\376) && exec \"$0\" \"$@\"'", "train", "--steps", "1", "--out", "run");
        Assert.Equal(
            $"error: The current folder is {program.File("e\uFFFD")}, and {fault}, or change into another one.\n",
            ExampleProgram.ErrorOf(1, inside));
        program.RunBy("sh -c 'rmdir e*'");

        foreach (var (name, command) in new[] { ("o\uFFFD", "train --steps 1 --out $(printf o\\\\377)"),
            ("o\uFFFD.safetensors", "export --checkpoint x --format safetensors --out $(printf o\\\\377).safetensors") })
        {
            var result = program.RunBy($"sh -c 'exec \"$0\" \"$@\" {command}'");
            Assert.Contains($"{name} can't be written: {fault}", ExampleProgram.ErrorOf(1, result));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(program.Folder));
    }

    [Fact]
    public void An_option_behind_two_hyphens_is_told_to_be_none()
    {
        const string why = "follows '--', and what follows that is no option: leave the '--' out.";
        Assert.StartsWith($"error: '--steps' {why}\n", program.Fail(2, "train", "--", "--steps", "3"));
        Assert.StartsWith($"error: '--warnings-as-errors' {why}\n", program.Fail(2, "check", "--", "--warnings-as-errors"));
        Assert.StartsWith("error: The command train has no option '--stepz'.", program.Fail(2, "train", "--", "--stepz", "3"));
    }

    [Fact]
    public void An_unknown_option_is_a_usage_error() => Assert.Contains("--stepz", program.Fail(2, "train", "--stepz", "5"));

    [Theory]
    [InlineData("--steps", "0", "--steps must be a whole number from 1 to 2147483647, or none, not '0'.")]
    [InlineData("--steps", "3000000000", "--steps must be a whole number from 1 to 2147483647, or none, not '3000000000'.")]
    [InlineData("--steps", "1,000", "--steps must be a whole number from 1 to 2147483647, or none, not '1,000'.")]
    [InlineData("--batch-size", "99999999", "--batch-size must be a whole number from 1 to 65536, not '99999999'.")]
    [InlineData("--learning-rate", "0,002", "--learning-rate must be a number above 0 and below 1, not '0,002'.")]
    [InlineData(
        "--beta2", "0.999999999",
        "--beta2 must be a number from 0 to below 1, not '0.999999999', which float32, in which all is computed, rounds to 1.")]
    [InlineData(
        "--ema-decay", "0.9,0.999999999",
        "--ema-decay must be a number from 0 to below 1; or several, with commas between, not '0.9,0.999999999', which float32, in which "
            + "all is computed, rounds to 1.")]
    [InlineData(
        "--learning-rate", "1e-320",
        "--learning-rate must be a number above 0 and below 1, not '1e-320', which is too small for float32, in which all is computed.")]
    [InlineData(
        "--time", "1e-320",
        "--time must be a positive number of seconds up to 1000000000, or none, not '1e-320', which is shorter than a clock tells.")]
    [InlineData(
        "--checkpoint-minutes", "1e300",
        "--checkpoint-minutes must be a positive number of minutes up to 16666666, or none, not '1e300'.")]
    [InlineData(
        "--gradient-clip", "1e39",
        "--gradient-clip must be a positive number from 1.2e-38 to 3.4e38, or none, not '1e39', which is too large for float32, in which all is computed.")]
    [InlineData(
        "--time", "1e-9",
        "--time must be a positive number of seconds up to 1000000000, or none, not '1e-9', which is shorter than a clock tells.")]
    [InlineData("--learning-rate", "1", "--learning-rate must be a number above 0 and below 1, not '1'.")]
    [InlineData("--time", "1e30", "--time must be a positive number of seconds up to 1000000000, or none, not '1e30'.")]
    [InlineData(
        "--checkpoint-minutes", "2e7", "--checkpoint-minutes must be a positive number of minutes up to 16666666, or none, not '2e7'.")]
    public void A_value_out_of_range_is_a_usage_error(string option, string value, string message) =>
        Assert.StartsWith($"error: {message}\nTry --help", program.Fail(2, "train", option, value));

    [Fact]
    public void An_unknown_network_is_told_with_those_there_are()
    {
        var error = program.Fail(1, "train", "--spec", "nonsense");
        Assert.Contains("'nonsense'", error);
        Assert.Contains("Cifar10UNet, MnistUNet, ShapesUNet", error);
    }

    [Fact]
    public void Data_that_isn_t_there_is_told_with_what_would_do() =>
        Assert.Contains(
            $"There is no file or folder 'nowhere', seen from {program.Folder}. Training data is",
            program.Fail(1, "train", "--data", "nowhere"));

    [Fact]
    public void A_relative_path_in_a_run_file_is_said_to_hold_from_the_current_folder()
    {
        Directory.CreateDirectory(program.File("elsewhere"));
        File.WriteAllText(program.File("elsewhere/mine.yaml"), "steps: 1\ndata: photos\n");
        var run = program.Run("train", "--run", "elsewhere/mine.yaml");
        Assert.Contains($"elsewhere/mine.yaml has a relative path: the data is 'photos', seen from {program.Folder}\n", run.Output);
        Assert.Contains($"There is no file or folder 'photos', seen from {program.Folder}.", ExampleProgram.ErrorOf(1, run));
        Assert.DoesNotContain("relative path", program.Run("train", "--run", "elsewhere/mine.yaml", "--data", "x").Output);
    }

    [Fact]
    public void A_folder_with_other_files_is_not_written_into()
    {
        Directory.CreateDirectory(program.File("thesis"));
        File.WriteAllText(program.File("thesis/chapter1.tex"), "");
        Assert.Contains("isn't empty", program.Fail(1, "train", "--steps", "1", "--out", "thesis"));
        Assert.Single(Directory.GetFileSystemEntries(program.File("thesis")));
    }

    [LinuxFact]
    public void A_command_that_is_shown_can_be_copied_into_a_shell()
    {
        foreach (var (folder, word) in new[] { ("it's mine", @"'it'\''s mine'"), ("läufe/1", "läufe/1"), ("$HOME", "'$HOME'") })
        {
            Directory.CreateDirectory(program.File(folder));
            File.WriteAllText(program.File($"{folder}/run.yaml"), "steps: 1\n");
            Assert.Contains($"go on with its run: train --resume {word}", program.Fail(1, "train", "--steps", "1", "--out", folder));
        }
    }

    [Theory]
    [InlineData("batch: 8", "run.yaml, line 2: there is no option 'batch'. Did you mean 'batch_size'?")]
    [InlineData("batchsize: 8", "run.yaml, line 2: there is no option 'batchsize'. Did you mean 'batch_size'?")]
    [InlineData("learning_rate: 2", "run.yaml, line 2: learning_rate must be a number above 0 and below 1, not '2'.")]
    [InlineData(
        "ema_decay: [0.9, x]",
        "run.yaml, line 2: ema_decay must be a number from 0 to below 1; or several, with commas between, not '0.9, x'.")]
    [InlineData("ema_power: [1, 2]", "ema_power has 2 values, but ema_decay has 1")]
    [InlineData("steps: 7", "run.yaml, line 2")]
    [InlineData("decay: {a: 1}", "run.yaml, line 2: decay is a value, or a list of values.")]
    [InlineData("decay: [", "run.yaml, line ")]
    [InlineData("accumulation: 3", "`accumulation` must divide `batch_size`, 16, into equal parts, but is 3")]
    public void What_is_wrong_in_a_run_file_is_told_with_its_line(string line, string message)
    {
        File.WriteAllText(program.File("run.yaml"), $"steps: 5\n{line}\n");
        Assert.Contains(message, program.Fail(1, "train", "--run", "run.yaml"));
        Assert.False(Directory.Exists(program.File("runs")));
    }

    [Theory]
    [InlineData("", "run.yaml is empty. A run file is a list of options")]
    [InlineData("# nothing\n", "run.yaml is empty. A run file is a list of options")]
    [InlineData("---\n", "run.yaml is empty. A run file is a list of options")]
    [InlineData("{}\n", "run.yaml is empty. A run file is a list of options")]
    [InlineData("steps\n", "run.yaml, line 1: A run file is a list of options")]
    [InlineData("steps: 5\n---\nsteps: 6\n", "run.yaml, line 3: a second YAML document begins")]
    public void A_file_that_is_no_run_file_is_told(string text, string message)
    {
        File.WriteAllText(program.File("run.yaml"), text);
        Assert.Contains(message, program.Fail(1, "train", "--run", "run.yaml"));
        Assert.False(Directory.Exists(program.File("runs")));
    }

    [Fact]
    public void What_can_t_go_on_is_told()
    {
        Assert.Contains("There is no run in nowhere to go on with", program.Fail(1, "train", "--resume", "nowhere"));
        Assert.Contains("--resume stands without --run and --out", program.Fail(2, "train", "--resume", "run", "--out", "other"));
    }

    [Fact]
    public void A_folder_in_the_place_of_a_run_file_is_told_with_the_file_in_it()
    {
        Directory.CreateDirectory(program.File("r"));
        Assert.Equal(
            $"error: r is a folder, no run file. A run's options are in {Path.Combine("r", "run.yaml")}.\n",
            program.Fail(1, "train", "--run", "r"));
    }

    [Theory]
    [InlineData(
        "--self-condition-probability", "0.7",
        "`self_condition_probability` is 0.7, but ShapesUNet sees no estimate of its own: leave it out, or give the spec "
            + "`self_condition: true`.")]
    [InlineData("--label-dropout", "0.2", "`label_dropout` is 0.2, but ShapesUNet takes no labels")]
    [InlineData("--guidance", "3", "guidance 3 needs a network with classes")]
    [InlineData("--background", "white", "shapes, seed 0 can't be transparent. Leave it out.")]
    public void An_option_that_would_change_nothing_is_refused_before_there_is_a_run(string option, string value, string message)
    {
        Assert.Contains(message, program.Fail(1, "train", "--steps", "1", option, value));
        Assert.Empty(Directory.EnumerateFiles(program.Folder, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("--self-condition-probability", "0")]
    [InlineData("--self-condition-probability", "0.5")]
    [InlineData("--label-dropout", "0")]
    [InlineData("--guidance", "1")]
    [InlineData("--background", "black")]
    public void An_option_that_says_what_is_so_anyway_is_none_of_those(string option, string value) =>
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", option, value);

    [Fact]
    public void What_a_word_comes_to_is_said_where_it_may_not_be_what_was_meant()
    {
        Directory.CreateDirectory(program.File("shapes"));
        var output = program.Succeed(
            "train", "--data", "shapes", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1");
        Assert.Contains("--data shapes is the word for drawn shapes; what is called so in this folder is --data ./shapes.", output);
    }

    [Fact]
    public void A_checkpoint_that_isn_t_there_is_told() =>
        Assert.Contains("There is no checkpoint nowhere", program.Fail(1, "sample", "--checkpoint", "nowhere"));

    [Fact]
    public void A_damaged_checkpoint_is_named()
    {
        program.Succeed("train", "--steps", "1", "--count", "1", "--out", "run");
        var weights = program.File("run/checkpoints/step-00000001/ema.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        Assert.Contains("ema.safetensors", program.Fail(1, "sample", "--checkpoint", "run/checkpoints"));
    }

    [Fact]
    public void A_picture_that_is_no_png_is_a_usage_error() =>
        Assert.Contains(
            "--out must be a .png file, a folder or, for latents, a .safetensors file, not 'x.jpg'.",
            program.Fail(2, "sample", "--checkpoint", "x", "--out", "x.jpg"));

    [Fact]
    public void A_device_that_is_none_is_told_with_those_there_are() =>
        Assert.Contains("'gpu' is no device", program.Fail(1, "train", "--device", "gpu"));
}
