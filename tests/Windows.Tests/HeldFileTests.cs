using UNetGen.Windows.Tests.Harness;

namespace UNetGen.Windows.Tests;

/// <summary>Files that another process has open, which on Windows nobody can replace, delete or rename the folder of.</summary>
public sealed class HeldFileTests : IDisposable
{
    private readonly WindowsProgram program = new();

    public void Dispose() => program.Dispose();

    /// <summary>In Wine it is replaced; Windows renames no folder with such a file in it, and the run waits for that to end.</summary>
    [WindowsFact]
    public void A_checkpoint_whose_files_others_have_open_is_replaced_or_the_run_says_who_is_in_its_way_and_goes_on_later()
    {
        program.Succeed(
            "train", "--steps", "4", "--batch-size", "2", "--checkpoint-every", "2", "--sample-every", "none", "--count", "1",
            "--sample-steps", "1", "--out", "run");
        const string replaced = @"run\checkpoints\step-00000004\ema.safetensors";
        Damage(replaced);
        using (Hold(replaced, FileShare.Read))
        using (Hold(@"run\checkpoints\step-00000004\weights.safetensors", FileShare.ReadWrite | FileShare.Delete))
        {
            var held = program.Run("train", "--resume", "run");
            Assert.Contains("going on after step 2", held.Output);
            if (held.ExitCode != 0)
                Assert.Contains("another program has a file in ", held.Error);
        }

        // Of what was left over, and of the older ones, nothing stays.
        program.Succeed("train", "--resume", "run", "--steps", "6", "--keep-checkpoints", "1");
        Assert.Empty(Directory.GetDirectories(program.File(@"run\checkpoints"), ".step-*"));
        Assert.Empty(Directory.GetDirectories(program.File(@"run\checkpoints"), "*.old"));
        program.Succeed("sample", "--checkpoint", @"run\checkpoints\step-00000006", "--steps", "1", "--count", "1");
    }

    [WindowsFact]
    public void A_picture_and_a_log_that_another_program_has_open_are_left_as_they_are_and_named()
    {
        program.Succeed("train", "--steps", "2", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--out", "run");
        var (picture, log) = (File.ReadAllBytes(program.File(@"run\samples.png")), File.ReadAllBytes(program.File(@"run\log.jsonl")));
        string[] draw = ["sample", "--checkpoint", "run", "--steps", "1", "--count", "1", "--out", @"run\samples.png", "--seed"];
        using (Hold(@"run\samples.png", FileShare.Read))
        using (Hold(@"run\log.jsonl", FileShare.ReadWrite))
        {
            Assert.Contains(@"run\samples.png can't be written: another program has it open", program.Fail(1, [.. draw, "1"]));
            Assert.Contains(
                @"run\log.jsonl can't be written: another program has it open",
                program.Fail(1, "train", "--resume", "run", "--steps", "3"));
        }
        Assert.Equal(picture, File.ReadAllBytes(program.File(@"run\samples.png")));
        Assert.Equal(log, File.ReadAllBytes(program.File(@"run\log.jsonl")));
        Assert.Empty(Directory.GetFiles(program.File("run"), ".*"));

        program.Succeed("train", "--resume", "run", "--steps", "3");
        Assert.Equal(3, File.ReadAllLines(program.File(@"run\log.jsonl")).Length);
    }

    private FileStream Hold(string file, FileShare share) => new(program.File(file), FileMode.Open, FileAccess.Read, share);

    private void Damage(string file)
    {
        var bytes = File.ReadAllBytes(program.File(file));
        bytes[^1] ^= 1;
        File.WriteAllBytes(program.File(file), bytes);
    }
}
