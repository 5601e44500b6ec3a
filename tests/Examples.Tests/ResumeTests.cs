using System.Diagnostics;
using System.Text.Json.Nodes;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>
/// Real runs of the program that are stopped, killed and repeated: what is left is, to the bit, what an unbroken one leaves.
/// </summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly int Kills = LongRuns.Count("UNETGEN_KILL_COUNT", 3, 6);

    private static readonly string[] Options =
    [
        "--batch-size", "2", "--accumulation", "2", "--flips", "--ema-decay", "0.9,0.999", "--ema-power", "0.75,none",
        "--optimizer", "adamw", "--weight-decay", "0.01", "--checkpoint-every", "3", "--count", "2", "--sample-steps", "1", "--seed", "7",
        "--device", "cpu",
    ];

    private static readonly string[] Forty = ["--steps", "40", "--sample-every", "20", .. Options];

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [LinuxFact]
    public void Killed_again_and_again_a_run_ends_as_an_unbroken_one()
    {
        program.Succeed(["train", .. Forty, "--out", "whole"]);

        var random = new Random(1);
        string[] start = ["train", .. Forty, "--out", "killed"];
        var command = start;
        var checkpoints = program.File("killed/checkpoints");
        var kills = 0;
        while (kills < Kills)
        {
            var ended = KillAfter(random.Next(0, 800), command);
            // Killed before the first checkpoint, there is nothing to go on with.
            var begun = Directory.Exists(checkpoints) && Directory.EnumerateDirectories(checkpoints, "step-*").Any();
            if (!begun && Directory.Exists(program.File("killed")))
                Directory.Delete(program.File("killed"), recursive: true);
            command = begun ? ["train", "--resume", "killed"] : start;
            if (ended)
                // Done before all the kills: the last steps once more, from a checkpoint before them.
                Directory.EnumerateDirectories(checkpoints).Order().Skip(1).ToList().ForEach(
                    checkpoint => Directory.Delete(checkpoint, recursive: true));
            else
                kills++;
        }
        program.Succeed(command);

        AssertSame("whole", "killed", 40);
    }

    [Fact]
    public void A_run_is_repeated_by_its_own_file_and_goes_on_by_more_steps()
    {
        program.Succeed(["train", "--steps", "12", "--sample-every", "6", .. Options, "--decay", "constant", "--out", "first"]);
        program.Succeed("train", "--run", "first/run.yaml", "--out", "second");
        Assert.Equal(File.ReadAllText(program.File("first/run.yaml")), File.ReadAllText(program.File("second/run.yaml")));
        AssertSame("first", "second", 12);

        var short_ = program.Succeed("train", "--run", "first/run.yaml", "--steps", "5", "--out", "third");
        Assert.Contains("\n5 steps in ", short_);
        Assert.Contains("--steps was 5 and is 12", program.Succeed("train", "--resume", "third", "--steps", "12"));
        AssertSame("first", "third", 12);

        var error = program.Fail(1, "train", "--resume", "first", "--learning-rate", "0.1", "--seed", "7");
        Assert.Contains("--learning-rate was 0.002.", error);
        Assert.DoesNotContain("--seed", error);
    }

    /// <summary>Whether the program came to its end before.</summary>
    private bool KillAfter(int milliseconds, string[] command)
    {
        Task? kill = null;
        var result = program.Run(command, (process, line) =>
        {
            // From here on it trains.
            if (line.Contains(" parameters, "))
                kill = Task.Run(() =>
                {
                    Thread.Sleep(milliseconds);
                    Kill(process);
                });
        });
        kill?.Wait();
        Assert.True(result.ExitCode is 0 or 137, $"exit code {result.ExitCode}: {result.Error}{result.Output}");
        return result.ExitCode == 0;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private void AssertSame(string expected, string actual, int steps)
    {
        var last = $"checkpoints/step-{steps:D8}";
        Assert.Equal(Names(Path.Combine(expected, last)), Names(Path.Combine(actual, last)));
        foreach (
            var file in (
                string[])[$"{last}/weights.safetensors", $"{last}/ema.safetensors", $"{last}/ema-0.999.safetensors",
                $"{last}/optimizer.safetensors", "samples.png", "noise-to-picture.png", $"samples/step-{steps / 2:D8}.png"])
            Assert.True(
                File.ReadAllBytes(program.File(Path.Combine(expected, file))).SequenceEqual(
                    File.ReadAllBytes(program.File(Path.Combine(actual, file)))),
                $"{file} differs");
        Assert.Equal(Log(expected), Log(actual));
    }

    private string[] Names(string folder) => [.. Directory.GetFiles(program.File(folder)).Select(path => Path.GetFileName(path)).Order()];

    /// <summary>All of the log but what the steps cost.</summary>
    private string[] Log(string run) =>
    [
        .. File.ReadLines(program.File(Path.Combine(run, "log.jsonl"))).Select(line => JsonNode.Parse(line)!)
            .Select(step => $"{step["step"]} {step["loss"]} {step["gradient_norm"]} {step["learning_rate"]}"),
    ];
}
