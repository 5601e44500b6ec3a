using System.Globalization;
using UNetGen.Blocks;

namespace UNetGen.Training;

/// <summary>What moves the weights.</summary>
public enum Optimizer
{
    /// <summary>Adam (Kingma and Ba 2015); weight decay is added to the gradient.</summary>
    Adam,

    /// <summary>AdamW (Loshchilov and Hutter 2019): weight decay shrinks the weights themselves.</summary>
    AdamW,
}

/// <summary>How the learning rate goes down over a training, after its warm-up.</summary>
public enum LearningRateDecay
{
    /// <summary>Not at all.</summary>
    Constant,

    /// <summary>Along half a cosine, to 0 at the end of the training (Loshchilov and Hutter 2017, without restarts).</summary>
    Cosine,
}

/// <summary>
/// How to train. What isn't said is as in denoising-diffusion-pytorch. One of <see cref="Steps"/> and <see cref="TimeLimit"/> must be said;
/// with both, training ends with whichever comes first.
/// Messages call options as run files do and, but for those in brackets, <c>checkpoint.json</c>: <c>batch_size</c> for <see cref="BatchSize"/>, and so on (<c>time</c> for
/// <see cref="TimeLimit"/>, <c>checkpoint_minutes</c> for <see cref="CheckpointInterval"/>, <c>flips</c> for <see cref="HorizontalFlips"/>, <c>ema_decay</c> and the like for what
/// <see cref="Ema"/> lists).
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>How many steps to train.</summary>
    public int? Steps { get; init; }

    /// <summary>
    /// How long to train: the learning rate falls with the time that has passed, so that any machine ends in time with a rate of 0. Where
    /// <see cref="Decay"/> isn't constant, such a training can't be repeated to the bit.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Images in a step; of several ranks, those of each: a step then has so many times their number.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// In how many equal parts a step's images go through the network, one after the other, so that a large batch fits a small memory. It must divide
    /// <see cref="BatchSize"/>. The step is that of the whole batch, to rounding; only dropout within the network is drawn otherwise.
    /// </summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>
    /// In which numbers the network's convolutions, linear layers and attention compute, forward and backward. Weights, their averages, the optimiser and the loss are
    /// float32 with either. It is the generated networks that heed it; one written by hand does where it asks <see cref="NoisePredictor.Precision"/>.
    /// </summary>
    public Precision Precision { get; init; }

    /// <summary>What moves the weights.</summary>
    public Optimizer Optimizer { get; init; } = Optimizer.Adam;

    /// <summary>The optimiser's learning rate, after the warm-up and before the decay.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Adam's decay of the mean of the gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's decay of the mean of the gradients' squares.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>What Adam adds to the root of that mean.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>How strongly weights are drawn to 0; of <see cref="Optimizer.AdamW"/> the part of each weight that a step of learning rate 1 would take.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Steps in which the learning rate rises from near 0 to its full value.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>How the learning rate goes down.</summary>
    public LearningRateDecay Decay { get; init; } = LearningRateDecay.Constant;

    /// <summary>A gradient of a greater norm, over all parameters together, is scaled down to it; null: never.</summary>
    public double? GradientClip { get; init; } = 1;

    /// <summary>The averages of the weights that are kept, at least one. The first is the one to draw with.</summary>
    public IReadOnlyList<EmaOptions> Ema { get; init; } = [new()];

    /// <summary>
    /// How much of the noise is one value for a whole channel of an image, so that the network learns to move the mean brightness
    /// (Guttenberg 2023, "Diffusion with Offset Noise", where it is 0.1).
    /// </summary>
    public double OffsetNoise { get; init; }

    /// <summary>
    /// For a network with classes: the part of the labels that is replaced by the null class, the network's last, so that samplers can guide by it
    /// (Ho and Salimans 2022, p_uncond). Null: 0.1 where the network has a class more than the data, else 0.
    /// </summary>
    public double? LabelDropout { get; init; }

    /// <summary>For a self-conditioned network: the part of the steps in which it is given its own estimate (Chen et al. 2022, algorithm 1).</summary>
    public double SelfConditionProbability { get; init; } = 0.5;

    /// <summary>A step whose loss or gradient norm is more than so many times the greatest of the last 100 steps' is skipped as if it were no number, and of the first 20 steps one whose loss, for its timesteps, is so many times the first one's; null: never.</summary>
    public double? ExplosionFactor { get; init; } = 100;

    /// <summary>So many steps may be skipped one after the other; one more ends the training.</summary>
    public int MaxConsecutiveSkips { get; init; } = 10;

    /// <summary>So many steps may be skipped in all; one more ends the training.</summary>
    public int MaxSkips { get; init; } = 100;

    /// <summary>Refuses images whose values are all at least 0: nearly always [0, 1] where [-1, 1] is meant. What lies outside of [-1, 1] is refused in any case.</summary>
    public bool RefuseNonNegativeImages { get; init; } = true;

    /// <summary>Steps from one checkpoint to the next; null: none but that of the end. It takes effect where the trainer is given a store.</summary>
    public int? CheckpointEvery { get; init; }

    /// <summary>Time from one checkpoint to the next; null: none but that of the end. It takes effect where the trainer is given a store.</summary>
    public TimeSpan? CheckpointInterval { get; init; }

    /// <summary>Another seed is another order of the images, other timesteps and other noise.</summary>
    public long Seed { get; init; }

    /// <summary>Mirrors half of the images; not for digits or letters.</summary>
    public bool HorizontalFlips { get; init; }

    /// <summary>Threads that read images ahead; 0: chosen by the machine. The images are the same with any number.</summary>
    public int Workers { get; init; }

    /// <summary>Refuses what can't be trained with.</summary>
    /// <exception cref="UNetGenException">A value makes no sense; the message names it, as a run file does, and what it may be.</exception>
    public void Validate()
    {
        Check(Steps is not null || TimeLimit is not null, $"say how long to train: `steps`, `time` or both");
        Check(Steps is null or > 0, $"`steps` must be at least 1, but is {Steps}");
        Check(TimeLimit is null || TimeLimit > TimeSpan.Zero, $"`time` must be positive, but is {TimeLimit}");
        Check(BatchSize > 0, $"`batch_size` must be at least 1, but is {BatchSize}");
        Check(Accumulation > 0 && BatchSize % Accumulation == 0, $"`accumulation` must divide `batch_size`, {BatchSize}, into equal parts, but is {Accumulation}");
        Check(Enum.IsDefined(Precision), $"`precision` must be float32 or bfloat16, but is {Precision}");
        Check(Enum.IsDefined(Optimizer), $"`optimizer` must be adam or adamw, but is {Optimizer}");
        Check(LearningRate > 0 && double.IsFinite(LearningRate), $"`learning_rate` must be positive, but is {LearningRate}");
        Check(Beta1 is >= 0 and < 1, $"`beta1` must lie in [0, 1), but is {Beta1}");
        Check(Beta2 is >= 0 and < 1, $"`beta2` must lie in [0, 1), but is {Beta2}");
        Check(Epsilon > 0 && double.IsFinite(Epsilon), $"`epsilon` must be positive, but is {Epsilon}");
        Check(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"`weight_decay` can't be negative, but is {WeightDecay}");
        Check(WarmupSteps >= 0, $"`warmup_steps` can't be negative, but is {WarmupSteps}");
        Check(Enum.IsDefined(Decay), $"`decay` must be constant or cosine, but is {Decay}");
        Check(GradientClip is null || IsPositive(GradientClip), $"`gradient_clip` must be positive or none, but is {GradientClip}");
        ValidateEma();
        Check(OffsetNoise >= 0 && double.IsFinite(OffsetNoise), $"`offset_noise` can't be negative, but is {OffsetNoise}");
        Check(LabelDropout is null or (>= 0 and <= 1), $"`label_dropout` must lie in [0, 1], but is {LabelDropout}");
        Check(SelfConditionProbability is >= 0 and <= 1, $"`self_condition_probability` must lie in [0, 1], but is {SelfConditionProbability}");
        Check(ExplosionFactor is null || ExplosionFactor > 1, $"`explosion_factor` must be greater than 1 or none, but is {ExplosionFactor}");
        Check(MaxConsecutiveSkips >= 0, $"`max_consecutive_skips` can't be negative, but is {MaxConsecutiveSkips}");
        Check(MaxSkips >= 0, $"`max_skips` can't be negative, but is {MaxSkips}");
        Check(CheckpointEvery is null or > 0, $"`checkpoint_every` must be at least 1 or none, but is {CheckpointEvery}");
        Check(CheckpointInterval is null || CheckpointInterval > TimeSpan.Zero, $"`checkpoint_minutes` must be positive or none, but is {CheckpointInterval}");
        Check(Workers >= 0, $"`workers` can't be negative, but is {Workers}");
    }

    private void ValidateEma()
    {
        Check(Ema is { Count: > 0 }, $"`ema_decay` must list at least one average");
        foreach (var average in Ema)
        {
            Check(average.Decay is >= 0 and < 1, $"`ema_decay` must lie in [0, 1), but is {average.Decay}");
            Check(average.Power is null || IsPositive(average.Power), $"`ema_power` must be positive or none, but is {average.Power}");
            Check(average.UpdateEvery > 0, $"`ema_update_every` must be at least 1, but is {average.UpdateEvery}");
            Check(average.StartAfter >= 0, $"`ema_start_after` can't be negative, but is {average.StartAfter}");
        }
        var twice = Ema.GroupBy(average => average.Decay).FirstOrDefault(same => same.Count() > 1);
        Check(twice is null, $"two averages have the `ema_decay` {twice?.Key}; a checkpoint names them by it, so each needs its own");
    }

    private static bool IsPositive(double? value) => value > 0 && double.IsFinite(value.Value);

    private static void Check(bool holds, FormattableString message)
    {
        if (!holds)
            throw new UNetGenException("Training options: " + message.ToString(CultureInfo.InvariantCulture) + ".");
    }
}
