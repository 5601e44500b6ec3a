using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What chance decides in a step, and what the step makes of it.</summary>
[Collection(nameof(GlobalGenerator))]
public class TrainingStepTests
{
    private static readonly TrainingOptions Options = new() { Steps = 5, BatchSize = 12, LearningRate = 1e-2, Seed = 3 };

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(12)]
    public void A_batch_in_parts_is_the_whole_batch_to_rounding(int parts)
    {
        var whole = Train(new(selfCondition: true), Options);
        var inParts = Train(new(selfCondition: true), Options with { Accumulation = parts });

        Assert.All(whole.Steps.Zip(inParts.Steps), pair =>
        {
            Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-5 * pair.First.Loss);
            Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-4 * pair.First.GradientNorm);
        });
        // Adam divides a gradient by its own size, so that rounding of one near 0 is seen; the last number counts passes.
        Assert.All(whole.Weights[..^1].Zip(inParts.Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public void The_gradient_that_moves_the_weights_is_clipped_and_the_one_reported_is_not()
    {
        // Without Adam's division: its epsilon is large, so a step is proportional to the gradient.
        var options = Options with { Steps = 1, Epsilon = 1e6, LearningRate = 1e6, Beta1 = 0, Beta2 = 0, GradientClip = null };
        var free = Train(new(), options);
        var norm = free.Steps[0].GradientNorm;
        var clipped = Train(new(), options with { GradientClip = norm / 4 });
        var start = new TwoConvNet().Weights();

        Assert.Equal(norm, clipped.Steps[0].GradientNorm);
        Assert.Equal(norm, Distance(start, free.Weights), 1e-3 * norm);
        Assert.Equal(norm / 4, Distance(start, clipped.Weights), 1e-3 * norm);

        static double Distance(float[] from, float[] to) => Math.Sqrt(from[..^1].Zip(to, (a, b) => Math.Pow(b - a, 2)).Sum());
    }

    [Fact]
    public void Labels_are_the_batchs_and_some_are_the_null_class()
    {
        var network = new TwoConvNet(classes: 3);
        Train(network, Options with { Steps = 200, LabelDropout = 0.25 }, new Stripes(classes: 2));

        Assert.Equal(2400, network.Labels.Count);
        Assert.InRange(network.Labels.Count(label => label == 2), 500, 700);
        Assert.InRange(network.Labels.Count(label => label == 1), 800, 1000);
    }

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(3, 180, 300)]
    public void Without_a_word_a_tenth_of_the_labels_is_dropped_where_there_is_a_null_class(int classes, int least, int most)
    {
        var network = new TwoConvNet(classes: classes);
        Train(network, Options with { Steps = 200 }, new Stripes(classes: 2));

        Assert.InRange(network.Labels.Count(label => label == 2), least, most);
    }

    [Fact]
    public void A_learned_variance_is_trained()
    {
        var steps = Train(new(learnedVariance: true), Options with { Steps = 150 }).Steps;

        Assert.True(steps[^20..].Average(step => step.Loss) < 0.8 * steps[..20].Average(step => step.Loss));
    }

    [Fact]
    public void Offset_noise_adds_one_value_to_each_channel_of_an_image()
    {
        using var scope = NewDisposeScope();
        var plain = Draw(Options);
        var offset = tensor(Draw(Options with { OffsetNoise = 0.1 }).Noise).sub(tensor(plain.Noise)).reshape(500, 64);

        Assert.True((offset - offset[TensorIndex.Colon, TensorIndex.Slice(0, 1)]).abs().max().item<float>() < 1e-5);
        Assert.Equal(0.1, offset[TensorIndex.Colon, 0].std().item<float>(), 0.01);
    }

    [Fact]
    public void What_is_drawn_depends_on_seed_and_place_alone_and_what_layers_draw_on_seed_and_step()
    {
        using var scope = NewDisposeScope();
        var first = Draw(Options, step: 7);
        var dropout = Dropout(Options, step: 7);
        rand(10);
        manual_seed(99);

        Assert.Equal(first.Noise, Draw(Options, step: 7).Noise);
        Assert.Equal(first.Timesteps, Draw(Options, step: 7).Timesteps);
        Assert.Equal(dropout, Dropout(Options, step: 7));
        Assert.NotEqual(dropout, Dropout(Options, step: 8));
        Assert.NotEqual(first.Noise, Draw(Options, step: 8).Noise);
        Assert.NotEqual(first.Noise, Draw(Options with { Seed = 4 }, step: 7).Noise);

        static float[] Dropout(TrainingOptions options, int step)
        {
            using var network = new TwoConvNet();
            new StepDraws(network, options, labelDropout: 0).Begin(step);
            return rand(5).data<float>().ToArray();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Self_conditioning_has_the_probability_that_is_asked_for(double probability)
    {
        var network = new TwoConvNet(selfCondition: true);
        var logger = new ListLogger();
        using (var trainer = new Trainer(
            network, new Stripes(), Options with { SelfConditionProbability = probability, Steps = 5 }, logger: logger))
            trainer.Train();

        Assert.Equal(5 * probability, network.Calls.Count(call => call.Given));
        // Samplers show it one.
        Assert.StartsWith(
            probability == 0 ? "`SelfConditionProbability` is 0: TwoConvNet is shown no estimate of its own"
                : "`SelfConditionProbability` is 1: TwoConvNet never learns to do without an estimate",
            Assert.Single(logger.Warnings, told => told.StartsWith("`SelfConditionProbability`")));
    }

    private static (float[] Noise, long[] Timesteps) Draw(TrainingOptions options, int step = 1)
    {
        using var network = new TwoConvNet();
        var draws = new StepDraws(network, options, labelDropout: 0);
        var (noise, timesteps, label) = (new float[500 * 64], new long[500], 0L);
        for (var i = 0; i < timesteps.Length; i++)
            timesteps[i] = (long)draws.Draw(500 * (step - 1) + i, noise.AsSpan(64 * i, 64), ref label).Time;
        return (noise, timesteps);
    }

    private static (List<TrainingStep> Steps, float[] Weights) Train(TwoConvNet network, TrainingOptions options, Stripes? source = null)
    {
        var steps = new List<TrainingStep>();
        using var trainer = new Trainer(network, source ?? new Stripes(), options);
        trainer.Train(steps.Add);
        return (steps, network.Weights());
    }
}
