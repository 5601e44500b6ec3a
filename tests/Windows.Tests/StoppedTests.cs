using System.Diagnostics;
using System.Text.Json.Nodes;
using UNetGen.Windows.Tests.Harness;

namespace UNetGen.Windows.Tests;

/// <summary>Trainings and drawings that are ended by TerminateProcess or Ctrl-C, and go on.</summary>
public sealed class StoppedTests : IDisposable
{
    private const int Interrupted = 130;

    private readonly WindowsProgram program = new();

    public void Dispose() => program.Dispose();

    [WindowsFact]
    public void Terminated_while_it_saves_a_run_ends_as_an_unbroken_one()
    {
        string[] options = ["--steps", "6", "--batch-size", "2", "--checkpoint-every", "1", "--sample-every", "none", "--count", "1",
            "--sample-steps", "1"];
        program.Succeed(["train", .. options, "--out", "whole"]);

        var unfinished = 0;
        string[] command = ["train", .. options, "--out", "stopped"];
        foreach (var step in (int[])[2, 4])
        {
            var result = program.Run(command, started: process => TerminateWhileSaving(process, step));
            Assert.True(result.ExitCode == -1, $"exit code {result.ExitCode}: {result.Error}{result.Output}");
            unfinished += Directory.GetDirectories(program.File(@"stopped\checkpoints"), ".step-*.tmp").Length;
            command = ["train", "--resume", "stopped"];
        }
        Assert.InRange(unfinished, 1, 2);
        program.Succeed(command);

        const string last = @"checkpoints\step-00000006";
        foreach (var file in (string[])[@$"{last}\weights.safetensors", @$"{last}\ema.safetensors", @$"{last}\optimizer.safetensors"])
            Assert.True(
                File.ReadAllBytes(program.File(@$"whole\{file}")).SequenceEqual(File.ReadAllBytes(program.File(@$"stopped\{file}"))),
                $"{file} differs");
        Assert.Equal(Log("whole"), Log("stopped"));
        Assert.Empty(Directory.GetDirectories(program.File(@"stopped\checkpoints"), ".step-*.tmp"));
        Assert.False(File.Exists(program.File(@"stopped\.lock")));
    }

    [WindowsFact]
    public void Ctrl_C_finishes_the_step_saves_and_says_how_to_go_on()
    {
        var result = program.Run(["train", "--steps", "200", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--out", "run"],
            InterruptAt("  step "));

        Assert.True(result.ExitCode == Interrupted, $"exit code {result.ExitCode}: {result.Error}{result.Output}");
        Assert.Equal("", result.Error);
        Assert.Contains("interrupted: saved", result.Output);
        Assert.Contains("train --resume run", result.Output);
        var steps = Log("run").Length;
        Assert.Contains(
            $"going on after step {steps:N0}",
            program.Succeed("train", "--resume", "run", "--steps", $"{steps + 1}", "--sample-every", "none"));
    }

    [WindowsFact]
    public void The_second_Ctrl_C_ends_at_once_and_the_last_checkpoint_is_whole()
    {
        // Steps so large that the second comes within the one that the first waits for.
        Thread? presses = null;
        var result = program.Run(
            ["train", "--steps", "10", "--batch-size", "256", "--checkpoint-every", "1", "--count", "1", "--sample-steps", "1",
                "--out", "run"],
            (process, line) =>
            {
                if (line.Contains("  step 2 of"))
                    presses ??= WindowsProgram.Begin(() =>
                    {
                        ConsoleSignal.Interrupt(process);
                        Thread.Sleep(100);
                        ConsoleSignal.Interrupt(process);
                    });
            });
        presses!.Join();
        ConsoleSignal.Heed();

        Assert.True(result.ExitCode == Interrupted, $"exit code {result.ExitCode}: {result.Error}{result.Output}");
        Assert.Equal("", result.Error);
        Assert.DoesNotContain("interrupted", result.Output);
        program.Succeed("sample", "--checkpoint", "run", "--count", "1", "--steps", "1");
    }

    [WindowsFact]
    public void A_folder_of_samples_is_continued_to_the_byte()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "2", "--sample-every", "none", "--count", "1", "--sample-steps", "1",
            "--out", "run");
        string[] draw = ["sample", "--checkpoint", "run", "--steps", "2", "--count", "32", "--batch-size", "2", "--out"];
        program.Succeed([.. draw, "whole"]);

        var cut = program.Run([.. draw, @"more\cut"], started: process =>
        {
            while (!File.Exists(program.File(@"more\cut\000003.png")) && !process.HasExited)
                Thread.Sleep(1);
            process.Kill();
        });
        Assert.Equal(-1, cut.ExitCode);
        Assert.Contains("of them new", program.Succeed([.. draw, "more/cut/"]));
        string[] names = [.. Directory.GetFiles(program.File("whole")).Select(path => Path.GetFileName(path)).Order()];
        Assert.Equal(names, Directory.GetFileSystemEntries(program.File(@"more\cut")).Select(path => Path.GetFileName(path)).Order());
        Assert.All(names, name => Assert.Equal(
            File.ReadAllBytes(program.File(@$"whole\{name}")), File.ReadAllBytes(program.File(@$"more\cut\{name}"))));
    }

    /// <summary>Ends it while it writes the first checkpoint after a step.</summary>
    private void TerminateWhileSaving(Process process, int step)
    {
        var checkpoints = program.File(@"stopped\checkpoints");
        while (!process.HasExited)
        {
            if (Directory.Exists(checkpoints) && Directory.EnumerateDirectories(checkpoints, ".step-*.tmp")
                .Any(folder => string.CompareOrdinal(Path.GetFileName(folder)[..14], $".step-{step:D8}") >= 0))
                process.Kill();
        }
    }

    private static Action<Process, string> InterruptAt(string text)
    {
        var pressed = false;
        return (process, line) =>
        {
            if (pressed || !line.Contains(text))
                return;
            pressed = true;
            ConsoleSignal.Interrupt(process);
            ConsoleSignal.Heed();
        };
    }

    /// <summary>All of the log but what the steps cost.</summary>
    private string[] Log(string run) =>
    [
        .. File.ReadLines(program.File(@$"{run}\log.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Select(step => $"{step["step"]} {step["loss"]} {step["gradient_norm"]}"),
    ];
}
