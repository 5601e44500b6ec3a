using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>
/// A run's folder that is renamed, moved or deleted while it trains. Linux says where an open file is; Windows lets nobody rename its
/// folder.
/// </summary>
public sealed class MovedRunTests : IDisposable
{
    private static readonly string[] Training =
        ["train", "--steps", "8", "--batch-size", "2", "--checkpoint-every", "2", "--sample-every", "4", "--count", "1", "--sample-steps",
            "1", "--device", "cpu"];

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [LinuxFact]
    public void A_run_that_is_renamed_while_it_trains_trains_on_under_its_new_name()
    {
        program.Succeed([.. Training, "--out", "still"]);

        var result = program.Run([.. Training, "--out", "young"], AtFirstStep(
            () => Directory.Move(program.File("young"), program.File("renamed"))));

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains($"report {program.File("renamed")}", result.Output);
        Assert.False(Path.Exists(program.File("young")));
        Assert.Equal(Files("still"), Files("renamed"));
        program.Succeed("sample", "--checkpoint", "renamed", "--count", "1", "--steps", "1");
        Assert.Contains("Nothing is left to train", program.Succeed("train", "--resume", "renamed"));
    }

    [LinuxFact]
    public void A_run_that_is_deleted_while_it_trains_ends_and_leaves_no_other()
    {
        var result = program.Run([.. Training, "--out", "run"], AtFirstStep(() => Directory.Delete(program.File("run"), recursive: true)));

        Assert.Equal(
            "error: The run in run can't go on: No checkpoint can be written. "
            + $"The folder {program.File("run/checkpoints")} isn't there any more: it was moved or deleted meanwhile. What was moved goes on from its newest checkpoint: train --resume with the folder "
            + "where it is now.\n",
            ExampleProgram.ErrorOf(1, result));
        Assert.Empty(Directory.GetFileSystemEntries(program.Folder));
    }

    private static Action<System.Diagnostics.Process, string> AtFirstStep(Action act)
    {
        var done = false;
        return (_, line) =>
        {
            if (done || !line.Contains("  step ", StringComparison.Ordinal))
                return;
            done = true;
            act();
        };
    }

    /// <summary>But for TensorBoard's, which are called by the time.</summary>
    private IEnumerable<string> Files(string run) => Directory.EnumerateFiles(program.File(run), "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(program.File(run), path))
        .Where(name => !name.StartsWith("events.", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);
}
