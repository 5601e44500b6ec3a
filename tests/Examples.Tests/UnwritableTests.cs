using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>What can't be written is told by its own name, with the reason and what can be done.</summary>
public sealed class UnwritableTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public UnwritableTests() => File.WriteAllText(program.File("file"), "");

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_file_in_the_place_of_a_run_s_folder_is_told() =>
        Assert.Contains("The run's folder file/run can't be written: ", program.Fail(1, "train", "--steps", "1", "--out", "file/run"));

    [Fact]
    public void A_file_in_the_place_of_a_picture_s_folder_is_told()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        foreach (var picture in (string[])["file/grid.png", "file/folder"])
        {
            var error = program.Fail(1, "sample", "--checkpoint", "run", "--steps", "1", "--count", "1", "--out", picture);
            Assert.Contains($"{picture} can't be written: ", error);
            Assert.DoesNotContain(".tmp", error);
        }
    }

    [Theory]
    [InlineData("file/grid.png", "sample", "--checkpoint", "run", "--guidance", "2", "--out")]
    [InlineData("file/x.safetensors", "export", "--checkpoint", "nowhere", "--format", "safetensors", "--out")]
    [InlineData("file/x", "export", "--checkpoint", "nowhere", "--out")]
    [InlineData("file/x.safetensors", "classifier", "--data", "nowhere", "--spec", "mnist", "--out")]
    public void A_target_is_tried_before_anything_is_read_or_drawn(string target, params string[] command)
    {
        if (command.Contains("run"))
            program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        Assert.StartsWith(
            $"error: {target} can't be written: {program.File("file")} is a file, not a folder.", program.Fail(1, [.. command, target]));
    }

    [Fact]
    public void A_run_whose_page_can_t_be_written_is_told()
    {
        Directory.CreateDirectory(program.File("run/report.html"));
        File.WriteAllText(program.File("run/run.yaml"), "steps: 1\n");
        Assert.Contains("report.html can't be written: a folder is there.", program.Fail(1, "report", "run"));
    }

    [Fact]
    public void A_path_of_any_length_is_one_sentence()
    {
        var error = program.Fail(1, "sample", "--checkpoint", new string('x', 5000));
        Assert.InRange(error.Length, 400, 700);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [NamespaceFact]
    public void A_disk_that_fills_while_a_picture_is_written_leaves_the_one_that_was_there()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        foreach (
            var (name, command) in new[] { ("grid.png", "sample --checkpoint run --steps 1 --out"), (
                "x.safetensors", "export --checkpoint run --format safetensors --out") })
        {
            var result = program.RunBy(
                "unshare -rm sh -c 'mkdir -p full && mount -t tmpfs -o size=16k tmpfs full && "
                    + "head -c 200 run/samples.png > full/grid.png && \"$0\" \"$@\"; "
                    + "code=$?; head -c 200 run/samples.png | cmp - full/grid.png && echo as before; ls -A full; exit $code'",
                [.. command.Split(' '), $"full/{name}"]);

            Assert.Equal($"error: full/{name} can't be written: No space left on device.\n", ExampleProgram.ErrorOf(1, result));
            Assert.EndsWith("as before\ngrid.png\n", result.Output);
        }
    }

    [NamespaceFact]
    public void A_folder_of_samples_that_can_t_be_written_to_any_more_is_refused_before_it_is_gone_on_with()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "1", "--out", "drawn");
        var readOnly = "unshare -rm sh -c 'mount --bind drawn drawn && mount -o remount,ro,bind drawn && exec \"$0\" \"$@\"'";

        var more = program.RunBy(readOnly, "sample", "--checkpoint", "run", "--steps", "1", "--count", "2", "--out", "drawn");
        Assert.Equal("error: drawn can't be written: Read-only file system.\n", ExampleProgram.ErrorOf(1, more));
        Assert.DoesNotContain("drawing", more.Output);

        var same = program.RunBy(readOnly, "sample", "--checkpoint", "run", "--steps", "1", "--count", "1", "--out", "drawn");
        Assert.Equal(0, same.ExitCode);
        Assert.EndsWith("1 picture in drawn, no new one\n", same.Output);
    }

    [NamespaceFact]
    public void Grids_that_can_t_be_written_any_more_are_told_before_a_step()
    {
        string[] options = ["--batch-size", "1", "--count", "1", "--sample-steps", "1", "--sample-every", "1", "--decay", "constant"];
        program.Succeed(["train", "--steps", "1", "--out", "run", .. options]);
        var result = program.RunBy(
            "unshare -rm sh -c 'mount --bind run/samples run/samples && mount -o remount,ro,bind run/samples && exec \"$0\" \"$@\"'",
            "train", "--resume", "run", "--steps", "2");
        Assert.Contains(
            "run/samples/step-00000001.png can't be written: Read-only file system. The checkpoint ", ExampleProgram.ErrorOf(1, result));
        Assert.Single(File.ReadAllLines(program.File("run/log.jsonl")));
    }

    [Fact]
    public void A_grid_on_the_way_that_can_t_be_written_costs_a_warning_and_no_step()
    {
        string[] options = ["--batch-size", "1", "--count", "1", "--sample-steps", "1", "--sample-every", "1", "--decay", "constant"];
        program.Succeed(["train", "--steps", "1", "--out", "run", .. options]);
        Directory.CreateDirectory(program.File("run/samples/step-00000002.png"));
        var output = program.Succeed("train", "--resume", "run", "--steps", "3");
        Assert.Contains("warning: no samples of step 2: run/samples/step-00000002.png can't be written: ", output);
        Assert.Equal(3, File.ReadAllLines(program.File("run/log.jsonl")).Length);
        Assert.True(File.Exists(program.File("run/samples/step-00000003.png")));
    }

    [NamespaceFact]
    public void A_disk_that_fills_while_training_ends_the_run_with_where_and_why()
    {
        var result = program.RunBy(
            "unshare -rm sh -c 'mkdir run && mount -t tmpfs -o size=24k tmpfs run && exec \"$0\" \"$@\"'",
            "train", "--steps", "1000", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");

        var error = ExampleProgram.ErrorOf(1, result);
        Assert.Matches(
            "The run in run can't go on: .*No space left on device : '.*/run/.*'. It has no checkpoint yet; once that is mended, begin "
                + "it anew.",
            error);
    }

    [NamespaceFact]
    public void A_disk_that_is_full_before_the_first_step_leaves_nothing_in_the_way_of_a_run_that_begins_anew()
    {
        foreach (var size in (int[])[8, 16])
        {
            var result = program.RunBy(
                $"unshare -rm sh -c 'mkdir -p run && mount -t tmpfs -o size={size}k tmpfs run && \"$0\" \"$@\"; code=$?; "
                    + "echo left: $(ls -A run); exit $code'",
                "train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");

            Assert.EndsWith("begin it anew.\n", ExampleProgram.ErrorOf(1, result));
            Assert.EndsWith("\nleft:\n", result.Output);
        }
    }

    [LinuxFact]
    public void A_folder_in_the_place_of_a_run_s_log_or_lock_is_told_as_a_folder()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        File.Delete(program.File("run/log.jsonl"));
        foreach (var name in (string[])["log.jsonl", ".lock"])
        {
            Directory.CreateDirectory(program.File($"run/{name}"));
            Assert.Matches(
                $"The run in run can't go on: .*run/{name}.* is a folder, no regular file",
                program.Fail(1, "train", "--resume", "run", "--steps", "2"));
            Directory.Delete(program.File($"run/{name}"));
        }
    }
}
