using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>
/// Memory and files that are missing are told in a sentence, with what is whole; no limit ends the program with a signal.
/// </summary>
public sealed class ShortageTests : IDisposable
{
    // The environment says how many rungs of each ladder to try; a few by default.
    private static readonly int Rungs = LongRuns.Count("UNETGEN_LIMITS_COUNT", few: 2, many: 3);

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [LinuxFact]
    public void Too_few_open_files_are_told_before_anything_begins()
    {
        foreach (var files in Ladder(46, 191))
        {
            var error = ExampleProgram.ErrorOf(1, program.RunBy($"prlimit --nofile={files}", "train", "--steps", "1", "--out", "run"));
            Assert.Equal(
                $"error: This process may have {files} files open at a time (ulimit -n), and its libraries alone need 192. Raise the "
                    + "limit.\n",
                error);
        }
        Assert.False(Directory.Exists(program.File("run")));
        // A network of a spec needs the most: the compiler is loaded as well.
        WriteSpec("other.unet.yaml");
        var result = program.RunBy(
            "prlimit --nofile=192", "train", "--spec", "other.unet.yaml", "--steps", "1", "--batch-size", "1", "--count", "1",
            "--sample-steps", "1", "--out", "run");
        Assert.True(result.ExitCode == 0, $"{result}");
    }

    [LinuxFact]
    public void Too_small_stacks_are_told_before_anything_hangs()
    {
        foreach (var kibibytes in (int[])[64, 128, 191])
            Assert.Equal(
                $"error: The threads of this process may have stacks of {kibibytes} KiB (ulimit -s), and its libraries need 192. Raise the "
                    + "limit.\n",
                ExampleProgram.ErrorOf(1, program.RunBy($"timeout 60 prlimit --stack={kibibytes << 10}", "explain", "shapes")));

        WriteSpec("other.unet.yaml");
        var result = program.RunBy(
            $"timeout 60 prlimit --stack={192 << 10}", "train", "--spec", "other.unet.yaml", "--steps", "1", "--batch-size", "1", "--count",
            "1", "--out", "run");
        Assert.True(result.ExitCode == 0, $"{result}");
    }

    [LinuxFact]
    public void A_limit_on_files_that_is_too_small_for_the_code_of_NET_is_told_before_anything_begins()
    {
        foreach (var bytes in Ladder(6_000_000, 63_900_000))
        {
            var error = ExampleProgram.ErrorOf(
                1, program.RunBy($"env DOTNET_EnableWriteXorExecute=1 prlimit --fsize={bytes}", "train", "--steps", "1", "--out", "run"));
            Assert.Matches(
                @"^error: This process may write files of [\d.]+ MB \(ulimit -f\), and \.NET itself needs one of 64\.0 MB, in memory\. "
                    + "Raise the limit, or set DOTNET_EnableWriteXorExecute=0\\.\n$",
                error);
        }
        Assert.False(Directory.Exists(program.File("run")));
        // Enough for both is enough: the compiler of specs makes the most code.
        WriteSpec("other.unet.yaml");
        string[] train = ["train", "--spec", "other.unet.yaml", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1",
            "--out"];
        foreach (var limit in (string[])["env DOTNET_EnableWriteXorExecute=1 prlimit --fsize=64000000", "prlimit --fsize=8000000"])
        {
            var result = program.RunBy(limit, [.. train, $"run{limit.Length}"]);
            Assert.True(result.ExitCode == 0, $"{result}");
        }
    }

    // Where much is asked for at once and denied, enough is left to say so. Where all of it goes in small pieces .NET may be the one that
    // is denied, and it aborts: docs/robustness.md has how often.
    [LinuxFact]
    public void Too_little_memory_for_a_step_is_told_with_what_to_ask_less_of()
    {
        foreach (var bytes in Ladder(1_000_000_000, 3_000_000_000))
        {
            var error = ExampleProgram.ErrorOf(
                1, program.RunBy($"prlimit --data={bytes}", "train", "--steps", "2", "--batch-size", "65536", "--out", "run"));
            Assert.Contains("Memory is used up: libtorch asked for", error);
            Assert.Contains(
                "(ulimit -d). A step has 65,536 images: a smaller `batch_size`, more `accumulation` or `checkpoint` needs "
                    + "less. It has no checkpoint yet",
                error);
        }
    }

    [LinuxFact]
    public void Memory_that_is_missing_for_a_drawing_is_told_and_leaves_the_checkpoint_whole()
    {
        program.Succeed("train", "--steps", "2", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--sample-every", "none",
            "--out", "run");
        var before = Directory.GetFiles(program.File("run/checkpoints/step-00000002")).ToDictionary(file => file, File.ReadAllBytes);

        foreach (var bytes in Ladder(900_000_000, 2_000_000_000))
            Assert.Contains("65,536 images pass at once, of 65,536: fewer at once need less.", ExampleProgram.ErrorOf(
                1,
                program.RunBy(
                    $"prlimit --data={bytes}", "sample", "--checkpoint", "run", "--count", "65536", "--batch-size", "65536", "--steps", "1",
                    "--out", "drawn")));

        Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
    }

    [LinuxFact]
    public void A_limit_on_the_size_of_files_is_told_as_a_full_disk_is()
    {
        // .NET's own mapping of its code is a file too, and too large for such a limit.
        const string limit = "env DOTNET_EnableWriteXorExecute=0 prlimit --fsize=3000000";
        const string told = "can't be written: a file would be larger than its file system, or a limit of this process, allows.";
        string[] train = ["train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out"];
        Assert.Contains(told, ExampleProgram.ErrorOf(1, program.RunBy(limit, [.. train, "run"])));

        program.Succeed([.. train, "whole"]);
        foreach (var (format, target) in new[] { ("safetensors", "w.safetensors"), ("onnx", "w.onnx"), ("web", "page") })
        {
            var error = ExampleProgram.ErrorOf(
                1, program.RunBy(limit, "export", "--checkpoint", "whole", "--format", format, "--out", target));
            Assert.Contains(told, error);
            Assert.Contains(target, error);
            Assert.DoesNotContain(".tmp", error);
            Assert.False(Path.Exists(program.File(target)));
        }
        Assert.Contains(
            "The program's output can't be written to where it goes: a file would be larger",
            ExampleProgram.ErrorOf(1, program.RunBy(
                "env DOTNET_EnableWriteXorExecute=0 prlimit --fsize=3000 sh -c '\"$0\" \"$@\" >out'", "generate",
                Path.Combine(ExampleProgram.Root, "specs", "cifar10.unet.yaml"))));
    }

    private void WriteSpec(string name) => File.WriteAllText(
        program.File(name), "preset: lucidrains\nimage_size: 8\nchannels: 3\ndim: 8\nchannel_multipliers: [1, 2]\n");

    private static IEnumerable<long> Ladder(long from, long to) =>
        Enumerable.Range(0, Rungs).Select(rung => from + (to - from) * rung / Math.Max(1, Rungs - 1));
}
