using System.Diagnostics;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>Ctrl-C and SIGTERM end a training without losing it.</summary>
public sealed class InterruptTests : IDisposable
{
    private const int Interrupted = 130;

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [LinuxFact]
    public void The_first_signal_finishes_the_step_saves_and_says_how_to_go_on()
    {
        var signalled = false;
        var result = program.Run(
            ["train", "--time", "60", "--batch-size", "2", "--count", "1", "--out", "run"],
            (process, line) =>
            {
                if (signalled || !line.Contains("  step "))
                    return;
                signalled = true;
                Terminate(process);
            });

        Assert.Equal(Interrupted, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.Contains("interrupted: saved", result.Output);
        Assert.Contains("train --resume run", result.Output);
        Assert.False(File.Exists(program.File("run/samples.png")));
        program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1");
        Assert.True(File.Exists(program.File("run/samples-ddim-0.png")));

        var lines = File.ReadAllLines(program.File("run/log.jsonl")).Length;
        Assert.Contains($"going on after step {lines:N0}", program.Succeed("train", "--resume", "run", "--steps", $"{lines + 2}"));
        Assert.Equal(lines + 2, File.ReadAllLines(program.File("run/log.jsonl")).Length);
        Assert.True(File.Exists(program.File("run/samples.png")));
    }

    [LinuxFact]
    public void The_second_signal_ends_at_once_and_the_last_checkpoint_is_whole()
    {
        // Steps so large that the second signal comes within the one that the first waits for.
        Task? signals = null;
        var result = program.Run(
            ["train", "--steps", "10", "--batch-size", "512", "--checkpoint-every", "1", "--count", "1", "--out", "run"],
            (process, line) =>
            {
                // By now the checkpoint of the first step is there.
                if (line.Contains("  step 2 of"))
                    signals ??= Task.Run(() =>
                    {
                        for (; !process.HasExited; Thread.Sleep(50))
                            Terminate(process);
                    });
            });

        Assert.Equal(Interrupted, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.DoesNotContain("interrupted", result.Output);
        program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1");
    }

    private static void Terminate(Process process) => Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
}
