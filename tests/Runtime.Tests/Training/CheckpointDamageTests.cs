using System.Diagnostics;
using CsCheck;
using UNetGen.Interop;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Whatever happens to a file of a checkpoint is noticed and named, and the checkpoint before is used.</summary>
public sealed class CheckpointDamageTests : IDisposable
{
    private static readonly string[] Files = ["checkpoint.json", "checkpoint.sha256", "ema.safetensors", "weights.safetensors"];

    private readonly TemporaryFolder root = new();
    private readonly string before;
    private string newest;

    public CheckpointDamageTests()
    {
        using var tiny = new TinyCheckpoint(width: 1);
        var store = new CheckpointStore(root.Path);
        before = store.Save(tiny.Content(1));
        newest = store.Save(tiny.Content(2));
    }

    public void Dispose() => root.Dispose();

    [Theory]
    [InlineData("checkpoint.json")]
    [InlineData("checkpoint.sha256")]
    public void Every_byte_that_changes_is_noticed(string file)
    {
        var path = Path.Combine(newest, file);
        var whole = File.ReadAllBytes(path);
        for (var i = 0; i < whole.Length; i++)
        {
            var changed = whole.ToArray();
            changed[i] ^= (byte)(1 << (i * 5 % 8));
            File.WriteAllBytes(path, changed);
            Assert.Throws<DamagedCheckpointException>(() => CheckpointFolder.Verify(newest));
        }
        File.WriteAllBytes(path, whole);
        CheckpointFolder.Verify(newest);
    }

    [Fact]
    public void Any_change_of_a_byte_and_any_cut_and_anything_behind_the_end_is_noticed() =>
        Gen.Select(Gen.OneOf([.. Files.Select(Gen.Const)]), Gen.Double.Unit, Gen.Byte, Gen.Byte.Array[1, 8]).Sample(
            (file, at, mask, more) =>
            {
                var path = Path.Combine(newest, file);
                var whole = File.ReadAllBytes(path);
                var place = (int)(at * whole.Length);
                var flipped = whole.ToArray();
                flipped[place] ^= Math.Max(mask, (byte)1);
                foreach (var damaged in new[] { flipped, whole[..place], [.. whole, .. more] })
                {
                    File.WriteAllBytes(path, damaged);
                    Assert.Throws<DamagedCheckpointException>(() => CheckpointFolder.Verify(newest));
                }
                File.WriteAllBytes(path, whole);
            },
            iter: 200, threads: 1);

    [Theory]
    [InlineData("checkpoint.json")]
    [InlineData("checkpoint.sha256")]
    [InlineData("ema.safetensors")]
    [InlineData("weights.safetensors")]
    public void A_missing_file_is_named_and_the_checkpoint_before_is_used(string file)
    {
        File.Delete(Path.Combine(newest, file));

        AssertNamed($"The checkpoint {newest} is damaged: {file} is missing.");
    }

    [Fact]
    public void A_file_cut_short_is_named_with_both_sizes()
    {
        var path = Path.Combine(newest, "ema.safetensors");
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..100]);

        AssertNamed($"The checkpoint {newest} is damaged: ema.safetensors has 100 bytes, but {whole.Length} were written.");
    }

    [Fact]
    public void Every_changed_file_is_named_with_both_sums()
    {
        foreach (var file in Files[2..])
            Flip(Path.Combine(newest, file));

        var message = Assert.Throws<DamagedCheckpointException>(() => CheckpointFolder.Verify(newest)).Message;

        var sums = File.ReadLines(Path.Combine(newest, "checkpoint.sha256")).Select(line => line.Split("  ")).ToDictionary(
            line => line[1], line => line[0]);
        foreach (var file in Files[2..])
            Assert.Contains(
                $"{file} has changed: its SHA-256 is {CheckpointSums.Of(Path.Combine(newest, file))}, but checkpoint.sha256 says "
                    + $"{sums[file]}",
                message);
    }

    [Fact]
    public void A_folder_that_lost_all_its_files_is_damaged_too()
    {
        Directory.Delete(newest, recursive: true);
        Directory.CreateDirectory(newest);

        AssertNamed($"The checkpoint {newest} is damaged: checkpoint.sha256 is missing.");
    }

    [Fact]
    public void Where_none_is_whole_that_is_told()
    {
        foreach (var checkpoint in new[] { before, newest })
            Flip(Path.Combine(checkpoint, "ema.safetensors"));

        Assert.Null(new CheckpointStore(root.Path).Newest());
        var message = Assert.Throws<DamagedCheckpointException>(() => Checkpoint.Open(root.Path)).Message;
        Assert.StartsWith($"No checkpoint in {root.Path} is whole.", message);
        Assert.Contains($"{before} is damaged: ema.safetensors", message);
        Assert.EndsWith("No whole one lies beside it.", Assert.Throws<DamagedCheckpointException>(() => Checkpoint.Open(newest)).Message);
    }

    [Fact]
    public void A_single_file_is_held_against_the_sum_beside_it()
    {
        Flip(Path.Combine(newest, "ema.safetensors"));

        Assert.Contains(
            "ema.safetensors has changed",
            Assert.Throws<DamagedCheckpointException>(() => Checkpoint.Open(Path.Combine(newest, "ema.safetensors"))).Message);
        Assert.Equal(["weights"], Checkpoint.Open(Path.Combine(newest, "weights.safetensors")).Stems);
    }

    [LinuxFact]
    public void A_link_to_a_file_is_held_against_the_sum_beside_the_file()
    {
        var ema = Path.Combine(newest, "ema.safetensors");
        var link = File.CreateSymbolicLink(root.File("link.safetensors"), ema).FullName;
        Assert.Equal("TwoConvNet", Checkpoint.Open(link).Network);

        Flip(ema);
        Assert.Contains("ema.safetensors has changed", Assert.Throws<DamagedCheckpointException>(() => Checkpoint.Open(link)).Message);
    }

    [Fact]
    public void A_file_that_the_checkpoint_does_not_know_is_not_loaded_from_its_folder()
    {
        File.Copy(Path.Combine(newest, "ema.safetensors"), Path.Combine(newest, "mine.safetensors"));
        Assert.Equal(
            $"{Path.Combine(newest, "mine.safetensors")} is none of the files of the checkpoint that it lies in, which are "
                + "weights.safetensors, ema.safetensors: "
            + "nothing says whether it is whole. Take one of these. Copied into a folder of its own, mine.safetensors is looked at alone: by the "
            + "sum in its metadata, where it has one.",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(Path.Combine(newest, "mine.safetensors"))).Message);
    }

    [Theory]
    [InlineData("\"loss\": 0.25", "\"loss\": -1e300", "`loss` is -1E+300, which no training can have.")]
    [InlineData("\"loss\": 0.25", "\"loss\": 1e300", "`loss` is 1E+300, which no training can have.")]
    [InlineData("\"loss\": 0.25", "\"loss\": \"-Infinity\"", "`loss` is -Infinity, which no training can have.")]
    public void A_loss_that_no_training_can_have_is_refused(string written, string other, string reason)
    {
        Rewrite(written, other);
        Assert.EndsWith(reason, Assert.Throws<CheckpointException>(() => Checkpoint.Open(newest)).Message);
    }

    [Theory]
    [InlineData("\"step\": 2", "\"step\": 2, \"later\": 1", "It has 'later', which this version doesn't know.")]
    [InlineData("\"step\": 2,", "", "It lacks 'step'.")]
    [InlineData("\"step\": 2", "\"step\": 2, \"step\": 2", "It has 'step' twice.")]
    [InlineData("\"step\": 2", "\"step\": \"two\"", "The value of $.step is of another kind.")]
    [InlineData("\"unetgen_version\": ", "\"unetgen_version\": null, \"x\": ", "The value of $.unetgen_version is null, and can't be.")]
    [InlineData("\"step\": 2", "\"step\": ]", "']' is an invalid start of a value. It is in line 6.")]
    public void What_is_wrong_in_it_is_said_without_a_word_of_dotnets(string written, string other, string reason)
    {
        Rewrite(written, other);
        Assert.Equal(
            $"{Path.Combine(newest, "checkpoint.json")} isn't what this version of UNetGen writes: {reason}",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(newest)).Message);
    }

    [Fact]
    public void Under_another_steps_name_it_is_told_and_not_taken_for_the_newest()
    {
        Directory.Move(newest, newest = root.File("step-00000099"));

        AssertNamed(
            $"The checkpoint {newest} has another step's name: what it holds is of step 2. Call it step-00000002 again, or something that "
                + "is no step's name.");
    }

    [Theory]
    [InlineData("step-00000000")]
    [InlineData("step-00000001.old")]
    public void Under_an_earlier_steps_name_it_is_told_as_well(string name)
    {
        Directory.Move(newest, newest = root.File(name));

        AssertNamed(
            $"The checkpoint {newest} has another step's name: what it holds is of step 2. Call it step-00000002 again, or something that "
                + "is no step's name.");
    }

    [Fact]
    public void An_older_one_under_another_steps_name_is_nobodys_newest_and_not_told()
    {
        Directory.Move(before, root.File("step-00000000"));

        var logger = new ListLogger();
        Assert.Equal(newest, Checkpoint.Open(root.Path, logger).Path);
        Assert.Equal(newest, new CheckpointStore(root.Path, logger: logger).Newest()!.Path);
        Assert.Empty(logger.Warnings);
    }

    [Fact]
    public void Under_a_name_of_its_own_it_is_opened()
    {
        Directory.Move(newest, root.File("best"));

        Assert.Equal(2, Checkpoint.Open(root.File("best")).Info!.Step);
        Assert.Equal(before, Checkpoint.Open(root.Path).Path);
        var logger = new ListLogger();
        Checkpoint.Open(root.Path, logger);
        new CheckpointStore(root.Path, logger: logger).Newest();
        Assert.Equal(Enumerable.Repeat(
            $"The checkpoint {root.File("best")}, of step 2, bears no step's name, by which the newest is found: call it step-00000002.",
            2), logger.Warnings);

        Directory.Move(before, root.File("first"));
        Assert.StartsWith($"There is no checkpoint with a step's name in {root.Path}. The checkpoint {root.File("best")}, of step 2, bears",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(root.Path)).Message);
    }

    [Theory]
    [InlineData("checkpoint.sha256", "cut", "checkpoint.sha256 isn't as it was written")]
    [InlineData("checkpoint.sha256", "gone", "checkpoint.sha256 is missing")]
    [InlineData("checkpoint.json", "cut", "checkpoint.json has changed")]
    [InlineData("checkpoint.json", "gone", "checkpoint.json is missing")]
    public void A_single_file_is_refused_where_nothing_says_any_more_whether_it_is_whole(string file, string damage, string problem)
    {
        if (damage == "gone")
            File.Delete(Path.Combine(newest, file));
        else
            File.WriteAllBytes(Path.Combine(newest, file), File.ReadAllBytes(Path.Combine(newest, file))[..^1]);
        var ema = Path.Combine(newest, "ema.safetensors");

        var message = Assert.Throws<DamagedCheckpointException>(() => Checkpoint.Open(ema)).Message;

        Assert.Contains(problem, message);
        Assert.EndsWith(
            "Copied into a folder of its own, ema.safetensors is looked at alone: by the sum in its metadata, where it has one.", message);
        File.Copy(ema, root.File("ema.safetensors"));
        Assert.Equal("TwoConvNet", Checkpoint.Open(root.File("ema.safetensors")).Network);
    }

    [Fact]
    public void What_is_given_up_while_it_is_read_is_read_of_the_newest_that_is_left_and_other_faults_are_told()
    {
        var read = new List<string>();

        var entries = Checkpoint.Read(root.Path, checkpoint =>
        {
            read.Add(checkpoint.Path);
            if (read.Count == 1)
                Directory.Delete(checkpoint.Path, recursive: true);
            using var file = checkpoint.Tensors("ema");
            return file.Entries.Count;
        });

        Assert.True(entries > 0);
        Assert.Equal(2, read.Count);
        Assert.Equal(newest, read[0]);
        Assert.NotEqual(newest, read[1]);
        Assert.Throws<CheckpointException>(() => Checkpoint.Read(root.Path, checkpoint => checkpoint.Tensors("none")));
    }

    [Theory]
    [InlineData("ema.safetensors")]
    [InlineData("weights.safetensors")]
    public void Weights_that_were_copied_elsewhere_and_damaged_there_are_refused_by_their_own_sum(string file)
    {
        var copy = root.File(file);
        var bytes = File.ReadAllBytes(Path.Combine(newest, file));
        File.WriteAllBytes(copy, bytes);
        using var network = new TwoConvNet(width: 1);
        Checkpoint.Open(copy).LoadInto(network);

        bytes[^1] ^= 1;
        File.WriteAllBytes(copy, bytes);
        var before = network.Weights();

        Assert.Contains(
            "its numbers aren't those that were written",
            Assert.Throws<SafetensorsException>(() => Checkpoint.Open(copy).LoadInto(network)).Message);
        Assert.Equal(before, network.Weights());
    }

    [Fact]
    public void What_an_earlier_version_did_not_write_yet_is_as_it_was_then()
    {
        foreach (var line in new[] { "workers", "max_skips", "refuse_non_negative_images", "power" })
            RewriteLines(text => text.Contains($"\"{line}\"", StringComparison.Ordinal));

        var training = Checkpoint.Open(newest).Info!.Training;

        Assert.Equal(
            (0, 100, true, 2.0 / 3), (training.Workers, training.MaxSkips, training.RefuseNonNegativeImages, training.Ema[0].Power));
    }

    [Fact]
    public void A_spec_that_is_not_its_hashs_is_refused()
    {
        Rewrite("width: 1", "width: 7");

        Assert.Contains("the SHA-256 of its spec is another", Assert.Throws<CheckpointException>(() => Checkpoint.Open(newest)).Message);
    }

    [Fact]
    public void One_of_a_later_version_is_no_damage_but_an_error()
    {
        Rewrite("\"format\": 1", "\"format\": 2");

        var message = Assert.Throws<CheckpointException>(() => new CheckpointStore(root.Path).Newest()).Message;

        Assert.Contains(
            $"{Path.Combine(newest, "checkpoint.json")} is of format 2, but this version of UNetGen reads formats up to 1", message);
    }

    [Fact]
    public void A_key_that_this_version_does_not_know_is_an_error()
    {
        Rewrite("\"step\": 2", "\"step\": 2, \"later\": true");

        Assert.Contains("'later'", Assert.Throws<CheckpointException>(() => Checkpoint.Open(newest)).Message);
    }

    [LinuxFact]
    public void Sha256sum_finds_the_same()
    {
        Assert.Equal(0, Sha256sum());
        Flip(Path.Combine(newest, "weights.safetensors"));
        Assert.Equal(1, Sha256sum());
    }

    /// <summary>
    /// Said of the newest to whoever asks for it, by whichever way; asked for the newest whole one, they get the one before.
    /// </summary>
    private void AssertNamed(string expected)
    {
        var (byStore, byPath) = (new ListLogger(), new ListLogger());
        Assert.Equal(before, new CheckpointStore(root.Path, logger: byStore).Newest()!.Path);
        Assert.Equal(before, Checkpoint.Open(root.Path, byPath).Path);
        Assert.Equal([expected], byStore.Warnings);
        Assert.Equal([expected], byPath.Warnings);
        Assert.Equal(
            $"{expected} The newest whole one beside it is {before}.",
            Assert.Throws<DamagedCheckpointException>(() => Checkpoint.Open(newest)).Message);
    }

    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[^3] ^= 16;
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>A checkpoint.json of other words, with the sum of these.</summary>
    private void Rewrite(string words, string others)
    {
        var path = Path.Combine(newest, "checkpoint.json");
        var sums = Path.Combine(newest, "checkpoint.sha256");
        var sum = CheckpointSums.Of(path);
        File.WriteAllText(path, File.ReadAllText(path).Replace(words, others, StringComparison.Ordinal));
        File.WriteAllText(sums, File.ReadAllText(sums).Replace(sum, CheckpointSums.Of(path), StringComparison.Ordinal));
    }

    private void RewriteLines(Predicate<string> without)
    {
        var text = File.ReadAllText(Path.Combine(newest, "checkpoint.json"));
        var left = string.Join('\n', text.Split('\n').Where(line => !without(line)));
        // The last of an object's lines has no comma behind it.
        Rewrite(text, System.Text.RegularExpressions.Regex.Replace(left, @",(\s*})", "$1"));
    }

    private int Sha256sum()
    {
        using var process =
            Process.Start(
                new ProcessStartInfo("sha256sum", ["--check", "--strict", "--status", "checkpoint.sha256"]) { WorkingDirectory = newest })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
