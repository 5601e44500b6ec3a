using TorchSharp;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Which checkpoints there are after a save, and which is the newest and the best.</summary>
public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder root = new();
    private readonly TinyCheckpoint tiny = new(width: 1);

    public void Dispose()
    {
        tiny.Dispose();
        root.Dispose();
    }

    private string Folder => root.File("run/checkpoints");

    [Fact]
    public void An_empty_store_has_neither_a_newest_nor_a_best_and_leaves_no_folder()
    {
        var store = new CheckpointStore(Folder);

        Assert.Null(store.Newest());
        Assert.Null(store.Best());
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void A_folder_a_step_holds_the_tensors_and_what_is_said_of_them()
    {
        Assert.Equal(Path.Combine(Folder, "step-00000120"), Save(120));

        Assert.Equal(["step-00000120"], Names());
        Assert.Equal(
            ["checkpoint.json", "checkpoint.sha256", "ema.safetensors", "weights.safetensors"],
            Directory.EnumerateFileSystemEntries(Path.Combine(Folder, "step-00000120")).Select(Path.GetFileName).Order(
                StringComparer.Ordinal));
    }

    [Fact]
    public void What_the_callers_own_code_throws_comes_out_as_it_is_and_the_checkpoint_is_there()
    {
        var store = new CheckpointStore(Folder, keep: 1);
        store.Save(tiny.Content(1, 0.1));
        store.Save(tiny.Content(2, 0.5));

        var error = Assert.Throws<IOException>(() => store.Save(tiny.Content(3, 0.5), _ => throw new IOException("no list of keepers")));

        Assert.Equal("no list of keepers", error.Message);
        Assert.Equal(3, store.Newest()!.Info!.Step);
    }

    [Fact]
    public async Task There_is_always_a_newest_while_another_saves_and_gives_up()
    {
        Save(1);
        var saving = Task.Run(() =>
        {
            var store = new CheckpointStore(Folder, keep: 1);
            for (var step = 2; step < 150; step++)
                store.Save(tiny.Content(step, 1));
        });
        var steps = new List<int>();
        while (!saving.IsCompleted)
        {
            steps.Add(new CheckpointStore(Folder).Newest()?.Info!.Step ?? 0);
            Assert.NotNull(new CheckpointStore(Folder).Best());
        }
        await saving;

        Assert.All(steps, step => Assert.True(step > 0));
        Assert.Equal(steps.Order(), steps);
    }

    [Theory]
    [InlineData("notes.txt", true)]
    [InlineData("exported.safetensors", true)]
    [InlineData("notes.txt", false)]
    public void What_somebody_has_put_into_a_checkpoint_s_folder_stays_when_its_turn_comes(string name, bool isWhole)
    {
        Save(5);
        File.WriteAllText(Path.Combine(Folder, "step-00000005", name), "mine");
        if (!isWhole)
            File.Delete(Path.Combine(Folder, "step-00000005", "checkpoint.json"));
        var store = new CheckpointStore(Folder, keep: 1);
        store.Save(tiny.Content(6, 0.1));
        store.Save(tiny.Content(7, 0.1));

        Assert.Equal("mine", File.ReadAllText(Path.Combine(Folder, "kept-step-00000005", name)));
        Assert.DoesNotContain("step-00000005", Names());
        Assert.Equal(7, store.Newest()!.Info!.Step);
    }

    [Fact]
    public void Several_threads_save_into_a_store_that_is_held_one_after_the_other()
    {
        var store = new CheckpointStore(Folder, keep: 40);
        using (store.Hold())
            Parallel.For(0, 40, step =>
            {
                store.Save(tiny.Content(step, 1));
                Assert.NotNull(store.Newest());
            });

        Assert.Equal(Enumerable.Range(0, 40).Select(step => $"step-{step:D8}"), Names());
    }

    [LinuxFact]
    public void A_folder_that_is_renamed_while_it_is_held_is_followed_and_none_is_made_in_its_place()
    {
        var store = new CheckpointStore(Folder, keep: 1);
        using (store.Hold())
        {
            store.Save(tiny.Content(1, 0.1));
            store.Save(tiny.Content(2, 0.9));
            Directory.Move(root.File("run"), root.File("renamed"));

            Assert.Equal(root.File("renamed/checkpoints/step-00000003"), store.Save(tiny.Content(3, 0.9)));
        }

        Assert.Equal([root.File("renamed")], Directory.GetFileSystemEntries(root.Path));
        // The newest and the best, as without.
        Assert.Equal(
            ["step-00000001", "step-00000003"],
            Directory.EnumerateFileSystemEntries(root.File("renamed/checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(3, store.Newest()!.Info!.Step);
    }

    [LinuxFact]
    public void A_folder_that_is_deleted_while_it_is_held_is_told_and_not_made_anew()
    {
        var store = new CheckpointStore(Folder);
        using var held = store.Hold();
        Directory.Delete(root.File("run"), recursive: true);

        Assert.Equal(
            $"No checkpoint can be written. The folder {Folder} isn't there any more: it was moved or deleted meanwhile.",
            Assert.Throws<CheckpointException>(() => store.Save(tiny.Content())).Message);
        Assert.False(Directory.Exists(root.File("run")));
    }

    [Fact]
    public void The_newest_ones_and_the_best_stay()
    {
        var store = new CheckpointStore(Folder, keep: 2);
        foreach (var (step, loss) in new[] { (1, 0.9), (2, 0.3), (3, double.NaN), (4, 0.3), (5, 0.5), (6, 0.6), (7, 0.7) })
            store.Save(tiny.Content(step, loss));

        Assert.Equal(["step-00000004", "step-00000006", "step-00000007"], Names());
        Assert.Equal(4, store.Best()!.Info!.Step);
        Assert.Equal(7, store.Newest()!.Info!.Step);
    }

    [Fact]
    public void Damaged_ones_do_not_count_as_newest_or_best()
    {
        var store = new CheckpointStore(Folder, keep: 1);
        Damage(store.Save(tiny.Content(1, 0.1)));
        store.Save(tiny.Content(2, 0.5));
        Assert.Equal(["step-00000002"], Names());

        // A training that went back to step 2 after step 9 was damaged.
        Save(9);
        Damage(Path.Combine(Folder, "step-00000009"));
        store.Save(tiny.Content(3, 0.4));

        Assert.Equal(["step-00000003", "step-00000009"], Names());
        var logger = new ListLogger();
        Assert.Equal(3, new CheckpointStore(Folder, logger: logger).Newest()!.Info!.Step);
        Assert.Contains("step-00000009 is damaged", Assert.Single(logger.Warnings));
    }

    [Fact]
    public void The_one_just_saved_stays_though_there_are_later_ones()
    {
        var store = new CheckpointStore(Folder, keep: 1);
        store.Save(tiny.Content(5, 0.1));
        store.Save(tiny.Content(4, 0.2));

        Assert.Equal(["step-00000004", "step-00000005"], Names());
    }

    [Fact]
    public void The_same_step_is_replaced()
    {
        var store = new CheckpointStore(Folder, keep: 1);
        store.Save(tiny.Content(1, 0.1));
        store.Save(tiny.Content(1, 0.2));

        Assert.Equal(["step-00000001"], Names());
        Assert.Equal(0.2, store.Newest()!.Info!.Loss);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(1)]
    public void A_checkpoint_under_another_steps_name_is_neither_replaced_nor_deleted_for_its_age(int name)
    {
        var renamed = Path.Combine(Folder, $"step-{name:D8}");
        Directory.Move(Save(6), renamed);
        Directory.CreateDirectory(Path.Combine(Folder, "kept-step-00000006"));
        var logger = new ListLogger();
        var store = new CheckpointStore(Folder, keep: 1, logger);
        for (var step = 7; step <= 9; step++)
            store.Save(tiny.Content(step, 1.0 / step));

        Assert.Equal(["kept-step-00000006", "kept-step-00000006-2", "step-00000009"], Names());
        Assert.Equal(
            [
                $"{renamed} isn't the checkpoint that it was called as. So that it stays, it is called "
                    + $"{Path.Combine(Folder, "kept-step-00000006-2")} now.",
            ],
            logger.Warnings);
        Assert.Equal(6, Checkpoint.Open(Path.Combine(Folder, "kept-step-00000006-2")).Info!.Step);
        Assert.Equal(9, store.Newest()!.Info!.Step);
    }

    [Theory]
    [InlineData("run.yaml")]
    [InlineData("checkpoints/notes.txt")]
    public void A_run_that_is_called_as_a_checkpoint_is_none_and_is_neither_replaced_nor_deleted(string file)
    {
        var run = Path.Combine(Folder, "step-00000008");
        var kept = Path.Combine(run, file);
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        File.WriteAllText(kept, "");
        var logger = new ListLogger();
        Assert.Contains("There is no checkpoint in", Assert.Throws<CheckpointException>(() => Checkpoint.Open(run)).Message);
        Assert.Contains($"no checkpoint in {Folder}:", Assert.Throws<CheckpointException>(() => Checkpoint.Open(Folder)).Message);

        Save(7);
        Assert.Equal(7, new CheckpointStore(Folder, logger: logger).Newest()!.Info!.Step);
        Assert.Empty(logger.Warnings);
        var store = new CheckpointStore(Folder, keep: 1);
        for (var step = 8; step <= 9; step++)
            store.Save(tiny.Content(step, 1.0 / step));

        Assert.Equal(["kept-step-00000008", "step-00000009"], Names());
        Assert.True(File.Exists(Path.Combine(Folder, "kept-step-00000008", file)));
    }

    [Fact]
    public void A_run_that_is_called_as_a_checkpoint_stands_for_its_newest_and_a_file_in_it_stands_alone()
    {
        var run = root.File("step-00000012");
        var saved = new CheckpointStore(Path.Combine(run, "checkpoints")).Save(tiny.Content(3));
        File.Copy(Path.Combine(saved, "ema.safetensors"), Path.Combine(run, "best.safetensors"));

        Assert.Equal(saved, Checkpoint.Open(run).Path);
        Assert.Equal("TwoConvNet", Checkpoint.Open(Path.Combine(run, "best.safetensors")).Network);
    }

    [Fact]
    public void A_checkpoint_beside_whose_files_its_runs_options_were_put_stays_one()
    {
        var saved = Save(3);
        File.WriteAllText(Path.Combine(saved, "run.yaml"), "");

        Assert.Equal(saved, Checkpoint.Open(saved).Path);
        Assert.Equal(saved, Checkpoint.Open(Folder).Path);
    }

    [Fact]
    public void Nothing_is_neither_saved_nor_opened()
    {
        Assert.Throws<ArgumentNullException>("content", () => new CheckpointStore(Folder).Save(null!));
        Assert.Throws<ArgumentNullException>("path", () => Checkpoint.Open(null!));
        Assert.Throws<ArgumentException>("path", () => Checkpoint.Open(""));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void A_step_that_could_not_be_read_back_is_not_written(int step)
    {
        var error = Assert.Throws<ArgumentException>("content", () => new CheckpointStore(Folder).Save(tiny.Content(step)));
        Assert.StartsWith($"The step is {step}: a checkpoint has one from 0 to 2,000,000,000.", error.Message);
        Assert.False(Directory.Exists(Folder));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(double.PositiveInfinity)]
    public void A_loss_that_could_not_be_read_back_is_not_written(double loss)
    {
        Assert.Throws<ArgumentException>(() => new CheckpointStore(Folder).Save(tiny.Content(1, loss)));
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void What_a_run_killed_while_replacing_has_moved_aside_is_still_the_newest()
    {
        Directory.Move(Save(1), Path.Combine(Folder, "step-00000001.old"));

        Assert.Equal(1, new CheckpointStore(Folder).Newest()!.Info!.Step);
        Assert.Equal(1, Checkpoint.Open(Folder).Info!.Step);

        Save(1);
        Assert.Equal(["step-00000001"], Names());
    }

    [Fact]
    public void What_killed_runs_left_is_taken_away_by_the_next_save_and_nothing_else()
    {
        var leftOver = $".step-00000001.{Guid.NewGuid():N}.tmp";
        string[] others = [".step-notes.tmp", "step-1", "notes"];
        foreach (var name in others.Append(leftOver))
            Directory.CreateDirectory(Path.Combine(Folder, name));
        File.WriteAllText(Path.Combine(Folder, leftOver, "weights.safetensors"), "half");
        var store = new CheckpointStore(Folder);
        Assert.Null(store.Newest());

        store.Save(tiny.Content(2));

        Assert.Equal([".step-notes.tmp", "notes", "step-00000002", "step-1"], Names());
    }

    [Fact]
    public void When_the_tensors_cannot_be_read_the_old_one_stays_whole_and_nothing_lies_beside_it()
    {
        Save(1);
        var spoilt = tiny.Content(1, 0.5);
        tiny.Ema.Dispose();

        Assert.ThrowsAny<Exception>(() => new CheckpointStore(Folder).Save(spoilt));

        Assert.Equal(["step-00000001"], Names());
        Assert.Equal(0.25, new CheckpointStore(Folder).Newest()!.Info!.Loss);
    }

    [Theory]
    [InlineData("../weights")]
    [InlineData("a\nb")]
    [InlineData("")]
    public void A_name_that_is_no_file_s_is_refused(string stem)
    {
        var content = tiny.Content();
        var wrong = content with { Tensors = content.Tensors.Append(new(stem, content.Tensors["ema"])).ToDictionary() };

        Assert.Throws<ArgumentException>(() => new CheckpointStore(Folder).Save(wrong));
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void Saving_and_opening_leave_no_tensors()
    {
        var content = tiny.Content();
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        new CheckpointStore(Folder).Save(content);
        new CheckpointStore(Folder).Newest()!.LoadInto(tiny.Network);

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private string Save(int step) => new CheckpointStore(Folder).Save(tiny.Content(step));

    private IEnumerable<string?> Names() =>
        Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static void Damage(string checkpoint)
    {
        var path = Path.Combine(checkpoint, "weights.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);
    }
}
