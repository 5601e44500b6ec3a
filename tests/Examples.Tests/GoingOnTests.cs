using System.Text;
using System.Text.RegularExpressions;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>What <c>train --resume</c> refuses, or has nothing to do about, leaves the run's folder as it was.</summary>
public sealed class GoingOnTests(GoingOnTests.Trained trained) : IClassFixture<GoingOnTests.Trained>
{
    /// <summary>A run that has ended at step 6, with checkpoints of 2, 4 and 6.</summary>
    public sealed class Trained : IDisposable
    {
        public Trained() => Program.Succeed(
            "train", "--steps", "6", "--batch-size", "2", "--checkpoint-every", "2", "--sample-every", "3", "--count", "1",
            "--sample-steps", "1", "--decay", "constant", "--device", "cpu", "--out", "run");

        public ExampleProgram Program { get; } = new();

        public void Dispose() => Program.Dispose();
    }

    private const string LockFile = ".lock";
    private const string Holder = "process 7 on node3, since 2026-11-26 14:03:11 +00:00";

    private readonly ExampleProgram program = trained.Program;

    [Fact]
    public void Without_a_whole_checkpoint_each_damaged_one_is_named()
    {
        var run = CopyOfRun("damaged");
        foreach (var weights in Directory.GetFiles(program.File(run), "weights.safetensors", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(weights);
            bytes[^1] ^= 1;
            File.WriteAllBytes(weights, bytes);
        }

        var error = AssertUnchanged(run, () => program.Fail(1, "train", "--resume", run));

        Assert.Contains("no checkpoint in damaged/checkpoints is whole", error);
        Assert.All([2, 4, 6], step => Assert.Contains($"step-{step:D8}", error));
        Assert.Contains("train --run damaged/run.yaml --out NEW_FOLDER", error);
    }

    [Fact]
    public void A_run_that_is_called_as_a_checkpoint_is_a_run_to_every_command()
    {
        var run = CopyOfRun("step-00000012");

        Assert.Contains("Nothing is left to train", program.Succeed("train", "--resume", run));
        program.Succeed("explain", run);
        program.Succeed("export", "--checkpoint", run, "--format", "safetensors", "--out", $"{run}/weights.safetensors");
        program.Succeed("sample", "--checkpoint", $"{run}/weights.safetensors", "--count", "1", "--steps", "1");
        Assert.DoesNotContain("is damaged", program.Succeed("report", run));
        Assert.Contains(
            $"{run}/checkpoints/step-00000006",
            program.Succeed("train", "--init-from", run, "--steps", "1", "--batch-size", "2", "--sample-every", "none", "--count", "1",
                "--sample-steps", "1", "--device", "cpu", "--out", "tuned") + File.ReadAllText(program.File("tuned/run.yaml")));
    }

    [Fact]
    public void A_network_under_another_of_its_names_is_the_same()
    {
        foreach (var name in (string[])["shapes", "SHAPESUNET", "specs/shapes.unet.yaml"])
            Assert.Contains("Nothing is left to train", program.Succeed("train", "--resume", "run", "--spec", name));
    }

    [Fact]
    public void Steps_without_a_checkpoint_are_not_thrown_away()
    {
        var run = CopyOfRun("emptied");
        Directory.Delete(program.File("emptied/checkpoints"), recursive: true);

        var error = AssertUnchanged(run, () => program.Fail(1, "train", "--resume", run));

        Assert.Contains("there is no checkpoint in emptied/checkpoints, though its log tells of 6 steps", error);
        Assert.Contains("train --run emptied/run.yaml --out NEW_FOLDER", error);
    }

    [Fact]
    public void A_log_that_has_lost_lines_is_told_and_goes_on()
    {
        var log = program.File($"{CopyOfRun("lost")}/log.jsonl");
        File.WriteAllLines(log, File.ReadAllLines(log)[..4]);

        var output = program.Succeed("train", "--resume", "lost", "--steps", "7");

        Assert.Contains("warning: lost/log.jsonl tells of 4 of the 6 steps until now: lines are lost", output);
        Assert.Equal(5, File.ReadAllLines(log).Length);
    }

    [Fact]
    public void A_newer_checkpoint_under_an_earlier_steps_name_is_told_and_that_steps_are_trained_once_more()
    {
        var run = CopyOfRun("misnamed");
        var misnamed = program.File($"{run}/checkpoints/step-00000003");
        Directory.Move(program.File($"{run}/checkpoints/step-00000006"), misnamed);

        string[][] readers = [["explain", run], ["report", run], ["sample", "--checkpoint", run, "--count", "1", "--steps", "1"]];
        foreach (var reader in readers)
            Assert.Contains($"{misnamed} has another step's name: what it holds is of step 6.", program.Succeed(reader));
        var output = program.Succeed("train", "--resume", run);

        Assert.Contains($"warning: The checkpoint {misnamed} has another step's name: what it holds is of step 6.", output);
        Assert.Contains(
            "warning: misnamed/log.jsonl went on to step 6, and the newest whole checkpoint is of step 4: what comes after that is trained "
                + "once more.",
            output);
        Assert.DoesNotContain("went on to step", program.Succeed("train", "--resume", run, "--steps", "7"));
    }

    [Theory]
    [InlineData("samples.png")]
    [InlineData("noise-to-picture.png")]
    [InlineData("loss.png")]
    public void A_folder_in_the_place_of_a_picture_is_told_before_a_step_is_trained(string picture)
    {
        var run = CopyOfRun($"blocked-{picture}");
        File.Delete(program.File($"{run}/{picture}"));
        Directory.CreateDirectory(program.File($"{run}/{picture}"));

        var error = AssertUnchanged(run, () => program.Fail(1, "train", "--resume", run, "--steps", "8"));

        Assert.StartsWith(
            $"error: The run in {run} can't go on: {run}/{picture} can't be written: a folder is there. The checkpoint "
                + $"{program.File(run)}/checkpoints/step-00000006 is whole",
            error);
    }

    [Fact]
    public void A_damaged_line_of_starts_is_told_by_who_goes_on_and_who_reports()
    {
        var starts = program.File($"{CopyOfRun("torn")}/starts.jsonl");
        File.WriteAllText(starts, "{\"date\":\n" + File.ReadAllText(starts));
        const string warning = "warning: {0}: 1 line can't be read and is left out; the first is line 1.";

        Assert.Contains(string.Format(warning, "torn/starts.jsonl"), program.Succeed("train", "--resume", "torn", "--steps", "7"));
        Assert.Contains(string.Format(warning, "torn/starts.jsonl"), program.Succeed("report", "torn"));
    }

    [Fact]
    public void A_run_that_another_process_trains_is_left_alone()
    {
        var run = CopyOfRun("busy");
        using var training = Hold(run);
        Assert.Equal(
            $"error: The run in busy can't go on: {Holder}, trains it. Wait until that one has ended, or stop it; nothing was changed.\n",
            AssertUnchanged(run, () => program.Fail(1, "train", "--resume", run, "--steps", "8")));
        Assert.Contains("isn't empty", AssertUnchanged(run, () => program.Fail(1, "train", "--steps", "8", "--out", run)));

        // Who only reads asks nobody.
        program.Succeed("report", run);
        program.Succeed("sample", "--checkpoint", run, "--steps", "1", "--count", "1");
    }

    [Fact]
    public void A_folder_in_which_another_training_is_just_beginning_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(program.File("beginning"));
        using var training = Hold("beginning");
        Assert.Equal(
            $"error: The folder beginning is taken: {Holder}, trains in it. Name another with --out.\n",
            AssertUnchanged("beginning", () => program.Fail(1, "train", "--steps", "8", "--out", "beginning")));
    }

    [Fact]
    public void An_ended_run_is_left_alone_and_says_so()
    {
        var run = CopyOfRun("ended");
        Assert.Contains(
            "Nothing is left to train: the run in ended has ended at step 6",
            AssertUnchanged(run, () => program.Succeed("train", "--resume", run)));
        var refused = AssertUnchanged(run, () => program.Fail(1, "train", "--resume", run, "--steps", "4"));
        Assert.Contains("is at step 6, and can't end at step 4", refused);
        Assert.DoesNotContain("which has moved", refused);

        program.Succeed("train", "--time", "2", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--sample-every", "none",
            "--out", "timed");
        refused = AssertUnchanged("timed", () => program.Fail(1, "train", "--resume", "timed", "--time", "1"));
        Assert.Matches("has trained for [.0-9]+ s, and can't end after 1, which is before. Nothing was changed; give more --time.", refused);
    }

    [Fact]
    public void Another_number_of_threads_device_processor_or_version_is_warned_about()
    {
        var run = CopyOfRun("elsewhere");
        const string warning = "from here on the run is equal to an unbroken one to rounding only";
        Assert.DoesNotContain(warning, program.Succeed("train", "--resume", run, "--steps", "7"));

        var starts = program.File("elsewhere/starts.jsonl");
        var threads = Regex.Match(File.ReadAllText(starts), "\"threads\":([0-9]+)").Groups[1].Value;
        File.WriteAllText(
            starts,
            File.ReadAllText(starts).Replace($"\"threads\":{threads}", "\"threads\":99").Replace(
                "\"device\":\"cpu\"", "\"device\":\"cuda:0\"").Replace("\"torchsharp\":\"", "\"torchsharp\":\"9.").Replace(
                "\"processor\":\"", "\"processor\":\"Old "));

        Assert.Matches(
            $"warning: threads {threads}, not 99 as before; device cpu, not cuda:0 as before; processor (.*), not Old \\1 as before; "
                + $"TorchSharp ([0-9.]*), not 9\\.\\2 as before: {warning}\\.\n",
            program.Succeed("train", "--resume", run, "--steps", "8"));
    }

    [NamespaceFact]
    public void A_read_only_run_is_told_with_the_checkpoint_to_go_on_from()
    {
        var run = CopyOfRun("sealed");
        var result = program.RunBy(
            "unshare -rm sh -c 'mount --bind sealed sealed && mount -o remount,bind,ro sealed && exec \"$0\" \"$@\"'", "train", "--resume",
            run, "--steps", "8");

        var error = ExampleProgram.ErrorOf(1, result);
        Assert.Contains("The run in sealed can't go on: sealed can't be written: Read-only file system. ", error);
        Assert.Contains("step-00000006 is whole; once that is mended, go on with: train --resume sealed", error);
    }

    /// <summary>Locks a folder as another process does that trains in it.</summary>
    private FileStream Hold(string run)
    {
        var share = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None;
        var file = new FileStream(program.File($"{run}/{LockFile}"), FileMode.CreateNew, FileAccess.ReadWrite, share, bufferSize: 0);
        file.Write(Encoding.UTF8.GetBytes($"{Holder}\n"));
        return file;
    }

    private string CopyOfRun(string name)
    {
        foreach (var file in Directory.GetFiles(program.File("run"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(program.File(name), Path.GetRelativePath(program.File("run"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return name;
    }

    private string AssertUnchanged(string run, Func<string> act)
    {
        var before = Content(run);
        var said = act();
        Assert.Equal(before, Content(run));
        return said;
    }

    /// <summary>Every file and what is in it; but the lock's own, which no other .NET program can read.</summary>
    private string[] Content(string run) =>
    [
        .. Directory.GetFiles(program.File(run), "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != LockFile).Order()
            .Select(file => $"{file} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}"),
    ];
}
