using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SkiaSharp;
using UNetGen.Runtime.Tests.Distributed;

namespace UNetGen.Examples.Tests;

/// <summary>The program as mpirun starts it: real processes, which go on, and end, together.</summary>
public sealed class RankTests : IDisposable
{
    private static readonly string[] Small = ["--batch-size", "2", "--count", "1", "--sample-steps", "1", "--sample-every", "none",
        "--device", "cpu"];

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [MpiFact]
    public void Two_ranks_train_what_one_process_does_with_twice_the_batch_and_draw_the_same()
    {
        program.Succeed(
            "train", "--steps", "4", "--batch-size", "4", "--count", "1", "--sample-steps", "1", "--sample-every", "none", "--device",
            "cpu", "--out", "one");
        var output = Succeed(2, ["train", "--steps", "4", .. Small, "--out", "two"]);

        Assert.Contains("2 ranks with batches of 2, 4 images a step; MPI (Open MPI", output);
        Assert.Contains("4 steps in", output);
        Assert.Equal(2, JsonNode.Parse(File.ReadLines(program.File("two/starts.jsonl")).Single())!["ranks"]!.GetValue<int>());
        Assert.All(Losses("one").Zip(Losses("two")), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * pair.First));

        string[] draw = ["sample", "--checkpoint", "two", "--count", "5", "--batch-size", "2", "--steps", "2", "--out"];
        Assert.Contains("5 pictures in together, all of them new", Succeed(2, [.. draw, "together"]));
        program.Succeed([.. draw, "alone"]);
        Assert.Equal(6, Directory.GetFiles(program.File("alone")).Length);
        Assert.All(
            Directory.GetFiles(program.File("alone")),
            file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(program.File($"together/{Path.GetFileName(file)}"))));
    }

    [MpiFact]
    public void A_rank_that_is_killed_ends_the_job_and_the_last_checkpoint_goes_on_with_any_number()
    {
        string[] options = ["--steps", "14", "--checkpoint-every", "3", .. Small];
        var whole = Succeed(2, ["train", .. options, "--out", "whole"]);
        Assert.Contains("14 steps in", whole);

        var killed = false;
        var result = Run(2, ["train", .. options, "--out", "run"], (launcher, line) =>
        {
            if (killed || !line.Contains("step 5 of 14"))
                return;
            killed = true;
            Process.Start("kill", ["-KILL", $"{LastRankOf(launcher)}"]).WaitForExit();
        });
        Assert.True(killed && result.ExitCode != 0, $"{result}");
        var step = Directory.GetDirectories(program.File("run/checkpoints"), "step-*")
            .Select(path => int.Parse(Path.GetFileName(path)[5..], CultureInfo.InvariantCulture)).Max();
        Assert.InRange(step, 3, 12);

        CopyFolder("run", "other");
        Assert.Contains($"going on after step {step}", Succeed(2, ["train", "--resume", "run"]));
        // All but the times.
        Assert.Equal(Numbers("whole"), Numbers("run"));
        Assert.Equal(
            File.ReadAllBytes(program.File("whole/checkpoints/step-00000014/weights.safetensors")),
            File.ReadAllBytes(program.File("run/checkpoints/step-00000014/weights.safetensors")));

        var alone = program.Succeed("train", "--resume", "other", "--batch-size", "4").ReplaceLineEndings(" ");
        Assert.Contains("1 rank with batches of 4, not 2 ranks with batches of 2 as before: a step still has 4 images", alone);
        Assert.All(Losses("whole").Zip(Losses("other")), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [MpiFact]
    public void A_signal_to_one_rank_stops_all_with_a_checkpoint()
    {
        var signalled = false;
        var result = Run(
            2, ["train", "--steps", "1000", .. Small, "--learning-rate", "1e-4", "--out", "run"], (launcher, line) =>
        {
            if (signalled || !line.Contains("  step "))
                return;
            signalled = true;
            Process.Start("kill", ["-TERM", $"{LastRankOf(launcher)}"]).WaitForExit();
        });

        Assert.True(signalled && result.ExitCode == 130, $"{result}");
        Assert.Contains("interrupted: saved at step", result.Output);
        Assert.Single(Directory.GetDirectories(program.File("run/checkpoints")));
    }

    [MpiFact]
    public void A_rank_whose_data_does_not_come_says_when_it_is_stopped_how_the_run_goes_on()
    {
        File.WriteAllText(program.File("tiny.unet.yaml"), """
            preset: lucidrains
            image_size: 8
            channels: 4
            dim: 8
            channel_multipliers: [1, 2]
            diffusion: { clip_sample: false }
            """);
        foreach (var rank in (int[])[0, 1])
            TensorFile.Write(program.File($"data-{rank}/a.safetensors"), ("latents", [4, 4, 8, 8], TensorFile.Normal(1, 4 * 256, 1)));
        string[] train = [
            "sh", "-c", "exec dotnet \"$0\" train --data data-$OMPI_COMM_WORLD_RANK --spec tiny.unet.yaml --steps 200 "
                + "--checkpoint-every 1 --batch-size 1 --count 1 --sample-every none --sample-steps 1 --out run",
            ExampleProgram.Path];

        HeldFile? held = null;
        var result = MpiLauncher.OpenMpi!.Run(2, train, program.Folder, seen: (launcher, line) =>
        {
            if (held is not null || !line.Contains("  step ", StringComparison.Ordinal))
                return;
            held = new HeldFile(program.File("data-1/a.safetensors"));
            Thread.Sleep(TimeSpan.FromSeconds(1));
            Process.Start("kill", ["-TERM", $"{LastRankOf(launcher)}"]).WaitForExit();
        });
        held!.Dispose();

        Assert.Equal(130, result.ExitCode);
        Assert.Contains(
            "error: rank 1: interrupted: this rank's data didn't come, and ranks save together only. From its newest checkpoint the run goes "
                + "on with: train --resume run\n",
            result.Error);
    }

    [MpiFact]
    public void Data_that_a_rank_lacks_or_has_otherwise_ends_all_before_a_run_begins()
    {
        Draw("data-0/a.png");
        Draw("data-0/b.png");
        string[] train = [
            "sh", "-c", "exec dotnet \"$0\" train --data data-$OMPI_COMM_WORLD_RANK --spec ShapesUNet --steps 2 --out run",
            ExampleProgram.Path];

        var missing = MpiLauncher.OpenMpi!.Run(2, train, program.Folder);
        Assert.Contains("error: rank 1: There is no file or folder 'data-1', seen from ", missing.Error);

        Draw("data-1/a.png");
        var other = MpiLauncher.OpenMpi.Run(2, train, program.Folder);
        Assert.Contains(
            "error: rank 0: The ranks aren't to do the same training: other than on rank 0 are the data's number of images (2 on rank 0, 1 "
                + "on rank 1); the data's file names (rank 1).",
            other.Error);

        Assert.All([missing, other], result =>
        {
            Assert.Equal(1, result.ExitCode);
            Assert.DoesNotContain("   at ", result.Error);
        });
        Assert.False(Directory.Exists(program.File("run")));
    }

    [MpiFact]
    public void A_run_that_another_process_trains_is_refused_to_all_ranks()
    {
        program.Succeed(["train", "--steps", "1", .. Small, "--out", "run"]);
        using (File.Open(program.File("run/.lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
        {
            var refused = Run(2, ["train", "--resume", "run", "--steps", "3"]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("error: rank 0: The run in run can't go on: another process, trains it.", refused.Error);
            Assert.DoesNotContain("rank 1:", refused.Error);
        }
        Assert.Single(Log("run"));
    }

    [MpiFact]
    public void A_wrong_option_is_told_once_and_what_is_not_shared_out_is_done_once()
    {
        var wrong = Run(2, ["train", "--bad"]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Single(wrong.Error.Split('\n'), line => line.Contains("'--bad'"));

        Assert.Single(Succeed(2, ["inspect"]).Split('\n'), line => line.Contains("ShapesUNet"));
    }

    private MpiLauncher.Result Run(int ranks, string[] arguments, Action<Process, string>? seen = null) =>
        MpiLauncher.OpenMpi!.Run(ranks, ["dotnet", ExampleProgram.Path, .. arguments], program.Folder, seen: seen);

    private string Succeed(int ranks, string[] arguments)
    {
        var result = Run(ranks, arguments);
        Assert.True(result.ExitCode == 0, $"{result}");
        return result.Output;
    }

    private void Draw(string picture)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(program.File(picture))!);
        using var bitmap = new SKBitmap(16, 16);
        using var file = File.Create(program.File(picture));
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }

    private void CopyFolder(string from, string to)
    {
        // A killed rank may still be ending, and hold its locks.
        var files = Directory.GetFiles(program.File(from), "*", SearchOption.AllDirectories);
        foreach (var file in files.Where(file => !Path.GetFileName(file).StartsWith('.')))
        {
            var copy = Path.Combine(program.File(to), Path.GetRelativePath(program.File(from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private double[] Losses(string run) => [.. Log(run).Select(line => line["loss"]!.GetValue<double>())];

    /// <summary>What a step came to, whatever time it took.</summary>
    private string[] Numbers(string run) =>
        [.. Log(run).Select(line => $"{line["step"]} {line["loss"]} {line["gradient_norm"]} {line["learning_rate"]}")];

    private IEnumerable<JsonNode> Log(string run) => File.ReadLines(program.File($"{run}/log.jsonl")).Select(line => JsonNode.Parse(line)!);

    /// <summary>The process that mpirun has started last.</summary>
    private static int LastRankOf(Process launcher)
    {
        var children = File.ReadAllText($"/proc/{launcher.Id}/task/{launcher.Id}/children").Split(
            ' ', StringSplitOptions.RemoveEmptyEntries);
        return children.Select(child => int.Parse(child, CultureInfo.InvariantCulture)).Max();
    }
}
