using UNetGen.Backends;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What others do with a network while it is trained, which has dropout: whether it is on shows in the weights.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class TrainerSharingTests : IDisposable
{
    private static readonly TrainingOptions Options = new() { Steps = 8, BatchSize = 4, LearningRate = 1e-2 };
    private static readonly SamplingOptions One = new() { Count = 1 };

    private readonly TemporaryFolder folder = new();
    private readonly TwoConvNet network = new(dropout: 0.3);
    private readonly Trainer trainer;

    public TrainerSharingTests() => trainer = new(network, new Stripes(), Options);

    public void Dispose()
    {
        trainer.Dispose();
        network.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_thread_that_draws_all_the_while_changes_nothing_of_what_is_learnt()
    {
        var drawn = 0;
        await using (new Meanwhile(() =>
        {
            new DdimSampler(3).Sample(network, One).Dispose();
            Interlocked.Increment(ref drawn);
        }))
        {
            trainer.Train(_ => SpinWait.SpinUntil(() => Volatile.Read(ref drawn) > trainer.Step, TimeSpan.FromSeconds(10)));
        }

        Assert.True(drawn >= Options.Steps);
        Assert.True(network.training);
        Assert.Equal(Unbroken(), Learnt(network));
    }

    [Fact]
    public void A_report_that_leaves_evaluation_mode_or_no_gradients_behind_changes_nothing_of_what_is_learnt()
    {
        IDisposable? none = null;

        trainer.Train(step =>
        {
            network.eval();
            network.Precision = Precision.BFloat16;
            none ??= no_grad();
        });
        none?.Dispose();

        Assert.Equal(Unbroken(), Learnt(network));
    }

    [Fact]
    public async Task A_training_that_waits_for_a_drawing_stops_when_it_is_asked_to()
    {
        using ManualResetEventSlim isIn = new(), goOn = new();
        var drawing = Task.Run(() => new DdimSampler(3).Sample(network, One, _ =>
        {
            isIn.Set();
            goOn.Wait();
        }).Dispose());
        isIn.Wait();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        var (_, isCanceled) = Stoppable.Train(trainer, cancellation: stop.Token);

        Assert.True(isCanceled);
        Assert.False(drawing.IsCompleted);
        goOn.Set();
        await drawing;
    }

    [Fact]
    public void Nothing_is_loaded_into_a_network_that_is_trained()
    {
        StateDict.Save(folder.File("weights.safetensors"), network);
        using var file = SafetensorsFile.Open(folder.File("weights.safetensors"));
        var checkpoint = Checkpoint.Open(file.Path);
        trainer.Train(_ =>
        {
            foreach (var load in (Action[])[
                () => StateDict.Load(network, file), () => StateDict.Load(network, network.state_dict()),
                () => checkpoint.LoadInto(network), () => checkpoint.Begin(network)])
                Assert.StartsWith("TwoConvNet is being trained", Assert.Throws<InvalidOperationException>(load).Message);
        });

        Assert.Equal(Unbroken(), Learnt(network));
        StateDict.Load(network, file);
    }

    [Fact]
    public async Task A_file_that_is_saved_while_another_thread_trains_holds_the_weights_of_one_step()
    {
        var ofSteps = new List<float[]> { Learnt(network) };
        var path = folder.File("weights.safetensors");
        var saved = new List<float[]>();
        await using (new Meanwhile(() =>
        {
            StateDict.Save(path, network);
            using var scope = NewDisposeScope();
            var (tensors, _) = SafetensorsFile.Read(path);
            lock (saved)
                saved.Add([.. network.named_parameters().SelectMany(named => tensors[named.name].data<float>().ToArray())]);
        }))
        {
            trainer.Train(step =>
            {
                ofSteps.Add(Learnt(network));
                SpinWait.SpinUntil(() => Count() > trainer.Step, TimeSpan.FromSeconds(10));
            });
        }

        Assert.True(saved.Count >= Options.Steps);
        Assert.All(saved, weights => Assert.Contains(ofSteps, step => step.SequenceEqual(weights)));

        int Count()
        {
            lock (saved)
                return saved.Count;
        }
    }

    [Fact]
    public void Who_observes_a_drawing_can_neither_train_nor_apply_averages()
    {
        var refused = 0;
        using var images = new DdimSampler(2).Sample(network, One, _ =>
        {
            Assert.StartsWith("TwoConvNet is being drawn with", Assert.Throws<InvalidOperationException>(() => trainer.Train()).Message);
            Assert.Throws<InvalidOperationException>(trainer.Ema.Apply);
            refused++;
        });

        Assert.Equal((3, 0), (refused, trainer.Step));
        trainer.Ema.Apply().Dispose();
    }

    [Theory]
    [InlineData("optimizer.safetensors")]
    [InlineData("ema.safetensors")]
    public void A_checkpoint_that_lacks_a_file_by_now_leaves_the_network_as_it_was(string file)
    {
        var store = new CheckpointStore(folder.File("store"));
        trainer.Train(store: store);
        var checkpoint = store.Newest()!;
        File.Delete(Path.Combine(checkpoint.Path, file));
        using var other = new TwoConvNet(dropout: 0.3);
        using var going = new Trainer(other, new Stripes(), Options);
        var before = Learnt(other);

        Assert.Throws<CheckpointException>(() => going.Restore(checkpoint));

        Assert.Equal(before, Learnt(other));
    }

    [Fact]
    public void A_training_of_frozen_weights_goes_on_where_the_same_are_frozen_and_says_so_where_they_are_not()
    {
        var store = new CheckpointStore(folder.File("store"));
        using (var frozen = Frozen())
        using (var first = new Trainer(frozen, new Stripes(), Options))
            first.Train(store: store);

        var before = Learnt(network);
        Assert.Contains(
            "have to be frozen before the trainer is made",
            Assert.Throws<CheckpointException>(() => trainer.Restore(store.Newest()!)).Message);
        Assert.Equal(before, Learnt(network));

        using var again = Frozen();
        using var second = new Trainer(again, new Stripes(), Options);
        second.Restore(store.Newest()!);
        Assert.Equal(Options.Steps, second.Step);
    }

    [Fact]
    public void Weights_that_are_freed_after_their_trainer_was_made_are_named_and_not_left_out()
    {
        using var frozen = Frozen();
        using var first = new Trainer(frozen, new Stripes(), Options);
        foreach (var parameter in frozen.parameters())
            parameter.requires_grad_(true);

        Assert.StartsWith(
            "TwoConvNet's conv1.weight was frozen when its trainer was made",
            Assert.Throws<InvalidOperationException>(() => first.Train()).Message);
    }

    private static TwoConvNet Frozen()
    {
        var network = new TwoConvNet(dropout: 0.3);
        foreach (var (name, parameter) in network.named_parameters())
            parameter.requires_grad_(name == "conv2.bias");
        return network;
    }

    private static float[] Unbroken()
    {
        using var network = new TwoConvNet(dropout: 0.3);
        using var trainer = new Trainer(network, new Stripes(), Options);
        trainer.Train();
        return Learnt(network);
    }

    private static float[] Learnt(NoisePredictor network) =>
        [.. network.parameters().SelectMany(parameter => parameter.detach().data<float>().ToArray())];
}
