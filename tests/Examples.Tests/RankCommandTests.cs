using UNetGen.Runtime.Tests.Distributed;

namespace UNetGen.Examples.Tests;

/// <summary>
/// Ranks that a launcher starts with other command lines, as a script with a variable of one machine does: all end, with a sentence.
/// </summary>
public sealed class RankCommandTests : IDisposable
{
    private const string Train = "train --steps 2 --batch-size 1 --count 1 --sample-every none --sample-steps 1 --device cpu --out run";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Theory]
    [MpiData(MpiLauncher.OpenMpiName, Train, Train + " --stpes 3", "rank 1: The command train has no option '--stpes'.")]
    [MpiData(MpiLauncher.MpichName, Train, Train + " --stpes 3", "rank 1: The command train has no option '--stpes'.")]
    [MpiData(MpiLauncher.OpenMpiName, Train + " --beta1 7", Train, "rank 0: --beta1 must be a number from 0 to below 1, not '7'.")]
    [MpiData(MpiLauncher.MpichName, Train, Train + " --count 2", "rank 1: Option '--count' expects a single argument")]
    [MpiData(MpiLauncher.MpichName, Train + " --seed x", Train + " --epochs 3", "rank 1: The command train has no option '--epochs'.")]
    [MpiData(MpiLauncher.OpenMpiName, Train, "--version", "The ranks aren't to do the same: train on rank 0; --version on rank 1. Start")]
    [MpiData(MpiLauncher.MpichName, "train --help", Train, "The ranks aren't to do the same: --help on rank 0; train on rank 1. Start")]
    [MpiData(
        MpiLauncher.OpenMpiName, "sample --checkpoint run", "explain ShapesUNet",
        "The ranks aren't to do the same: sample on rank 0; explain on rank 1. Start")]
    [MpiData(
        MpiLauncher.MpichName, Train, "sample --checkpoint run",
        "The ranks aren't to do the same: train on rank 0; sample on rank 1. Start")]
    // What only the command itself sees.
    [MpiData(
        MpiLauncher.MpichName, "sample --checkpoint run --guidance-rescale 1", "sample --checkpoint run",
        "rank 0: --guidance-rescale belongs to --guidance: ")]
    [MpiData(
        MpiLauncher.OpenMpiName, "sample --checkpoint run", "sample --checkpoint run --guidance-rescale 1",
        "rank 1: --guidance-rescale belongs to --guidance: ")]
    public void A_command_line_that_is_wrong_on_one_rank_or_asks_for_something_else_ends_all(
        string launcher, string first, string second, string error) =>
        Assert.Contains($"error: {error}", Refused(2, launcher, first, second));

    [Theory]
    [MpiData(MpiLauncher.OpenMpiName)]
    [MpiData(MpiLauncher.MpichName)]
    public void A_command_line_that_is_wrong_on_all_ranks_is_told_once_without_their_names(string launcher)
    {
        var error = Refused(2, launcher, Train + " --seed x", Train + " --seed x");

        Assert.Equal(2, error.Split("--seed must be a whole number").Length);
        Assert.DoesNotContain("rank", error.Split("Try --help")[0]);
    }

    [Theory]
    [MpiData(MpiLauncher.OpenMpiName, "train --resume run", Train, "--resume (rank 1); --out (rank 1)")]
    [MpiData(
        MpiLauncher.MpichName, Train, Train + " --keep-checkpoints 1 --guidance 2 --task upscale --learning-rate 1e-4 --workers 3",
        "--task (rank 1); --learning-rate (rank 1); --keep-checkpoints (rank 1); --guidance (rank 1)")]
    [MpiData(
        MpiLauncher.MpichName, Train, "train --run run.yaml --out run",
        "--steps (rank 1); --time (rank 1); --batch-size (rank 1); --sample-every (rank 1); --sample-steps (rank 1)")]
    public void Ranks_that_would_train_otherwise_are_refused_before_a_run_begins(
        string launcher, string first, string second, string differs)
    {
        File.WriteAllText(program.File("run.yaml"), "count: 1\n");

        Assert.Contains(
            $"error: rank 0: The ranks aren't to do the same training: other than on rank 0 are {differs}. Start all of them with the same "
                + "options.",
            Refused(1, launcher, first, second));
        Assert.False(Directory.Exists(program.File("run")));
    }

    [Theory]
    [MpiData(MpiLauncher.MpichName)]
    public void Ranks_that_would_draw_otherwise_are_refused_and_leave_no_picture(string launcher)
    {
        program.Succeed(Train.Split(' '));
        const string sample = "sample --checkpoint run --steps 1 --count 2 --batch-size 1 --device cpu --out";

        AssertRefused($"{sample} a.png", $"{sample} a.png --seed 3", "the seed (rank 1)", "network, sampler and options");
        AssertRefused($"{sample} a.png", $"{sample} b", "--out (rank 1)", "options");
        AssertRefused($"{sample} a.png --seeds 1,2", $"{sample} a.png --seeds 1", "--seeds (rank 1)", "options");
        Assert.False(File.Exists(program.File("a.png")) || Directory.Exists(program.File("b")));

        void AssertRefused(string first, string second, string differs, string mend) => Assert.Contains(
            $"error: rank 0: The ranks aren't to draw the same pictures: other than on rank 0 are {differs}. Start all of them with the "
                + $"same {mend}.",
            Refused(1, launcher, first, second));
    }

    [Theory]
    [MpiData(MpiLauncher.MpichName)]
    public void Ranks_that_would_measure_pictures_of_the_same_names_but_other_seeds_are_refused(string launcher)
    {
        foreach (var seed in (string[])["1", "2"])
        {
            Directory.CreateDirectory(program.File(seed));
            File.WriteAllText(
                program.File($"{seed}/samples.json"),
                "{ \"network\": \"ShapesUNet\", \"channels\": 3, \"labels\": null, \"seed\": " + seed + " }");
        }
        const string evaluate = "evaluate --data shapes --features none.safetensors --samples";

        Assert.Contains(
            "error: rank 0: The ranks aren't to measure the same samples: other than on rank 0 are samples.json (rank 1). Start all of "
                + "them with the same options, and a folder that all see.",
            Refused(1, launcher, $"{evaluate} 1", $"{evaluate} 2"));
    }

    /// <summary>The errors of two ranks, of a command line each.</summary>
    private string Refused(int exitCode, string launcher, string first, string second)
    {
        var result = MpiLauncher.Of(launcher).Run(
            1, ["dotnet", ExampleProgram.Path, .. first.Split(' '), ":", "-n", "1", "dotnet", ExampleProgram.Path, .. second.Split(' ')],
            program.Folder);
        Assert.True(result.ExitCode == exitCode, $"{result}");
        Assert.DoesNotContain("   at ", result.Error);
        return result.Error;
    }
}
