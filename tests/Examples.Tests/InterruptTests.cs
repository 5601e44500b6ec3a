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
    public void The_first_signal_saves_and_draws()
    {
        var result = Train(count: 1, (process, line) => Signal(process, line.Contains("  step ")));
        Assert.Equal(Interrupted, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.Contains("interrupted: saved", result.Output);
        Assert.True(File.Exists(program.File("run/samples.png")));
        program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1");
        Assert.True(File.Exists(program.File("run/samples-ddim-0.png")));
    }

    [LinuxFact]
    public void The_second_signal_ends_at_once_and_the_checkpoint_is_whole()
    {
        // Drawing so many takes longer than the second signal.
        var result = Train(count: 400, (process, line) => Signal(process, line.Contains("  step ") || line.Contains("interrupted: saved")));
        Assert.Equal(Interrupted, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.False(File.Exists(program.File("run/samples.png")));
        program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1");
    }

    private ExampleProgram.Result Train(int count, Action<Process, string> seen)
    {
        var once = new HashSet<string>();
        // A line of progress comes with every tenth of the time; the training itself would take a minute.
        return program.Run(
            ["train", "--time", "60", "--batch-size", "2", "--count", $"{count}", "--out", "run"],
            (process, line) =>
            {
                if (once.Add(line.Contains("  step ") ? "progress" : line))
                    seen(process, line);
            });
    }

    private static void Signal(Process process, bool now)
    {
        if (now)
            Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
    }
}
