using TorchSharp;
using UNetGen.Interop;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What can't be done with a network while it is trained, or when its weights aren't those that are trained.</summary>
public sealed class TrainerTurnTests : IDisposable
{
    private static readonly TrainingOptions Options =
        new() { Steps = 4, BatchSize = 4, Ema = [new() { UpdateEvery = 1, StartAfter = 0, Decay = 0.5 }] };

    private readonly TemporaryFolder folder = new();
    private readonly CheckpointStore store;
    private readonly TwoConvNet network = new();
    private readonly Trainer trainer;

    public TrainerTurnTests()
    {
        store = new(folder.File("store"));
        trainer = new(network, new Stripes(), Options);
    }

    public void Dispose()
    {
        trainer.Dispose();
        network.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void While_a_network_is_trained_nothing_is_restored_into_it_by_whatever_trainer_or_thread()
    {
        var checkpoint = Saved();
        using var other = new Trainer(network, new Stripes(), Options);
        using var unbroken = new TwoConvNet();
        using (var alone = new Trainer(unbroken, new Stripes(), Options))
            alone.Train();

        trainer.Train(_ =>
        {
            Assert.StartsWith(
                "Restore is called while TwoConvNet is being trained now",
                Assert.Throws<InvalidOperationException>(() => trainer.Restore(checkpoint)).Message);
            Assert.Throws<InvalidOperationException>(() => other.Restore(checkpoint));
            Assert.Throws<InvalidOperationException>(() => Task.Run(() => trainer.Restore(checkpoint)).GetAwaiter().GetResult());
        });

        Assert.Equal((4, 0), (trainer.Step, other.Step));
        Assert.Equal(unbroken.Weights(), network.Weights());
        other.Restore(checkpoint);
        Assert.Equal(2, other.Step);
    }

    [Fact]
    public void A_report_may_capture_what_a_checkpoint_holds()
    {
        var steps = new List<int>();

        trainer.Train(_ => steps.Add(trainer.Capture().Step));

        Assert.Equal([1, 2, 3, 4], steps);
    }

    [Fact]
    public void With_averaged_weights_in_the_network_nothing_is_trained_or_captured()
    {
        var before = network.Weights();
        using (trainer.Ema.Apply())
        {
            Assert.EndsWith(
                "end that, then call Train.", Assert.Throws<InvalidOperationException>(() => trainer.Train(store: store)).Message);
            Assert.EndsWith("end that, then call Capture.", Assert.Throws<InvalidOperationException>(trainer.Capture).Message);
        }

        Assert.Empty(network.Calls);
        Assert.Equal(before, network.Weights());
        Assert.False(Directory.Exists(folder.File("store")));
        Assert.Equal(4, trainer.Train().Steps);
    }

    [Fact]
    public void Averaged_weights_that_a_report_leaves_in_the_network_end_the_training_before_the_next_step_and_are_not_saved()
    {
        using var unbroken = new TwoConvNet();
        using (var alone = new Trainer(unbroken, new Stripes(), Options))
            alone.Train();
        IDisposable? left = null;

        var error = Assert.Throws<InvalidOperationException>(() => trainer.Train(
            step => left = step.Step == 2 ? trainer.Ema.Apply() : null, new CheckpointStore(folder.File("store"))));

        Assert.EndsWith("end that, then call Train.", error.Message);
        Assert.Equal(2, trainer.Step);
        Assert.Null(store.Newest());
        left!.Dispose();
        trainer.Train(store: store);
        Assert.Equal(unbroken.Weights(), network.Weights());
    }

    [Fact]
    public void What_begins_with_a_checkpoint_while_averaged_weights_are_in_the_network_would_be_lost_and_is_refused()
    {
        var checkpoint = Saved();
        using (trainer.Ema.Apply())
            Assert.EndsWith("end that, then load.", Assert.Throws<InvalidOperationException>(() => checkpoint.Begin(network)).Message);

        Assert.Empty(checkpoint.Begin(network));
        Assert.Throws<ArgumentNullException>("network", () => checkpoint.Begin(null!));
        Assert.Throws<ArgumentNullException>("network", () => checkpoint.RequireSpecOf(null!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_network_that_is_converted_or_moved_after_its_trainer_was_made_is_refused_in_a_sentence(bool isMoved)
    {
        var checkpoint = Saved();
        using var adam = new FusedAdam(network.named_parameters());
        Move(isMoved);

        foreach (var refused in (Action[])[() => trainer.Train(), () => trainer.Restore(checkpoint), () => trainer.Capture()])
            Assert.StartsWith(
                "The network was moved or converted (`to`, `cuda`), or disposed of, after its Trainer was made",
                Assert.Throws<InvalidOperationException>(refused).Message);
        foreach (var refused in (Action[])[() => trainer.Ema.Update(1), () => trainer.Ema.Apply()])
            Assert.EndsWith("make its Ema after that.", Assert.Throws<InvalidOperationException>(refused).Message);
        Assert.EndsWith("make its FusedAdam after that.", Assert.Throws<InvalidOperationException>(() => adam.Step(1e-3)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_network_that_a_report_converts_or_moves_ends_the_training_before_the_next_step(bool isMoved)
    {
        Assert.Contains(
            "after its Trainer was made", Assert.Throws<InvalidOperationException>(() => trainer.Train(_ => Move(isMoved), store)).Message);

        Assert.Equal(1, trainer.Step);
        Assert.Null(store.Newest());
    }

    [Fact]
    public void A_trainer_that_is_disposed_of_while_it_trains_ends_after_its_step_and_frees_what_it_has()
    {
        var average = trainer.Ema;
        var averaged = 0;

        Assert.Throws<ObjectDisposedException>(() => trainer.Train(_ =>
        {
            trainer.Dispose();
            averaged = average.StateDict.Count;
        }));

        Assert.Equal((1, network.state_dict().Count), (trainer.Step, averaged));
        Assert.Throws<ObjectDisposedException>(() => average.StateDict);
        foreach (var refused in (Action[])[() => trainer.Train(), () => trainer.Capture(), () => trainer.Restore(null!)])
            Assert.Throws<ObjectDisposedException>(refused);
        using var next = new Trainer(network, new Stripes(), Options);
        Assert.Equal(4, next.Train().Steps);
    }

    [Fact]
    public void An_average_or_a_network_that_a_report_disposes_of_ends_the_training_before_the_next_step()
    {
        Assert.Throws<ObjectDisposedException>(() => trainer.Train(_ => trainer.Ema.Dispose()));
        Assert.Equal(1, trainer.Step);
        using var other = new TwoConvNet();
        using var second = new Trainer(other, new Stripes(), Options);
        Assert.Throws<ObjectDisposedException>(() => second.Train(_ => other.Dispose()));
        Assert.Equal(1, second.Step);
    }

    [Fact]
    public void A_disposed_network_is_refused_as_such_by_all_that_takes_one()
    {
        var checkpoint = Saved();
        using var scope = NewDisposeScope();
        var tensors = new TwoConvNet().state_dict();
        network.Dispose();

        foreach (var refused in (Action[])[
            () => new DdimSampler(2).Sample(network, new() { Count = 1 }),
            () => new SampleFolder(folder.File("drawn")).Draw(network, new DdimSampler(2), new() { Count = 1 }),
            () => new Trainer(network, new Stripes(), Options),
            () => trainer.Train(),
            () => StateDict.Save(folder.File("weights.safetensors"), network),
            () => StateDict.Load(network, tensors),
            () => checkpoint.LoadInto(network),
            () => checkpoint.Begin(network)])
            Assert.Contains(nameof(TwoConvNet), Assert.Throws<ObjectDisposedException>(refused).ObjectName);
        Assert.False(Directory.Exists(folder.File("drawn")));
    }

    /// <summary>A checkpoint of two steps.</summary>
    private Checkpoint Saved()
    {
        using var another = new TwoConvNet();
        using var saving = new Trainer(another, new Stripes(), Options with { Steps = 2 });
        var saved = new CheckpointStore(folder.File("saved"));
        saving.Train(store: saved);
        return saved.Newest()!;
    }

    private void Move(bool toDevice)
    {
        if (toDevice)
            network.to(META);
        else
            network.to(ScalarType.Float64);
    }
}
