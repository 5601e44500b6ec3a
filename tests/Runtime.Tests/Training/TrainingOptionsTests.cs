using UNetGen.Backends;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

public class TrainingOptionsTests
{
    private static readonly TrainingOptions Valid = new() { Steps = 100 };

    public static TheoryData<string, TrainingOptions> Wrong => new()
    {
        { "say how long to train: `Steps`, `TimeLimit` or both", new() },
        { "`Steps` must be at least 1, but is 0", Valid with { Steps = 0 } },
        { "`TimeLimit` must be positive", Valid with { TimeLimit = TimeSpan.Zero } },
        { "`BatchSize` must be at least 1, but is -1", Valid with { BatchSize = -1 } },
        { "`LearningRate` must be a positive number up to 1000000, but is NaN", Valid with { LearningRate = double.NaN } },
        { "`LearningRate`", Valid with { LearningRate = double.PositiveInfinity } },
        { "`LearningRate`", Valid with { LearningRate = 1e39 } },
        { "`LearningRate`", Valid with { LearningRate = 1.1e6 } },
        { "`LearningRate`", Valid with { LearningRate = 1e-40 } },
        { "`Beta1` must lie in [0, 1), as float32 tells it from 1, but is 1", Valid with { Beta1 = 1 } },
        { "`Beta1`", Valid with { Beta1 = 0.999999999 } },
        { "`Beta2` must lie in [0, 1), as float32 tells it from 1, but is -0.5", Valid with { Beta2 = -0.5 } },
        { "`Beta2`", Valid with { Beta2 = 0.999999999 } },
        { "`WarmupSteps`", Valid with { WarmupSteps = -1 } },
        { "`Decay` must be Constant or Cosine", Valid with { Decay = (LearningRateDecay)7 } },
        { "`GradientClip`", Valid with { GradientClip = 0 } },
        { "`GradientClip`", Valid with { GradientClip = 1e-46 } },
        { "`GradientClip`", Valid with { GradientClip = 1e39 } },
        { "`Ema` must list at least one", Valid with { Ema = [] } },
        { "`Ema` lists a null", Valid with { Ema = [new(), null!] } },
        { "`Ema.Decay` must lie in [0, 1), as float32 tells it from 1, but is 1", Valid with { Ema = [new() { Decay = 1 }] } },
        { "`Ema.Decay`", Valid with { Ema = [new() { Decay = 0.999999999 }] } },
        { "`Ema.Power` must be a positive number that float32 holds, from 1.2e-38 to 3.4e38, or null, but is 0", Valid with { Ema = [
            new() { Power = 0 }] } },
        { "`Ema.UpdateEvery`", Valid with { Ema = [new(), new() { Decay = 0.9, UpdateEvery = 0 }] } },
        { "`Ema.StartAfter`", Valid with { Ema = [new() { StartAfter = -1 }] } },
        { "two averages have the `Ema.Decay` 0.995", Valid with { Ema = [new(), new() { Power = null }] } },
        { "the average with `Ema.Decay` 0.9 would be the weights that the training began with to the end, since `Ema.UpdateEvery` is 101 and "
            + "`Steps` 100", Valid with { Ema = [new(), new() { Decay = 0.9, UpdateEvery = 101, StartAfter = 0 }] } },
        { "the average with `Ema.Decay` 0.9 would be the weights of step 3 to the end, since `Ema.UpdateEvery` is 101 and "
            + "`Steps` 100", Valid with { Ema = [new(), new() { Decay = 0.9, UpdateEvery = 101, StartAfter = 3 }] } },
        { "`Accumulation` must divide `BatchSize`, 16, into equal parts, but is 3", Valid with { Accumulation = 3 } },
        { "`Accumulation`", Valid with { Accumulation = 0 } },
        { "`Precision` must be Float32, BFloat16 or Float16", Valid with { Precision = (Precision)3 } },
        { "`Optimizer` must be Adam or AdamW", Valid with { Optimizer = (Optimizer)2 } },
        { "`Epsilon` must be a positive number that float32 holds, from 1.2e-38 to 3.4e38, but is 0", Valid with { Epsilon = 0 } },
        { "`Epsilon`", Valid with { Epsilon = 1e-46 } },
        { "`Epsilon`", Valid with { Epsilon = 1e39 } },
        { "`WeightDecay` must be 0 or", Valid with { WeightDecay = -0.1 } },
        { "`WeightDecay`", Valid with { WeightDecay = 1e39 } },
        { "`LearningRate` x `WeightDecay` of each weight, which must be less than 1, "
            + "but is 2", Valid with { Optimizer = Optimizer.AdamW, LearningRate = 0.01, WeightDecay = 200 } },
        { "`OffsetNoise` must be 0 or", Valid with { OffsetNoise = double.NaN } },
        { "`OffsetNoise`", Valid with { OffsetNoise = 1e39 } },
        { "`LabelDropout` must lie in [0, 1], but is 1.5", Valid with { LabelDropout = 1.5 } },
        { "`ContextDropout` must lie in [0, 1], but is -0.5", Valid with { ContextDropout = -0.5 } },
        { "`SelfConditionProbability`", Valid with { SelfConditionProbability = -1 } },
        { "`ExplosionFactor` must be a number above 1", Valid with { ExplosionFactor = 1 } },
        { "`ExplosionFactor`", Valid with { ExplosionFactor = double.PositiveInfinity } },
        { "`MaxConsecutiveSkips`", Valid with { MaxConsecutiveSkips = -1 } },
        { "`MaxSkips`", Valid with { MaxSkips = -1 } },
        { "`CheckpointEvery` must be at least 1", Valid with { CheckpointEvery = 0 } },
        { "`CheckpointInterval` must be positive", Valid with { CheckpointInterval = TimeSpan.Zero } },
        { "`Workers` must lie in [0, 1024], but is -1", Valid with { Workers = -1 } },
        { "`Workers` must lie in [0, 1024], but is 1025", Valid with { Workers = 1025 } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_makes_no_sense_is_refused_by_name_and_value(string expected, TrainingOptions options) =>
        Assert.Contains(expected, Assert.Throws<UNetGenException>(options.Validate).Message);

    [Fact]
    public void Every_option_is_refused_by_its_property()
    {
        // What a flag or a seed is, is always right.
        string[] free = [
            nameof(TrainingOptions.GradientCheckpointing), nameof(TrainingOptions.RefuseNonNegativeImages),
            nameof(TrainingOptions.HorizontalFlips), nameof(TrainingOptions.Seed)];
        var named = Wrong.Select(row => (string)row[0]).ToArray();

        Assert.All(
            typeof(TrainingOptions).GetProperties().Select(option => option.Name).Except(free),
            name => Assert.Contains(named, text => text.Contains($"`{name}`", StringComparison.Ordinal)));
        Assert.All(
            typeof(EmaOptions).GetProperties(),
            option => Assert.Contains(named, text => text.Contains($"`Ema.{option.Name}`", StringComparison.Ordinal)));
    }

    [Fact]
    public void Averages_of_a_training_that_is_short_for_them_are_foretold()
    {
        Assert.Empty((Valid with { Steps = 2000 }).DoubtsAt(2000));
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => Valid.DoubtsAt(-1));
        Assert.Empty((Valid with { Ema = [new() { StartAfter = 0, UpdateEvery = 1 }] }).DoubtsAt(100));

        Assert.Contains(
            "`Ema.Decay` 0.995 is a mere copy of the trained weights: `Ema.StartAfter` is 100", Assert.Single(Valid.DoubtsAt(100)));
        // 0.9999^100.
        Assert.StartsWith("99 % of the average with `Ema.Decay` 0.9999 are the weights that the training began with after 100 steps",
            Assert.Single((Valid with { Ema = [new() { Decay = 0.9999, Power = null, UpdateEvery = 1, StartAfter = 0 }] }).DoubtsAt(100)));
        Assert.Contains(
            "is still the weights that the training began with",
            Assert.Single((Valid with { Ema = [new() { UpdateEvery = 101, StartAfter = 0 }] }).DoubtsAt(100)));
    }

    [Theory]
    [InlineData(1, 1, 100, "99 % of the average with `Ema.Decay` 0.9999 are the weights of step 1 after 100 steps")]
    [InlineData(3, 6, 6, "100 % of the average with `Ema.Decay` 0.9999 are the weights of step 3 after 6 steps")]
    [InlineData(1000, 7, 1001, "100 % of the average with `Ema.Decay` 0.9999 are the weights of step 1,000 after 1,001 steps")]
    [InlineData(
        3, 10, 8, "`Ema.Decay` 0.9999 is still the weights of step 3: no update of it (`Ema.UpdateEvery` is 10) was among 8 steps")]
    public void Averages_that_hardly_move_from_a_copy_are_foretold_as_those_from_the_first_weights_are(
        int startAfter, int updateEvery, int steps, string expected)
    {
        EmaOptions average = new() { Decay = 0.9999, Power = null, StartAfter = startAfter, UpdateEvery = updateEvery };

        Assert.Contains(expected, Assert.Single((Valid with { Ema = [average] }).DoubtsAt(steps)));
        Assert.Empty((Valid with { Ema = [average with { Decay = 0.05 }] }).DoubtsAt(steps + 2 * updateEvery));
    }

    [Theory]
    [InlineData(1_000_000, LearningRateDecay.Constant, 100, true)]
    [InlineData(1001, LearningRateDecay.Constant, 100, true)]
    [InlineData(1000, LearningRateDecay.Constant, 100, false)]
    [InlineData(0, LearningRateDecay.Constant, 1, false)]
    [InlineData(50, LearningRateDecay.Constant, 5, false)]
    [InlineData(50, LearningRateDecay.Cosine, 5, true)]
    [InlineData(50, LearningRateDecay.Cosine, 18, false)]
    [InlineData(100, LearningRateDecay.Cosine, 100, false)]
    public void A_warm_up_in_which_no_step_gets_a_tenth_of_the_learning_rate_is_foretold(
        int warmup, LearningRateDecay decay, int steps, bool told)
    {
        var options = new TrainingOptions
        {
            Steps = steps,
            WarmupSteps = warmup,
            Decay = decay,
            Ema = [new() { Decay = 0, StartAfter = 0, UpdateEvery = 1 }],
        };

        var doubts = options.DoubtsAt(steps);

        Assert.Equal(told ? 1 : 0, doubts.Count);
        Assert.All(doubts, doubt => Assert.Contains("none gets a tenth of the `LearningRate`, 0.0001: it takes", doubt));
    }

    [Fact]
    public void A_copy_to_the_end_is_no_error_however_seldom_it_would_be_updated() =>
        (Valid with { Ema = [new() { UpdateEvery = 101, StartAfter = 100 }] }).Validate();

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
