using UNetGen.Blocks;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

public class TrainingOptionsTests
{
    private static readonly TrainingOptions Valid = new() { Steps = 100 };

    public static TheoryData<string, TrainingOptions> Wrong => new()
    {
        { "how long to train", new() },
        { "`steps` must be at least 1, but is 0", Valid with { Steps = 0 } },
        { "`time` must be positive", Valid with { TimeLimit = TimeSpan.Zero } },
        { "`batch_size` must be at least 1, but is -1", Valid with { BatchSize = -1 } },
        { "`learning_rate` must be positive, but is NaN", Valid with { LearningRate = double.NaN } },
        { "`learning_rate`", Valid with { LearningRate = double.PositiveInfinity } },
        { "`beta1` must lie in [0, 1), but is 1", Valid with { Beta1 = 1 } },
        { "`beta2` must lie in [0, 1), but is -0.5", Valid with { Beta2 = -0.5 } },
        { "`warmup_steps`", Valid with { WarmupSteps = -1 } },
        { "`decay`", Valid with { Decay = (LearningRateDecay)7 } },
        { "`gradient_clip`", Valid with { GradientClip = 0 } },
        { "`ema_decay` must list at least one", Valid with { Ema = [] } },
        { "`ema_decay` must lie in [0, 1), but is 1", Valid with { Ema = [new() { Decay = 1 }] } },
        { "`ema_power` must be positive or none, but is 0", Valid with { Ema = [new() { Power = 0 }] } },
        { "`ema_update_every`", Valid with { Ema = [new(), new() { Decay = 0.9, UpdateEvery = 0 }] } },
        { "`ema_start_after`", Valid with { Ema = [new() { StartAfter = -1 }] } },
        { "two averages have the `ema_decay` 0.995", Valid with { Ema = [new(), new() { Power = null }] } },
        { "`accumulation` must divide `batch_size`, 16, into equal parts, but is 3", Valid with { Accumulation = 3 } },
        { "`accumulation`", Valid with { Accumulation = 0 } },
        { "`precision` must be float32 or bfloat16", Valid with { Precision = (Precision)2 } },
        { "`optimizer` must be adam or adamw", Valid with { Optimizer = (Optimizer)2 } },
        { "`epsilon` must be positive, but is 0", Valid with { Epsilon = 0 } },
        { "`weight_decay` can't be negative", Valid with { WeightDecay = -0.1 } },
        { "`offset_noise` can't be negative", Valid with { OffsetNoise = double.NaN } },
        { "`label_dropout` must lie in [0, 1], but is 1.5", Valid with { LabelDropout = 1.5 } },
        { "`self_condition_probability`", Valid with { SelfConditionProbability = -1 } },
        { "`explosion_factor` must be greater than 1 or none, but is 1", Valid with { ExplosionFactor = 1 } },
        { "`max_consecutive_skips`", Valid with { MaxConsecutiveSkips = -1 } },
        { "`max_skips`", Valid with { MaxSkips = -1 } },
        { "`checkpoint_every` must be at least 1", Valid with { CheckpointEvery = 0 } },
        { "`checkpoint_minutes` must be positive", Valid with { CheckpointInterval = TimeSpan.Zero } },
        { "`workers`", Valid with { Workers = -1 } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_makes_no_sense_is_refused_by_name_and_value(string expected, TrainingOptions options) =>
        Assert.Contains(expected, Assert.Throws<UNetGenException>(options.Validate).Message);

    [Fact]
    public void Steps_a_time_limit_or_both_will_do()
    {
        Valid.Validate();
        new TrainingOptions { TimeLimit = TimeSpan.FromSeconds(1) }.Validate();
        (Valid with { TimeLimit = TimeSpan.FromHours(1) }).Validate();
    }

    [Fact]
    public void Progress_is_what_is_nearer_to_the_end()
    {
        var both = Valid with { TimeLimit = TimeSpan.FromSeconds(10) };

        Assert.Equal(0.5, Valid.Progress(50, TimeSpan.FromDays(1)));
        Assert.Equal(0.5, both.Progress(50, TimeSpan.FromSeconds(2)));
        Assert.Equal(0.8, both.Progress(50, TimeSpan.FromSeconds(8)));
        Assert.Equal(1, both.Progress(101, TimeSpan.FromSeconds(11)));
    }

    [Fact]
    public void The_rate_warms_up_in_even_steps_to_its_full_value()
    {
        var options = Valid with { LearningRate = 1, WarmupSteps = 4 };

        Assert.Equal([0.25, 0.5, 0.75, 1, 1], Enumerable.Range(0, 5).Select(step => options.LearningRateAt(step, step / 100.0)));
    }

    [Fact]
    public void The_rate_falls_along_half_a_cosine_to_0()
    {
        var options = Valid with { LearningRate = 2, Decay = LearningRateDecay.Cosine };

        Assert.Equal(2, options.LearningRateAt(0, 0));
        Assert.Equal(1, options.LearningRateAt(50, 0.5), 1e-12);
        Assert.Equal(1 + Math.Sqrt(0.5), options.LearningRateAt(25, 0.25), 1e-12);
        Assert.Equal(0, options.LearningRateAt(100, 1), 1e-12);
    }
}
