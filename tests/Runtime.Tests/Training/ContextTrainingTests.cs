using System.Text.Json.Nodes;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Distributed;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Data;
using UNetGen.Runtime.Tests.Distributed;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Training on latents whose contexts decide what they are, and drawing by contexts.</summary>
public sealed class ContextTrainingTests : IDisposable
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 12,
        BatchSize = 4,
        LearningRate = 1e-2,
        Seed = 3,
        ContextDropout = 0.3,
        Ema = [new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 }],
    };

    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void What_is_drawn_by_a_context_is_near_the_latents_of_that_context_also_beyond_one()
    {
        using var network = new ContextNet();
        using var trainer = new Trainer(
            network, Latents(), Options with { Steps = 500, ContextDropout = null, Decay = LearningRateDecay.Cosine });
        trainer.Train();
        using var averaged = trainer.Ema.Apply();

        var drawn = Means(new DdimSampler(20), network, new() { Count = 4, Context = Contexts });
        // Within a fifth of the way to the other context's, and outside of what clipping would leave.
        Assert.All([drawn[0], drawn[2]], mean => Assert.InRange(mean, 1.2, 2.8));
        Assert.All([drawn[1], drawn[3]], mean => Assert.InRange(mean, -2.8, -1.2));
        // Without a word of it no context is the mean of all, from which guidance leads away.
        var guided = Means(
            new DdimSampler(20), network, new() { Count = 2, Context = Contexts, NegativeContext = zeros(1, 2, 3), Guidance = 2 });
        Assert.True(guided[0] > drawn[0] + 0.3 && guided[1] < drawn[1] - 0.3, $"guided to {guided[0]} and {guided[1]}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void A_training_that_was_stopped_goes_on_to_the_bit(int stop)
    {
        var whole = Trained(Options);
        using (var network = new ContextNet())
        using (var first = new Trainer(network, Latents(), Options with { Steps = stop }))
            first.Train(store: new CheckpointStore(folder.File("store")));

        Assert.Equal(whole, Trained(Options, Checkpoint.Open(folder.File("store"))));
    }

    [Fact]
    public void Parts_and_ranks_train_as_one_batch_does_to_rounding()
    {
        var whole = Trained(Options);
        AssertNear(whole, Trained(Options with { Accumulation = 2 }));
        var ranks = ThreadCollective.Run(2, collective => Trained(Options with { BatchSize = 2 }, collective: collective));
        Assert.Equal(ranks[0], ranks[1]);
        AssertNear(whole, ranks[0]);

        static void AssertNear(float[] expected, float[] actual) =>
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4));
    }

    [Theory]
    [InlineData(0.0, 0, 0)]
    [InlineData(0.3, 200, 280)]
    [InlineData(null, 50, 110)]
    [InlineData(1.0, 800, 800)]
    public void So_many_contexts_are_replaced_by_the_null_context(double? dropout, int least, int most)
    {
        using var network = new ContextNet();
        using var trainer = new Trainer(network, Latents(), Options with { Steps = 200, ContextDropout = dropout });
        trainer.Train();

        Assert.InRange(network.Asked.Count(asked => asked.Context == 0.25f), least, most);
    }

    [Fact]
    public void Labels_and_contexts_that_are_dropped_as_often_are_dropped_together()
    {
        using var network = new ContextNet(classes: 3);
        using var trainer = new Trainer(network, Latents(withLabels: true), Options with { Steps = 50, LabelDropout = 0.3 });
        trainer.Train();

        Assert.All(network.Asked, asked => Assert.Equal(asked.Label == 2, asked.Context == 0.25f));
        Assert.Contains(network.Asked, asked => asked.Label == 2);
    }

    [Fact]
    public void A_checkpoint_keeps_the_null_context_and_goes_on_with_no_other()
    {
        using (var network = new ContextNet())
        using (var trainer = new Trainer(network, Latents(), Options with { Steps = 2 }))
            trainer.Train(store: new CheckpointStore(folder.File("store")));
        var checkpoint = Checkpoint.Open(folder.File("store"));

        Assert.Equal([1L, 2, 3], checkpoint.NullContext()!.shape);
        Assert.Equal(0.25f, checkpoint.NullContext()!.mean().item<float>());
        Assert.Null(Checkpoint.Open(Path.Combine(checkpoint.Path, "ema.safetensors")).NullContext());
        Assert.False(checkpoint.IsBounded);
        Assert.False(Checkpoint.Open(Path.Combine(checkpoint.Path, "ema.safetensors")).IsBounded);
        using var other = new ContextNet();
        checkpoint.LoadInto(other);
        Assert.False(other.IsBounded);
        using var going = new Trainer(other, new WithoutNull(Latents()), Options);
        var error = Assert.Throws<CheckpointException>(() => going.Restore(checkpoint));
        Assert.Contains("with another null context than it had", error.Message);
    }

    [Fact]
    public void A_training_that_drops_no_contexts_keeps_no_null_context_to_be_guided_away_from()
    {
        using (var network = new ContextNet())
        using (var trainer = new Trainer(network, Latents(), Options with { Steps = 1, ContextDropout = 0 }))
            trainer.Train(store: new CheckpointStore(folder.File("store")));
        Assert.Null(Checkpoint.Open(folder.File("store")).NullContext());
    }

    [Fact]
    public void The_option_stands_in_checkpoints_where_it_is_given()
    {
        using var network = new ContextNet();
        using var trainer = new Trainer(network, Latents(), Options);
        var saved = new CheckpointStore(folder.File("store")).Save(trainer.Capture());
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(saved, CheckpointInfo.FileName)))!;

        Assert.Equal(0.3, (double)json["training"]!["context_dropout"]!);
        using var other = new Trainer(network, Latents(), Options with { ContextDropout = 0.2 });
        Assert.Contains(
            "`ContextDropout` was 0.3 and is 0.2",
            Assert.Throws<CheckpointException>(() => other.Restore(Checkpoint.Open(saved))).Message);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_the_first_step()
    {
        Assert.Contains(
            "ContextNet is conditioned on contexts of width 3 (context_dim), but the data (1 latent in ",
            Refusal(new ContextNet(), Folder("plain", ("latents", zeros(1, 2, 4, 4)))));
        Assert.EndsWith(
            "; without a context there is `attention: none` in the spec, or another preset.",
            Refusal(new ContextNet(), Folder("without", ("latents", zeros(1, 2, 4, 4)))));
        Assert.Contains(
            "takes contexts of width 3 (context_dim), but those of the data (1 latent with contexts of 2 x 5 in ",
            Refusal(new ContextNet(), Folder("wide", ("latents", zeros(1, 2, 4, 4)), ("context", zeros(2, 5)))));
        Assert.Contains(
            "what ContextNet draws is clipped to it: give the spec `diffusion: { clip_sample: false }`",
            Refusal(new ContextNet(clips: true), Latents()));
        Assert.Contains(
            "`HorizontalFlips` can't be of 4 latents", Refusal(new ContextNet(), Latents(), Options with { HorizontalFlips = true }));
        Assert.Contains(
            "`ContextDropout` is 0.3, but TwoConvNet takes no context: leave it out, or train a spec of preset conditional",
            Refusal(new TwoConvNet(), new Stripes()));
    }

    [Theory]
    [InlineData(float.NaN, "NaN, which is no finite number")]
    [InlineData(1e30f, "1E+30, beyond 1,000,000, where no encoder's numbers lie")]
    public void Contexts_of_numbers_that_no_encoder_gives_are_refused_before_the_first_step(float value, string expected)
    {
        using var network = new ContextNet();
        using var trainer = new Trainer(network, new WithoutNull(Latents(), (3, value)), Options);

        var error = Assert.Throws<DataException>(() => trainer.Train()).Message;

        Assert.Contains($"The context of image 3 of 4 latents with contexts of 2 x 3 in {folder.File("latents")} holds {expected}", error);
        Assert.Equal(0, trainer.Step);
        Assert.Empty(network.Asked);
    }

    [Fact]
    public void What_is_dropped_always_and_never_learnt_is_told()
    {
        var logger = new ListLogger();
        using var network = new ContextNet(classes: 3);
        var never = Options with { Steps = 1, LabelDropout = 1, ContextDropout = 1 };
        using (var trainer = new Trainer(network, Latents(withLabels: true), never, logger: logger))
            trainer.Train();

        Assert.Collection(
            logger.Warnings,
            first => Assert.StartsWith("`LabelDropout` is 1: every label is replaced by the class that stands for none", first),
            second => Assert.StartsWith("`ContextDropout` is 1: every context is replaced by the null context", second));
    }

    [Fact]
    public void Latents_without_labels_for_a_network_with_classes_are_told_of_the_tensor()
    {
        Assert.Contains(
            "has no labels. Files of latents have them as the tensor `labels`, a whole number for each latent; or leave `num_classes` out",
            Refusal(new ContextNet(classes: 3), Latents()));
    }

    [Fact]
    public void Latents_of_an_unusual_spread_and_contexts_of_no_use_are_told()
    {
        var logger = new ListLogger();
        using var network = new ContextNet();
        var loud = Folder("loud", ("latents", randn(8, 2, 4, 4) * 6), ("context", zeros(2, 3)));
        using (var trainer = new Trainer(network, loud, Options with { Steps = 1 }, logger: logger))
            trainer.Train();
        Assert.Contains("latents are scaled to about 1, as Stable Diffusion's by 0.18215", Assert.Single(logger.Warnings));

        logger = new ListLogger();
        using var deaf = new TwoConvNet(diffusion: new() { Timesteps = 50, ClipSample = false });
        var plain = Options with { Steps = 1, ContextDropout = null };
        using (var trainer = new Trainer(
            deaf, Folder("deaf", ("latents", randn(8, 1, 8, 8)), ("context", zeros(2, 3))), plain, logger: logger))
            trainer.Train();
        Assert.Contains("2 x 3, aren't used: TwoConvNet takes none", Assert.Single(logger.Warnings));
    }

    [Fact]
    public void Latents_of_another_deviation_than_EDM_is_told_are_told()
    {
        var logger = new ListLogger();
        var plain = Options with { Steps = 1, ContextDropout = null };
        var latents = Folder("of one", ("latents", randn(8, 1, 8, 8)));
        foreach (var sigmaData in new[] { 0.5, 1 })
        {
            using var network = new TwoConvNet(diffusion: new() { Type = DiffusionType.Edm, SigmaData = sigmaData });
            using var trainer = new Trainer(network, latents, plain, logger: logger);
            trainer.Train();
        }
        Assert.Contains("and EDM is told 0.5: give the spec", Assert.Single(logger.Warnings));
    }

    private static Tensor Contexts => cat([ones(1, 2, 3), -ones(1, 2, 3)]);

    private static double[] Means(Sampler sampler, ContextNet network, SamplingOptions options)
    {
        using var drawn = sampler.Sample(network, options);
        return [.. drawn.mean([1L, 2, 3]).data<float>().ToArray().Select(mean => (double)mean)];
    }

    private static string Refusal(NoisePredictor network, IImageSource source, TrainingOptions? options = null) =>
        Assert.Throws<DataException>(() => new Trainer(network, source, options ?? Options)).Message;

    /// <summary>Latents around 2 where the context is 1, and around -2 where it is -1; 0.25 stands for none.</summary>
    private LatentFolderSource Latents(bool withLabels = false)
    {
        var name = withLabels ? "labelled" : "latents";
        if (Directory.Exists(folder.File(name)))
            return LatentFolderSource.Open(folder.File(name), 2, 4, 4);
        var one = tensor(new[] { 1f, -1, 1, -1 }).reshape(4, 1, 1, 1);
        var latents = one * 2 + LatentFiles.Numbers(-0.1, 4, 2, 4, 4) / 100;
        (string, Tensor)[] labels = withLabels ? [("labels", tensor(new long[] { 0, 1, 0, 1 }))] : [];
        LatentFiles.Write(
            folder.File(name), "null.safetensors", ("null_context", full([2, 3], 0.25f)));
        return Folder(name, [("latents", latents), ("context", one.reshape(4, 1, 1).expand(4, 2, 3).clone()), .. labels]);
    }

    private LatentFolderSource Folder(string name, params (string, Tensor)[] tensors)
    {
        var shape = tensors[0].Item2.shape;
        LatentFiles.Write(folder.File(name), "a.safetensors", tensors);
        return LatentFolderSource.Open(folder.File(name), (int)shape[1], (int)shape[2], (int)shape[3]);
    }

    private float[] Trained(TrainingOptions options, Checkpoint? from = null, ICollective? collective = null)
    {
        LatentFolderSource source;
        lock (folder)
            source = Latents();
        using var network = new ContextNet();
        using var trainer = new Trainer(network, source, options, collective: collective);
        if (from is not null)
            trainer.Restore(from);
        trainer.Train();
        using var averaged = trainer.Ema.Apply();
        return network.Weights();
    }

    /// <summary>The same images with zeros for no context; one number of a context may be another.</summary>
    private sealed class WithoutNull(IImageSource source, (int Image, float Value)? broken = null) : IImageSource
    {
        public string Description => source.Description;

        public int Count => source.Count;

        public int Channels => source.Channels;

        public int Height => source.Height;

        public int Width => source.Width;

        public bool IsBounded => source.IsBounded;

        public ContextShape? Context => source.Context;

        public void Read(int index, Span<float> pixels) => source.Read(index, pixels);

        public void ReadContext(int index, Span<float> values)
        {
            source.ReadContext(index, values);
            if (index == broken?.Image)
                values[^1] = broken.Value.Value;
        }
    }
}
