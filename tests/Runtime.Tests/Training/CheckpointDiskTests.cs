using System.Text.RegularExpressions;
using UNetGen.Runtime.Tests.Native;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>A disk that doesn't take a checkpoint ends the saving with what, where and why; what was there before stays whole.</summary>
public sealed class CheckpointDiskTests : IDisposable
{
    private readonly TemporaryFolder root = new();

    public void Dispose() => root.Dispose();

    [NamespaceFact]
    public async Task A_full_disk_is_told_with_what_was_needed_and_what_is_free() =>
        AssertRefused(
            await InNamespace("mount -t tmpfs -o size=1m tmpfs \"$0\"", "1000"),
            @"No space left on device.*It needs 0\.\d MB, and 0\.\d MB are free there");

    [NamespaceFact]
    public async Task A_read_only_folder_is_told()
    {
        using (var tiny = new TinyCheckpoint(width: 2))
            new CheckpointStore(root.Path).Save(tiny.Content(5));

        var result = await InNamespace("mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"", "3");

        AssertRefused(result, "Read-only file system");
        Assert.Contains("newest 5\n", result.Output);
    }

    [LinuxFact]
    public async Task A_file_that_may_not_grow_so_large_is_told() =>
        // The runtime's own code would be written through a large file otherwise.
        AssertRefused(
            await Shell("trap '' XFSZ; ulimit -f 8000; exec", "1", ("DOTNET_EnableWriteXorExecute", "0")), "a file would be larger than");

    [Fact]
    public void A_file_in_the_folder_s_place_is_told()
    {
        var file = root.Write("checkpoints", [1]);
        using var tiny = new TinyCheckpoint(width: 1);

        var message = Assert.Throws<CheckpointException>(() => new CheckpointStore(file).Save(tiny.Content(7))).Message;

        Assert.StartsWith($"The checkpoint {Path.Combine(file, "step-00000007")} can't be written: ", message);
        Assert.Equal([1], File.ReadAllBytes(file));
    }

    private Task<TorchProcess.Result> InNamespace(string mounts, string keep) =>
        Shell($"exec unshare -rm sh -c '{mounts} && exec \"$@\"' \"$0\"", keep);

    /// <param name="before">What stands before the command; $0 is the folder.</param>
    /// <param name="keep">How many checkpoints stay.</param>
    /// <param name="environment">Variables for the process.</param>
    private Task<TorchProcess.Result> Shell(string before, string keep, params (string, string)[] environment) =>
        TorchProcess.RunCommand(["sh", "-c", $"{before} \"$@\"", root.Path, .. TorchProcess.Command("save", root.Path, keep)], environment);

    /// <summary>The message, then the last step that was saved as the newest, and nothing temporary.</summary>
    private void AssertRefused(TorchProcess.Result result, string reason)
    {
        Assert.True(result.ExitCode == 1, result.Output);
        var lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Matches($@"^The checkpoint {Regex.Escape(root.Path)}/step-\d{{8}} can't be written: .*{reason}.*\. Earlier checkpoints are as they were\.$", lines[^3]);
        if (lines[^4].StartsWith(SavingProcess.Saved, StringComparison.Ordinal))
            Assert.Equal($"newest {lines[^4][SavingProcess.Saved.Length..]}", lines[^2]);
        Assert.Equal("temporary 0", lines[^1]);
    }
}
