using UNetGen.Data;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What others' code throws in the midst of a training: a source's, a report's.</summary>
public sealed class TrainerFaultTests : IDisposable
{
    // All four images are looked at before the first step, and each step has all four.
    private const int ReadsOfThreeSteps = 4 + 3 * 4;

    private static readonly TrainingOptions Options = new() { Steps = 6, BatchSize = 4, Workers = 1 };

    private readonly TemporaryFolder folder = new();
    private readonly CheckpointStore store;

    public TrainerFaultTests() => store = new(folder.File("store"));

    public void Dispose() => folder.Dispose();

    public static TheoryData<Exception> Faults =>
    [
        new DataException("picture 3 is damaged"),
        new IOException("the share is gone"),
        new InvalidOperationException("the connection was closed"),
        new TaskCanceledException("the request timed out"),
        new OperationCanceledException("given up"),
    ];

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_a_source_throws_on_the_way_is_thrown_as_it_is_and_the_last_step_is_saved(Exception fault)
    {
        using var trainer = new Trainer(new TwoConvNet(), new FailingSource(ReadsOfThreeSteps, () => fault), Options);

        Assert.Same(fault, Assert.ThrowsAny<Exception>(() => trainer.Train(store: store)));

        Assert.Equal((3, 3), (trainer.Step, store.Newest()!.Info!.Step));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_a_source_throws_before_the_first_step_is_thrown_as_it_is(Exception fault)
    {
        using var trainer = new Trainer(new TwoConvNet(), new FailingSource(2, () => fault), Options);

        Assert.Same(fault, Assert.ThrowsAny<Exception>(() => trainer.Train(store: store)));

        Assert.Null(store.Newest());
    }

    [Fact]
    public void What_a_source_cancels_after_the_caller_has_is_the_caller_s_stop()
    {
        using var cancellation = new CancellationTokenSource();
        using var trainer = new Trainer(new TwoConvNet(), new FailingSource(ReadsOfThreeSteps, Stopped), Options);

        var stopped = Assert.Throws<TrainingCanceledException>(() => trainer.Train(store: store, cancellation: cancellation.Token));

        // The fourth batch is read during the second step or the third.
        Assert.InRange(stopped.Summary.Steps, 2, 3);
        Assert.Equal(stopped.Summary.Steps, store.Newest()!.Info!.Step);

        Exception Stopped()
        {
            cancellation.Cancel();
            return new TaskCanceledException("a request of a source that knows the token", null, cancellation.Token);
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_a_report_throws_is_thrown_as_it_is_once_its_step_is_saved(Exception fault)
    {
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options);

        Assert.Same(fault, Assert.ThrowsAny<Exception>(() => trainer.Train(
            step =>
            {
                if (step.Step == 3)
                    throw fault;
            },
            store)));

        Assert.Equal((3, 3), (trainer.Step, store.Newest()!.Info!.Step));
        Assert.Equal(6, trainer.Train(store: store).Steps);
    }

    [Fact]
    public void A_report_that_is_cancelled_with_the_training_is_the_stop_of_the_training()
    {
        using var cancellation = new CancellationTokenSource();
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options);

        var stopped = Assert.Throws<TrainingCanceledException>(() => trainer.Train(
            step =>
            {
                if (step.Step < 3)
                    return;
                cancellation.Cancel();
                cancellation.Token.ThrowIfCancellationRequested();
            },
            store, cancellation.Token));

        Assert.Equal((3, 3), (stopped.Summary.Steps, store.Newest()!.Info!.Step));
    }

    [Fact]
    public void Where_the_last_step_can_t_be_saved_the_logger_is_told_and_the_source_s_fault_is_thrown()
    {
        var logger = new ListLogger();
        var fault = new IOException("the share is gone");
        using var trainer = new Trainer(
            new TwoConvNet(), new FailingSource(ReadsOfThreeSteps, () => fault), Options, logger: logger);
        trainer.Saving += () => throw new InvalidDataException("the log is full");

        Assert.Same(fault, Assert.Throws<IOException>(() => trainer.Train(store: store)));

        Assert.Equal("step 3 isn't saved: the log is full", Assert.Single(logger.Warnings));
        Assert.Null(store.Newest());
    }

    [Fact]
    public void A_source_whose_images_are_gone_before_the_first_step_is_told_in_a_sentence()
    {
        var source = new ChangingSource();
        using var trainer = new Trainer(new TwoConvNet(), source, Options);
        source.Count = 0;

        Assert.Equal(
            "There are no images to learn from: four images of stripes.", Assert.Throws<DataException>(() => trainer.Train()).Message);
    }

    [Fact]
    public void A_source_whose_images_are_gone_on_the_way_is_told_in_a_sentence_and_the_last_step_is_saved()
    {
        var source = new ChangingSource();
        using var trainer = new Trainer(new TwoConvNet(), source, Options);

        var error = Assert.Throws<DataException>(() => trainer.Train(_ => source.Count = 0, store));

        Assert.StartsWith(
            "four images of stripes had 4 images of 1 x 8 x 8 (channels x height x width) when it was begun to read, and has 0 images",
            error.Message);
        Assert.Equal(trainer.Step, store.Newest()!.Info!.Step);
    }

    private sealed class ChangingSource : IImageSource
    {
        private readonly Stripes stripes = new();
        private volatile int count = 4;

        public string Description => stripes.Description;

        public int Count
        {
            get => count;
            set => count = value;
        }

        public int Channels => stripes.Channels;

        public int Height => stripes.Height;

        public int Width => stripes.Width;

        public void Read(int index, Span<float> pixels) => stripes.Read(index, pixels);
    }
}
