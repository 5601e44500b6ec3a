using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace UNetGen.Examples.Tests;

/// <summary>Real trainings of one run that are begun at the same moment: one trains, the other is refused and changes nothing.</summary>
public sealed partial class RaceTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Tiny = ["--batch-size", "1", "--count", "1", "--sample-steps", "1", "--sample-every", "none",
        "--device", "cpu"];
    private static readonly string[] Small = [.. Tiny, "--decay", "constant"];

    /// <summary>Pairs of each kind: more by UNETGEN_RACE_COUNT.</summary>
    private static readonly int Pairs = LongRuns.Count("UNETGEN_RACE_COUNT", few: 1, many: 1);

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public async Task Of_two_that_go_on_with_a_run_one_trains()
    {
        program.Succeed(["train", .. Small, "--steps", "2", "--out", "run"]);
        for (var pair = 0; pair < Pairs; pair++)
        {
            // Longer than --resume waits for one that is just ending.
            var steps = 2 + 500 * (pair + 1);
            await Race(pair, ["train", "--resume", "run", "--steps", $"{steps}", "--checkpoint-every", "100"]);
            AssertWhole("run", steps, starts: 2 + pair);
        }
    }

    [Fact]
    public async Task Of_two_that_begin_a_run_one_trains_and_it_goes_on()
    {
        for (var pair = 0; pair < Pairs; pair++)
        {
            await Race(pair, ["train", .. Small, "--steps", "6", "--checkpoint-every", "2", "--out", $"run-{pair}"]);
            AssertWhole($"run-{pair}", 6, starts: 1);
            program.Succeed("train", "--resume", $"run-{pair}", "--steps", "8");
            AssertWhole($"run-{pair}", 8, starts: 2);
        }
    }

    [Fact]
    public async Task Runs_without_a_name_of_their_own_get_one_each()
    {
        var results = await Both(TimeSpan.Zero, ["train", .. Small, "--steps", "1"]);
        Assert.All(results, result => Assert.True(result.ExitCode == 0, result.Error));
        Assert.Equal(2, Directory.GetDirectories(program.File("runs")).Length);
    }

    [Fact]
    public async Task Of_two_that_draw_into_a_folder_one_draws()
    {
        program.Succeed(["train", .. Small, "--steps", "1", "--out", "run"]);
        for (var pair = 0; pair < Pairs; pair++)
        {
            var folder = $"drawn-{pair}";
            await Race(pair, ["sample", "--checkpoint", "run", "--steps", "2", "--count", "60", "--batch-size", "2", "--out", folder]);
            Assert.Equal(
                [.. Enumerable.Range(0, 60).Select(i => $"{i:D6}.png"), "samples.json"],
                Directory.GetFileSystemEntries(program.File(folder)).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Of_two_that_train_a_classifier_for_one_file_one_does_and_both_fill_one_cache()
    {
        var digits = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");
        await Race(0, ["classifier", "--data", digits, "--spec", "mnist", "--epochs", "1", "--out", "digits.safetensors"]);

        program.Succeed(["train", "--data", digits, "--spec", "mnist", .. Tiny, "--steps", "1", "--out", "run"]);
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "4", "--out", "drawn");
        var results = await Both(
            TimeSpan.Zero, ["evaluate", "--samples", "drawn", "--data", digits, "--features", "digits.safetensors", "--device", "cpu"]);
        Assert.All(results, result => Assert.True(result.ExitCode == 0, result.Error));
        Assert.Equal(results[0].Output, results[1].Output);
        Assert.Single(Directory.GetFileSystemEntries(program.File("runs/statistics")));
    }

    [Fact]
    public async Task Who_compares_a_run_that_trains_takes_a_newer_checkpoint_where_one_is_given_up()
    {
        File.WriteAllText(
            program.File("tiny.unet.yaml"),
            "preset: lucidrains\nimage_size: 16\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\nnorm: group\n");
        string[] tiny = ["--spec", "tiny.unet.yaml", "--data", "shapes", .. Tiny, "--out", "run"];
        var training = Task.Run(() => program.Succeed(["train", .. tiny, "--time", "5", "--checkpoint-every", "1", "--keep-checkpoints",
            "1"]));
        var checkpoints = new DirectoryInfo(program.File("run/checkpoints"));
        while (!(Directory.Exists(checkpoints.FullName) && checkpoints.EnumerateDirectories("step-*").Any()) && !training.IsCompleted)
            await Task.Delay(50);

        // A process of its own takes its time between finding a checkpoint and reading it.
        do
        {
            var result = program.Run(["diff", "tiny.unet.yaml", "run"], (_, _) => { });
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
        }
        while (!training.IsCompleted);

        await training;
    }

    /// <summary>
    /// One of two has done all; the other was told in a sentence who is at it. One that comes when all is done is told that.
    /// </summary>
    /// <param name="number">The second begins so many hundredths of a second later, up to 0.3 s.</param>
    /// <param name="arguments">What both do.</param>
    private async Task Race(int number, string[] arguments)
    {
        var results = await Both(TimeSpan.FromMilliseconds(number % 31 * 10), arguments);
        var told = string.Join('\n', results.Select(result => $"{result.ExitCode}: {result.Error}{result.Output}"));
        output.WriteLine(told);
        var losers = results.Where(result => Refusal().IsMatch(result.Error) || NothingLeft().IsMatch(result.Output)).ToArray();
        Assert.True(losers.Length == 1, told);
        Assert.Equal(losers[0].Error == "" ? 0 : 1, losers[0].ExitCode);
        var winner = Assert.Single(results, result => result != losers[0]);
        Assert.Equal((0, ""), (winner.ExitCode, winner.Error));
    }

    private async Task<ExampleProgram.Result[]> Both(TimeSpan apart, string[] arguments)
    {
        var first = Task.Run(() => program.Run(arguments));
        await Task.Delay(apart);
        var second = Task.Run(() => program.Run(arguments));
        return [await first, await second];
    }

    [GeneratedRegex(@"^error: .*(, trains it\. Wait|, trains in it\. Name|isn't empty|is being written by process|is there already).*\n$")]
    private static partial Regex Refusal();

    [GeneratedRegex(@"Nothing is left to train|, 0 of them new")]
    private static partial Regex NothingLeft();

    /// <summary>A line each step, its newest checkpoint, and nothing that one of two has left or taken away.</summary>
    private void AssertWhole(string run, int steps, int starts)
    {
        var log = File.ReadLines(program.File($"{run}/log.jsonl"));
        Assert.Equal(Enumerable.Range(1, steps), log.Select(line => (int)JsonNode.Parse(line)!["step"]!));
        Assert.True(Directory.Exists(program.File($"{run}/checkpoints/step-{steps:D8}")));
        Assert.Empty(Directory.GetFileSystemEntries(program.Folder, ".*", SearchOption.AllDirectories));
        Assert.True(File.Exists(program.File($"{run}/run.yaml")));
        Assert.Equal(starts, File.ReadLines(program.File($"{run}/starts.jsonl")).Count());
        Assert.Equal(starts, Directory.GetFiles(program.File(run), "events.out.tfevents.*").Length);
        program.Succeed("sample", "--checkpoint", run, "--steps", "1", "--count", "1");
    }
}
