using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using UNetGen.Backends;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What float16 needs beside its numbers: a loss that is scaled, as by torch.amp.GradScaler.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class LossScaleTests : IDisposable
{
    // At the first scale, 65536, the gradient of the prediction is beyond float16: for some steps.
    private const double Divided = 4096;

    private static readonly TrainingOptions Options = new()
    {
        Steps = 30,
        BatchSize = 4,
        LearningRate = 1e-2,
        Seed = 5,
        Precision = Precision.Float16,
        GradientClip = 0.5,
        Ema = [new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 }],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_begins_at_65536_halves_with_each_overflow_and_doubles_after_2000_steps_without_one()
    {
        var scale = new LossScale();
        Assert.Equal(65536, scale.Value);
        Assert.Equal(
            "float16 can't hold the gradient at a loss scale of 65,536, the next steps take 32,768; this is no fault",
            scale.Judge(1, double.PositiveInfinity));
        Assert.NotNull(scale.Judge(1, double.NaN));
        Assert.Equal((16384, 0, 2), (scale.Value, scale.Steps, scale.Overflows));
        Repeat(scale, 1999);
        Assert.Equal((16384, 1999), (scale.Value, scale.Steps));
        Repeat(scale, 1);
        Assert.Equal((32768, 0), (scale.Value, scale.Steps));
        Repeat(scale, 1999);
        scale.Judge(1, double.NaN);
        Assert.Equal((16384, 0), (scale.Value, scale.Steps));
    }

    [Fact]
    public void At_1_a_gradient_that_is_no_number_is_none_of_its_matters_nor_is_a_loss_that_is_none()
    {
        var scale = new LossScale();
        Assert.Null(scale.Judge(double.NaN, double.NaN));
        Assert.Equal(65536, scale.Value);
        for (var i = 0; i < 16; i++)
            Assert.NotNull(scale.Judge(1, double.NaN));
        Assert.Equal(1, scale.Value);
        Assert.Null(scale.Judge(1, double.NaN));
        Assert.Equal(1, scale.Value);
    }

    [Fact]
    public void It_goes_on_from_where_it_was_and_never_grows_beyond_float32()
    {
        var scale = new LossScale();
        scale.Restore(new() { LossScale = LossScale.Most, LossScaleSteps = 1998 });
        Repeat(scale, 2);
        Assert.Equal((LossScale.Most, 0), (scale.Value, scale.Steps));
        scale.Restore(new() { LossScale = 8, LossScaleSteps = 1998 });
        Repeat(scale, 1);
        Assert.Equal((8, 1999), (scale.Value, scale.Steps));
        scale.Restore(new());
        Assert.Equal((65536, 0), (scale.Value, scale.Steps));
    }

    [Fact]
    public void Steps_whose_gradient_float16_cannot_hold_are_left_out_and_told_and_the_rest_is_the_training_without_a_scale()
    {
        var logger = new LevelledLogger();
        using var network = new TwoConvNet { InFloat16 = Divided };
        using var trainer = new Trainer(network, new Stripes(), Options, logger: logger);
        var (before, steps, held) = (network.Weights(), new List<TrainingStep>(), new List<float[]>());
        var summary = trainer.Train(step =>
        {
            steps.Add(step);
            held.Add(network.Weights());
        });

        var left = steps.TakeWhile(step => step.Skipped is not null).Count();
        Assert.InRange(left, 3, 12);
        Assert.All(steps[left..], step => Assert.Null(step.Skipped));
        Assert.Equal(
            "step 2 (batch 1): float16 can't hold the gradient at a loss scale of 32,768, the next steps take 16,384; this is no fault",
            steps[1].Skipped);
        Assert.All(steps[..left], step => Assert.True(double.IsFinite(step.Loss) && !double.IsFinite(step.GradientNorm)));
        // The weights are what they were, but for the count of calls behind them.
        Assert.All(held[..left], weights => Assert.Equal(before[..^1], weights[..^1]));
        Assert.Equal(Math.Pow(2, 16 - left), trainer.Capture().State["loss_scale"]!.GetValue<double>());
        Assert.Equal(30 - left, trainer.Capture().State["loss_scale_steps"]!.GetValue<int>());
        // No fault, and nothing to doubt.
        Assert.Equal((0, 0), (summary.Skipped, summary.SkippedAtEnd));
        Assert.Empty(summary.Doubts);
        Assert.Equal(left, logger.Told.Count(told => told.Level == LogLevel.Information && told.Text.StartsWith("left out step ")));
        Assert.DoesNotContain(logger.Told, told => told.Level > LogLevel.Information);

        // Its gradients are those of the loss itself: the norm that is told, and what is clipped.
        using var plain = new TwoConvNet();
        using var exact = new Trainer(plain, new Stripes(), Options with { Precision = Precision.Float32 });
        var norms = new List<double>();
        exact.Train(step => norms.Add(step.GradientNorm));
        Assert.Equal(norms[0], Norm(steps[left]), 0.5 * norms[0]);
        var (first, last) = (steps[..left].Average(step => step.Loss), steps[^left..].Average(step => step.Loss));
        Assert.True(last < 0.8 * first, $"from {first:G3} to {last:G3}");

        static double Norm(TrainingStep step) => step.GradientNorm;
    }

    [Fact]
    public void Without_an_overflow_the_scale_changes_no_bit_of_weights_and_norms()
    {
        // A network that computes in float32 whatever it is asked for.
        var (scaled, plain) = (Run(Options), Run(Options with { Precision = Precision.Float32 }));
        Assert.Equal(plain, scaled);

        static (string Weights, string Norms) Run(TrainingOptions options)
        {
            using var network = new TwoConvNet(dropout: 0.2);
            using var trainer = new Trainer(network, new Stripes(), options with { Accumulation = 2 });
            var norms = new List<double>();
            trainer.Train(step => norms.Add(step.GradientNorm));
            return (string.Join(' ', network.Weights()), string.Join(' ', norms));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(15)]
    public void Stopped_and_continued_it_goes_on_to_the_bit(int stop)
    {
        var whole = new List<TrainingStep>();
        using var network = new TwoConvNet { InFloat16 = Divided };
        using (var trainer = new Trainer(network, new Stripes(), Options))
            trainer.Train(whole.Add);

        using var first = new TwoConvNet { InFloat16 = Divided };
        using var cancellation = new CancellationTokenSource();
        using (var trainer = new Trainer(first, new Stripes(), Options))
        {
            Stoppable.Train(
                trainer,
                step =>
                {
                    if (step.Step == stop)
                        cancellation.Cancel();
                },
                new CheckpointStore(folder.File("store")), cancellation.Token);
        }
        using var second = new TwoConvNet { InFloat16 = Divided };
        var rest = new List<TrainingStep>();
        using (var trainer = new Trainer(second, new Stripes(), Options))
        {
            trainer.Restore(new CheckpointStore(folder.File("store")).Newest()!);
            trainer.Train(rest.Add);
        }
        Assert.Equal(whole[stop..].Select(Text), rest.Select(Text));
        Assert.Equal(network.Weights()[..^1], second.Weights()[..^1]);

        static string Text(TrainingStep step) => $"{step.Step} {step.Loss:R} {step.GradientNorm:R} {step.Skipped}";
    }

    [Fact]
    public void A_fault_is_one_in_float16_too()
    {
        using var network = new TwoConvNet { Spoil = 7 };
        using var trainer = new Trainer(network, new Stripes(), Options);
        var skipped = new List<string>();
        var summary = trainer.Train(step => skipped.AddRange(step.Skipped is { } fault ? [fault] : []));
        Assert.Equal(["step 7 (batch 6): the loss is NaN"], skipped);
        Assert.Equal(1, summary.Skipped);
    }

    [Fact]
    public void Where_no_step_found_a_scale_the_training_says_so_and_so_does_its_checkpoint()
    {
        using var network = new TwoConvNet { InFloat16 = Divided };
        using var trainer = new Trainer(network, new Stripes(), Options with { Steps = 2 });
        var summary = trainer.Train(store: new CheckpointStore(folder.File("store")));
        string[] doubts =
        [
            "No weight has changed in 2 steps: float16 couldn't hold the gradients, and the loss scale was lowered each time. It needs "
                + "more steps, or another `Precision`: bfloat16 and float32 need no scale.",
        ];
        Assert.Equal(doubts, summary.Doubts);
        Assert.Equal(doubts, Checkpoint.Open(folder.File("store")).Doubts);
        Assert.Equal(double.NaN, summary.Loss);
    }

    [Theory]
    [InlineData("loss_scale", 0.5, "`loss_scale` is 0.5, which no training can have.")]
    [InlineData("loss_scale", 1e39, "`loss_scale` is 1E+39, which no training can have.")]
    [InlineData("loss_scale_steps", 2000, "`loss_scale_steps` is 2000, which no training can have.")]
    [InlineData("loss_scale_steps", -1, "`loss_scale_steps` is -1, which no training can have.")]
    public void A_checkpoint_with_a_scale_that_no_training_can_have_is_refused(string key, double value, string reason)
    {
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(), Options);
        var content = trainer.Capture();
        content.State[key] = key == "loss_scale" ? value : JsonValue.Create((int)value);
        var store = new CheckpointStore(folder.File("store"));
        store.Save(content);
        Assert.EndsWith(reason, Assert.Throws<CheckpointException>(() => trainer.Restore(store.Newest()!)).Message);
    }

    private static void Repeat(LossScale scale, int steps)
    {
        for (var i = 0; i < steps; i++)
            Assert.Null(scale.Judge(1, 1));
    }

    private sealed class LevelledLogger : ILogger
    {
        public List<(LogLevel Level, string Text)> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Told.Add((logLevel, formatter(state, exception)));
    }
}
