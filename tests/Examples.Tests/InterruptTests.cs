using System.Diagnostics;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>Ctrl-C, SIGTERM and a closed terminal end a training without losing it.</summary>
public sealed class InterruptTests : IDisposable
{
    private const int Interrupted = 130;

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [LinuxFact]
    public void The_first_signal_finishes_the_step_saves_and_says_how_to_go_on()
    {
        var result = program.Run(["train", "--steps", "1000", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--out", "run"],
            TerminateAt("  step "));

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
    public void A_terminal_that_is_closed_saves_as_well()
    {
        var result = program.Run(
            ["train", "--steps", "1000", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--sample-every", "none", "--out",
                "run"],
            SignalAt("  step ", "-HUP"));

        Assert.Equal(Interrupted, result.ExitCode);
        // The output is no terminal, and is there still.
        Assert.Equal("", result.Error);
        Assert.Contains("interrupted: saved at step ", result.Output);
        Assert.Contains("train --resume run", result.Output);
        var step = int.Parse(Path.GetFileName(Assert.Single(Directory.GetDirectories(program.File("run/checkpoints"))))[^8..]);
        Assert.Equal(step, File.ReadAllLines(program.File("run/log.jsonl")).Length);
    }

    [LinuxFact]
    public void A_terminal_that_is_gone_takes_the_words_with_it_and_nothing_else()
    {
        // `script` gives it a terminal, which ends with `script`. Its progress bar then writes to nowhere.
        var command = $"echo $$ > pid; exec dotnet {ExampleProgram.Path} train --steps 100000 --batch-size 2 --count 1 --sample-every none "
            + "--sample-steps 1 --out run";
        using var terminal = Process.Start(
            new ProcessStartInfo("script", ["-qec", command, "/dev/null"])
            {
                WorkingDirectory = program.Folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        WaitFor(() => File.Exists(program.File("run/log.jsonl")) && File.ReadLines(program.File("run/log.jsonl")).Any());
        var arguments = $"/proc/{File.ReadAllText(program.File("pid")).Trim()}/cmdline";
        terminal.Kill();
        // Nobody's child any more, it may stay in the list when it has ended, without arguments.
        WaitFor(() => !File.Exists(arguments) || File.ReadAllText(arguments).Length == 0);

        var step = int.Parse(Path.GetFileName(Assert.Single(Directory.GetDirectories(program.File("run/checkpoints"))))[^8..]);
        Assert.Equal(step, File.ReadAllLines(program.File("run/log.jsonl")).Length);
    }

    [LinuxFact]
    public void Output_that_goes_nowhere_is_an_error_and_no_abort()
    {
        Inspect("> /dev/full 2>&1", "");
        Inspect(">&- 2>&-", "");
        Inspect(">&-", "error: The program's output can't be written to where it goes: it is closed");
        Inspect("> /dev/full", "error: The program's output can't be written to where it goes: ");
    }

    private static void Inspect(string where, string said)
    {
        using var shell = Process.Start(
            new ProcessStartInfo("bash", ["-c", $"dotnet {ExampleProgram.Path} inspect shapes {where}"])
            {
                RedirectStandardError = true,
            })!;
        var told = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        Assert.Equal(1, shell.ExitCode);
        Assert.StartsWith(said, told, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", told);
    }

    [LinuxFact]
    public void The_second_signal_ends_at_once_and_the_last_checkpoint_is_whole()
    {
        // Steps so large that the second signal comes within the one that the first waits for.
        Task? signals = null;
        var result = program.Run(
            ["train", "--steps", "10", "--batch-size", "256", "--checkpoint-every", "1", "--count", "1", "--sample-steps", "1", "--out",
                "run"],
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

    [LinuxFact]
    public void Grids_that_were_cut_off_are_drawn_when_the_run_goes_on()
    {
        string[] options = ["--steps", "6", "--batch-size", "2", "--sample-every", "3", "--count", "16", "--sample-steps", "1", "--device",
            "cpu"];
        program.Succeed(["train", .. options, "--out", "whole"]);

        var first = program.Run(["train", .. options, "--out", "cut"], TerminateAt("step 3 of 6"));
        Assert.Equal(Interrupted, first.ExitCode);
        Assert.Contains("interrupted: saved at step 3\n", first.Output);
        Assert.False(Directory.Exists(program.File("cut/samples")));

        var second = program.Run(["train", "--resume", "cut"], TerminateAt("6 steps in "));
        Assert.Equal(Interrupted, second.ExitCode);
        Assert.Contains("interrupted: saved at step 6, the last one", second.Output);
        Assert.Contains("train --resume cut", second.Output);
        Assert.False(File.Exists(program.File("cut/samples.png")));

        program.Succeed("train", "--resume", "cut");
        Assert.Equal(["samples.png", "samples/step-00000003.png", "samples/step-00000006.png"], Samples("whole"));
        Assert.Equal(Samples("whole"), Samples("cut"));
        foreach (var file in Samples("whole").Append("noise-to-picture.png"))
            Assert.True(
                File.ReadAllBytes(program.File($"whole/{file}")).SequenceEqual(File.ReadAllBytes(program.File($"cut/{file}"))),
                $"{file} differs");
    }

    [LinuxFact]
    public void A_classifier_that_is_stopped_leaves_nothing()
    {
        var data = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");
        var result = program.Run(
            ["classifier", "--data", data, "--spec", "mnist", "--epochs", "1000", "--out", "c.safetensors"],
            process =>
            {
                while (!File.Exists(program.File(".c.safetensors.lock")) && !process.HasExited)
                    Thread.Sleep(20);
                using var kill = Process.Start("kill", $"{process.Id}");
            });
        Assert.Equal((Interrupted, "interrupted: nothing was written\n", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Empty(Directory.GetFileSystemEntries(program.Folder));
    }

    [LinuxFact]
    public void A_drawing_that_is_stopped_says_what_it_leaves()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "2", "--count", "1", "--sample-steps", "1", "--sample-every", "none",
            "--out", "run");
        foreach (var (output, claim, left) in new[]
        {
            ("grid.png", ".grid.png.lock", "nothing was written"),
            ("latents.safetensors", ".latents.safetensors.lock", "nothing was written"),
            ("folder", "folder/samples.json", "the same command continues in folder"),
        })
        {
            var result = program.Run(
                ["sample", "--checkpoint", "run", "--sampler", "ddpm", "--count", "400", "--out", output],
                process =>
                {
                    while (!File.Exists(program.File(claim)) && !process.HasExited)
                        Thread.Sleep(20);
                    Terminate(process);
                });
            Assert.Equal((Interrupted, ""), (result.ExitCode, result.Error));
            Assert.Contains($"interrupted: {left}\n", result.Output);
        }
    }

    [LinuxFact]
    public void A_signal_before_the_first_step_leaves_no_run()
    {
        var result = program.Run(["train", "--out", "run"], process =>
        {
            // It is made just before the first step.
            while (!process.HasExited && !Directory.Exists(program.File("run")))
                Thread.Sleep(1);
            Terminate(process);
        });

        Assert.Equal(Interrupted, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.Contains("interrupted before the first step: ", result.Output);
        Assert.Empty(Directory.GetFileSystemEntries(program.Folder));
    }

    [LinuxFact]
    public void A_signal_while_data_is_opened_ends_at_once_and_nothing_is_begun()
    {
        Directory.CreateDirectory(program.File("data"));
        File.WriteAllBytes(program.File("data/a.png"), new byte[100]);
        using var held = new HeldFile(program.File("data/a.png"));
        var since = 0L;
        var result = program.Run(["train", "--data", "data", "--spec", "shapes", "--steps", "1", "--out", "run"], process =>
        {
            // It is loaded long after signals are seen to, and just before the data is opened.
            while (!process.HasExited && !File.ReadAllText($"/proc/{process.Id}/maps").Contains("libtorch_cpu"))
                Thread.Sleep(5);
            Thread.Sleep(TimeSpan.FromSeconds(2));
            since = Stopwatch.GetTimestamp();
            Terminate(process);
        });

        Assert.Equal((Interrupted, ""), (result.ExitCode, result.Error));
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.False(Directory.Exists(program.File("run")));
    }

    private string[] Samples(string run) =>
        [
            .. Directory.GetFiles(program.File(run), "*.png", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(program.File(run), path)).Where(name => name.StartsWith("samples"))
                .Order(StringComparer.Ordinal)];

    private static Action<Process, string> TerminateAt(string text) => SignalAt(text, "-TERM");

    private static Action<Process, string> SignalAt(string text, string signal)
    {
        var signalled = false;
        return (process, line) =>
        {
            if (signalled || !line.Contains(text))
                return;
            signalled = true;
            Send(signal, process);
        };
    }

    private static void WaitFor(Func<bool> isThere) =>
        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(50); return isThere(); }, TimeSpan.FromMinutes(2)), "it didn't come");

    private static void Terminate(Process process) => Send("-TERM", process);

    private static void Send(string signal, Process process) => Process.Start("kill", [signal, $"{process.Id}"]).WaitForExit();
}
