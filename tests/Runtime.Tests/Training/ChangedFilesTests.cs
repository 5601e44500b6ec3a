using UNetGen.Data;
using UNetGen.Interop;
using UNetGen.Runtime.Tests.Data;
using UNetGen.Runtime.Tests.Distributed;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>
/// A training that goes on learns from the very files that it began with, wherever they lie now; another file is told before a step is made
/// of it.
/// </summary>
[Collection(nameof(GlobalGenerator))]
public sealed class ChangedFilesTests : IDisposable
{
    private const int Few = 12;

    /// <summary>More than are looked at before the first step.</summary>
    private const int Many = 200;

    private static readonly TrainingOptions Options = new() { Steps = 6, BatchSize = 4, Seed = 3, Workers = 1 };

    private static readonly DateTime Then = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_copy_with_other_times_is_the_same_data_and_goes_on_to_the_bit()
    {
        Pictures("data", Few);
        var whole = TrainTo(6, "whole");
        TrainTo(3, "store");
        Pictures("copy", Few);
        foreach (var file in Directory.GetFiles(folder.File("copy")))
            File.SetLastWriteTimeUtc(file, Then.AddDays(1));

        var (trainer, said) = GoOn("copy");

        Assert.Null(said);
        trainer.Train();
        Assert.Equal(HashOf(whole), HashOf(trainer));
    }

    [Fact]
    public void Another_content_of_the_same_size_is_refused_before_the_first_step()
    {
        Pictures("data", Few);
        TrainTo(3, "store");
        File.WriteAllBytes(PathOf(7), Picture(200));

        Assert.Equal($"'{PathOf(7)}' has changed since this training has read it first. {PutBack}", Refusal());
    }

    [Fact]
    public void Another_content_of_the_same_size_and_time_is_refused_when_it_is_read()
    {
        Pictures("data", Few);
        TrainTo(3, "store");
        File.WriteAllBytes(PathOf(7), Picture(200));
        File.SetLastWriteTimeUtc(PathOf(7), Then);

        var (trainer, said) = GoOn();

        Assert.Null(said);
        Assert.Equal(
            $"'{PathOf(7)}' has changed since this training has read it first. {PutBack}",
            Assert.Throws<DataException>(() => trainer.Train()).Message);
        Assert.Equal(3, trainer.Step);
    }

    [Fact]
    public void A_source_that_is_derived_from_files_knows_them_and_what_it_adds()
    {
        Pictures("data", Few);
        using (var trainer = new Trainer(new TwoConvNet(), new Turned(Open("data"), "once"), Options with { Steps = 3 }))
            trainer.Train(store: new(folder.File("store")));

        Assert.Contains("the turns or file names differ", Assert.Throws<CheckpointException>(() => Again("twice")).Message);
        File.WriteAllBytes(PathOf(7), Picture(200));
        Assert.Equal(
            $"'{PathOf(7)}' has changed since this training has read it first. {PutBack}",
            Assert.Throws<DataException>(() => Again("once")).Message);
        Assert.Empty(new Turned(Open("data"), "once").BrokenFiles()!);

        void Again(string how)
        {
            using var trainer = new Trainer(new TwoConvNet(), new Turned(Open("data"), how), Options);
            trainer.Restore(Checkpoint.Open(folder.File("store")));
        }
    }

    [Fact]
    public void Another_size_is_refused_with_both()
    {
        Pictures("data", Few);
        TrainTo(3, "store");
        File.WriteAllBytes(PathOf(7), [.. Picture(7), 0]);
        File.WriteAllBytes(PathOf(9), []);

        Assert.Equal(
            $"2 files in '{folder.File("data")}' have another size than when the training was at work; the first, 007.bmp, had 246 bytes "
                + $"and has 247 bytes. {PutBack}",
            Refusal());
    }

    [Fact]
    public void Files_with_another_time_that_were_not_read_before_are_counted_and_told()
    {
        Pictures("data", Many);
        TrainTo(1, "store");
        foreach (var file in Directory.GetFiles(folder.File("data")))
            File.SetLastWriteTimeUtc(file, Then.AddDays(1));

        var (trainer, said) = GoOn();

        Assert.Matches(
            @"^1\d\d files in '.*data' have another time than before, the same size, and weren't read before: whether they are what an "
                + @"unbroken training would read isn't known\.",
            said);
        trainer.Train(store: new(folder.File("store")));
        // From then on these are the files that it knows.
        Assert.Null(GoOn().Said);
    }

    [Fact]
    public void Files_that_were_added_or_taken_away_are_named()
    {
        Pictures("data", Few);
        TrainTo(3, "store");
        folder.Write("data/drawn.bmp", Picture(0));
        Assert.Contains("the number of images was 12 and is 13; the file names differ; added is drawn.bmp. Put the data back", OtherData());

        File.Delete(PathOf(3));
        Assert.Contains(
            "on other data, 12 pictures in " + folder.File("data") + ": the file names differ; added is drawn.bmp; missing is 003.bmp. Put",
            OtherData());

        for (var i = 0; i < Few; i++)
            folder.Write($"data/new{i:D2}.bmp", Picture(0));
        Assert.Contains(
            "added are drawn.bmp, new00.bmp, new01.bmp, new02.bmp, new03.bmp, new04.bmp, new05.bmp, new06.bmp, new07.bmp, new08.bmp and 3 "
                + "more; missing is 003.bmp. Put",
            OtherData());

        string OtherData() => Assert.Throws<CheckpointException>(() => GoOn()).Message;
    }

    [Fact]
    public void A_checkpoint_of_an_earlier_version_knows_no_files_and_goes_on_and_says_so()
    {
        Pictures("data", Few);
        using (var trainer = new Trainer(new TwoConvNet(), new WithoutRecord(Open("data")), Options))
            trainer.Train(store: new(folder.File("store")));
        File.WriteAllBytes(PathOf(7), Picture(200));
        Assert.Equal(
            "The checkpoint knows none of the data's files, as every one of this version does: whether they were changed since "
                + "isn't known.",
            GoOn().Said);
    }

    [Fact]
    public void What_could_not_be_used_and_now_can_is_refused_and_the_other_way_round_too()
    {
        Pictures("data", 4);
        byte[] content = File.ReadAllBytes(PathOf(0));
        var denied = new FileFault("can't be read: Access is denied", IsOfContent: false);
        var before = Record();
        before.Met(0, content, null);
        before.Met(1, null, denied);

        // Readable now, before anything is read.
        Assert.Contains(
            $"'{PathOf(1)}' couldn't be used when this training met it first",
            Assert.Throws<DataException>(() => Record().GoOnFrom(before.ToTensors())).Message);

        before = Record();
        before.Met(0, content, null);
        var now = Record();
        Assert.Null(now.GoOnFrom(before.ToTensors()));
        Assert.StartsWith(
            $"'{PathOf(0)}' can't be read: Access is denied, and this training has learnt from it before.",
            Assert.Throws<DataException>(() => now.Met(0, null, denied)).Message);
        // Nobody knows whether it could be read then.
        Assert.Contains("An unbroken training may have read it.", Assert.Throws<DataException>(() => now.Met(2, null, denied)).Message);
        // What is in the file was in it then.
        now.Met(3, null, new("is empty", IsOfContent: true));

        FileRecord Record() => new(folder.File("data"), ["000.bmp", "001.bmp", "002.bmp", "003.bmp"]);
    }

    [Fact]
    public void What_any_rank_has_read_is_in_the_checkpoint()
    {
        Pictures("data", Many);
        var options = Options with { BatchSize = Many / 2, Steps = 1 };
        ThreadCollective.Run(2, collective =>
        {
            using var trainer = new Trainer(new TwoConvNet(), Open("data"), options, collective: collective);
            return trainer.Train(store: collective.Rank == 0 ? new(folder.File("store")) : null);
        });

        using var file = Checkpoint.Open(folder.File("store")).Tensors("data");
        Assert.DoesNotContain(0, file.ReadAll()["sum"].data<long>().ToArray());
    }

    [Fact]
    public void Ranks_that_read_other_bytes_under_one_name_are_an_error()
    {
        Pictures("data", 1);
        var (one, other) = (new FileRecord(folder.File("data"), ["000.bmp"]), new FileRecord(folder.File("data"), ["000.bmp"]));
        one.Met(0, [1], null);
        other.Met(0, [2], null);
        Assert.Throws<DataException>(() => one.Join(other.Sums()));
    }

    [Fact]
    public void What_was_learnt_until_data_cannot_be_read_is_saved()
    {
        Pictures("data", Many);
        var source = Open("data");
        using var trainer = new Trainer(new TwoConvNet(), source, Options with { Steps = 100 });
        var error = Assert.Throws<DataException>(() => trainer.Train(
            step =>
            {
                if (step.Step == 2)
                    Directory.Delete(folder.File("data"), recursive: true);
            },
            new(folder.File("store"))));

        Assert.Contains("is gone while it is being read", error.Message);
        Assert.Equal(trainer.Step, Checkpoint.Open(folder.File("store")).Info!.Step);
    }

    [Fact]
    public void Where_reading_hangs_a_training_still_stops_and_saves()
    {
        using var hang = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource();
        using var trainer = new Trainer(new TwoConvNet(), new Hanging(hang, after: 20), Options with { Steps = 100, BatchSize = 2 });

        var error = Assert.Throws<TrainingCanceledException>(
            () => trainer.Train(step => stop.CancelAfter(100), new(folder.File("store")), stop.Token));

        var summary = error.Summary;
        Assert.InRange(summary.Steps, 1, 10);
        Assert.Equal(summary.Steps, Checkpoint.Open(folder.File("store")).Info!.Step);
        hang.Set();
    }

    [Fact]
    public void Where_reading_hangs_before_the_first_step_a_training_still_stops()
    {
        using var hang = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource(100);
        using var trainer = new Trainer(new TwoConvNet(), new Hanging(hang, after: 0), Options);

        Assert.Equal(0, Assert.Throws<TrainingCanceledException>(() => trainer.Train(cancellation: stop.Token)).Summary.Steps);
        hang.Set();
    }

    private sealed class Turned(IImageSource images, string how) : DerivedSource(images)
    {
        public override DataIdentity Identity => base.Identity.And("turns", [how]);

        // The pictures here are dark: what is dark stays so.
        public override void Read(int index, Span<float> pixels)
        {
            base.Read(index, pixels);
            pixels.Reverse();
        }
    }

    private const string PutBack =
        "A training goes on exactly only on the images that it was trained on: put back what was there, or begin a new training.";

    private Trainer TrainTo(int step, string store)
    {
        using var stop = new CancellationTokenSource();
        var trainer = new Trainer(new TwoConvNet(), Open("data"), Options);
        Stoppable.Train(
            trainer,
            taken =>
            {
                if (taken.Step == step)
                    stop.Cancel();
            },
            new(folder.File(store)), stop.Token);
        return trainer;
    }

    private (Trainer Trainer, string? Said) GoOn(string data = "data")
    {
        var logger = new ListLogger();
        var trainer = new Trainer(new TwoConvNet(), Open(data), Options, logger: logger);
        trainer.Restore(Checkpoint.Open(folder.File("store")));
        return (trainer, logger.Warnings.SingleOrDefault());
    }

    private string Refusal()
    {
        using var trainer = new Trainer(new TwoConvNet(), Open("data"), Options);
        var error = Assert.Throws<DataException>(() => trainer.Restore(Checkpoint.Open(folder.File("store"))));
        Assert.Equal(0, trainer.Step);
        return error.Message;
    }

    private static string HashOf(Trainer trainer) =>
        Convert.ToHexString(StateDict.Hash(trainer.Capture().Tensors["weights"].Select(entry => (entry.Key, entry.Value))));

    private ImageFolderSource Open(string name) => ImageFolderSource.Open(folder.File(name), 1, 8, 8);

    private string PathOf(int number) => Path.Combine(folder.File("data"), $"{number:D3}.bmp");

    private void Pictures(string name, int count)
    {
        for (var i = 0; i < count; i++)
            File.SetLastWriteTimeUtc(folder.Write($"{name}/{i:D3}.bmp", Picture((byte)i)), Then);
    }

    private static byte[] Picture(byte grey) => ImageFolderSourceTests.Bmp(8, 8, grey);

    /// <summary>As a source of an earlier version was.</summary>
    private sealed class WithoutRecord(IImageSource source) : IImageSource
    {
        public string Description => source.Description;

        public int Count => source.Count;

        public int Channels => source.Channels;

        public int Height => source.Height;

        public int Width => source.Width;

        public DataIdentity Identity => source.Identity;

        public void Read(int index, Span<float> pixels) => source.Read(index, pixels);
    }

    /// <summary>Stripes that are read from a share that goes away.</summary>
    private sealed class Hanging(ManualResetEventSlim hang, int after) : IImageSource
    {
        private readonly Stripes stripes = new();
        private int reads;

        public string Description => stripes.Description;

        public int Count => stripes.Count;

        public int Channels => stripes.Channels;

        public int Height => stripes.Height;

        public int Width => stripes.Width;

        public void Read(int index, Span<float> pixels)
        {
            if (Interlocked.Increment(ref reads) > after)
                hang.Wait();
            stripes.Read(index, pixels);
        }
    }
}
