using System.Globalization;
using System.Text.Json.Serialization;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Networks;

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
/// How to train. What isn't said is as in denoising-diffusion-pytorch, but for its flips. One of <see cref="Steps"/> and
/// <see cref="TimeLimit"/> must be said; with both, training ends with whichever comes first. Messages name options by their properties,
/// and those of an average as <c>Ema.Decay</c>.
/// </summary>
public sealed record TrainingOptions
{
    // Adam moves a weight by about the rate. Only with an epsilon as large, which makes it plain gradient descent, is more than 1 any use.
    private const double MostLearningRate = 1e6;

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
    /// In how many equal parts a step's images go through the network, one after the other, so that a large batch fits a small memory. It
    /// must divide <see cref="BatchSize"/>. The step is that of the whole batch, to rounding; only dropout within the network is drawn
    /// otherwise.
    /// </summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>
    /// In which numbers the network's convolutions, linear layers and attention compute, forward and backward. Weights, their averages, the
    /// optimiser and the loss are float32 with any. With <see cref="Precision.Float16"/> the loss is scaled (torch.amp.GradScaler): a step
    /// whose gradient float16 can't hold is left out, which is no fault and no skipped step. It is the generated networks that heed it; one
    /// written by hand does where it asks <see cref="NoisePredictor.Precision"/>.
    /// </summary>
    public Precision Precision { get; init; }

    /// <summary>
    /// Gradient checkpointing (Chen et al. 2016): each block of the network keeps its inputs alone for the gradient, and computes once more
    /// in the backward pass, so that a step needs less memory and takes about a third longer. The step is the same: to the bit where
    /// kernels compute whole blocks in float32 and nothing else reads their images, and else to rounding, since gradients of one image are
    /// added in another order. It is the generated networks that heed it; blocks of the user's own keep what they keep.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool GradientCheckpointing { get; init; }

    /// <summary>What moves the weights.</summary>
    public Optimizer Optimizer { get; init; } = Optimizer.Adam;

    /// <summary>
    /// The optimiser's learning rate, after the warm-up and before the decay; about as far as Adam moves a weight in a step, and up to 1e6.
    /// </summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Adam's decay of the mean of the gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's decay of the mean of the gradients' squares.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>What Adam adds to the root of that mean.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// How strongly weights are drawn to 0; of <see cref="Optimizer.AdamW"/> the part of each weight that a step of learning rate 1 would
    /// take.
    /// </summary>
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
    /// For a network with classes: the part of the labels that is replaced by the null class, the network's last, so that samplers can
    /// guide by it (Ho and Salimans 2022, p_uncond). Null: 0.1 where the network has a class more than the data, else 0.
    /// </summary>
    public double? LabelDropout { get; init; }

    /// <summary>
    /// For a network with a context: the part of the contexts that is replaced by the data's null context, so that samplers can guide by it
    /// (Ho and Salimans 2022, p_uncond). Null: 0.1, where the network takes contexts.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ContextDropout { get; init; }

    /// <summary>
    /// For a self-conditioned network: the part of the steps in which it is given its own estimate (Chen et al. 2022, algorithm 1). A
    /// <see cref="Trainer"/> refuses another value than this or 0 for others.
    /// </summary>
    public double SelfConditionProbability { get; init; } = 0.5;

    /// <summary>
    /// A step whose loss or gradient norm is more than so many times the greatest of the last 100 steps' is skipped as if it were no
    /// number, and of the first 20 steps one whose loss, for its timesteps, is so many times the first one's; null: never.
    /// </summary>
    public double? ExplosionFactor { get; init; } = 100;

    /// <summary>So many steps may be skipped one after the other; one more ends the training.</summary>
    public int MaxConsecutiveSkips { get; init; } = 10;

    /// <summary>So many steps may be skipped in all; one more ends the training.</summary>
    public int MaxSkips { get; init; } = 100;

    /// <summary>
    /// Refuses images whose values are all at least 0: nearly always [0, 1] where [-1, 1] is meant. What lies outside of [-1, 1] is refused
    /// in any case, but of a source whose images have no such bounds.
    /// </summary>
    public bool RefuseNonNegativeImages { get; init; } = true;

    /// <summary>
    /// Steps from one checkpoint to the next; null: none but that of the end. It takes effect where the trainer is given a store.
    /// </summary>
    public int? CheckpointEvery { get; init; }

    /// <summary>
    /// Time from one checkpoint to the next; null: none but that of the end. It takes effect where the trainer is given a store.
    /// </summary>
    public TimeSpan? CheckpointInterval { get; init; }

    /// <summary>Another seed is another order of the images, other timesteps and other noise.</summary>
    public long Seed { get; init; }

    /// <summary>Mirrors half of the images; not for digits or letters.</summary>
    public bool HorizontalFlips { get; init; }

    /// <summary>Threads that read images ahead, up to 1024; 0: chosen by the machine. The images are the same with any number.</summary>
    public int Workers { get; init; }

    /// <summary>
    /// What can be known before a training of so many steps of its learning rate and of what its averages will be, a sentence each; none
    /// where nothing speaks against drawing with them.
    /// </summary>
    /// <param name="steps">From 1.</param>
    public IReadOnlyList<string> DoubtsAt(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return
        [
            .. TrainingDoubts.OfWarmup(this, steps) is { } slow ? [slow] : (string[])[],
            .. TrainingDoubts.OfAverages(
                Ema, steps, [.. Ema.Select(average => (average.FirstShareAfter(steps), average.StartShareAfter(steps)))]),
        ];
    }

    /// <summary>Refuses what can't be trained with.</summary>
    /// <exception cref="UNetGenException">
    /// A value makes no sense, or an average would never be updated; the message names the property, and what it may be.
    /// </exception>
    public void Validate()
    {
        Check(Steps is not null || TimeLimit is not null, $"say how long to train: `Steps`, `TimeLimit` or both");
        Check(Steps is null or > 0, $"`Steps` must be at least 1, but is {Steps}");
        Check(TimeLimit is null || TimeLimit > TimeSpan.Zero, $"`TimeLimit` must be positive, but is {TimeLimit}");
        Check(BatchSize > 0, $"`BatchSize` must be at least 1, but is {BatchSize}");
        Check(
            Accumulation > 0 && BatchSize % Accumulation == 0,
            $"`Accumulation` must divide `BatchSize`, {BatchSize}, into equal parts, but is {Accumulation}");
        Check(Enum.IsDefined(Precision), $"`Precision` must be Float32, BFloat16 or Float16, but is {Precision}");
        Check(Enum.IsDefined(Optimizer), $"`Optimizer` must be Adam or AdamW, but is {Optimizer}");
        Check(
            Float32.IsPositive(LearningRate) && LearningRate <= MostLearningRate,
            $"`LearningRate` must be a positive number up to {MostLearningRate}, but is {LearningRate}");
        Check(Float32.IsPart(Beta1), $"`Beta1` must lie in [0, 1), as float32 tells it from 1, but is {Beta1}");
        Check(Float32.IsPart(Beta2), $"`Beta2` must lie in [0, 1), as float32 tells it from 1, but is {Beta2}");
        Check(Float32.IsPositive(Epsilon), $"`Epsilon` must be {Float32.Range}, but is {Epsilon}");
        Check(Float32.IsNotNegative(WeightDecay), $"`WeightDecay` must be 0 or {Float32.Range}, but is {WeightDecay}");
        var taken = LearningRate * WeightDecay;
        Check(
            Optimizer == Optimizer.Adam || taken < 1,
            $"a step of AdamW takes `LearningRate` x `WeightDecay` of each weight, which must be less than 1, but is {taken:G4}");
        Check(WarmupSteps >= 0, $"`WarmupSteps` can't be negative, but is {WarmupSteps}");
        Check(Enum.IsDefined(Decay), $"`Decay` must be Constant or Cosine, but is {Decay}");
        Check(
            GradientClip is null || Float32.IsPositive(GradientClip.Value),
            $"`GradientClip` must be {Float32.Range}, or null, but is {GradientClip}");
        ValidateEma();
        Check(Float32.IsNotNegative(OffsetNoise), $"`OffsetNoise` must be 0 or {Float32.Range}, but is {OffsetNoise}");
        Check(LabelDropout is null or (>= 0 and <= 1), $"`LabelDropout` must lie in [0, 1], but is {LabelDropout}");
        Check(ContextDropout is null or (>= 0 and <= 1), $"`ContextDropout` must lie in [0, 1], but is {ContextDropout}");
        Check(
            SelfConditionProbability is >= 0 and <= 1, $"`SelfConditionProbability` must lie in [0, 1], but is {SelfConditionProbability}");
        Check(
            ExplosionFactor is null || (ExplosionFactor > 1 && Float32.IsPositive(ExplosionFactor.Value)),
            $"`ExplosionFactor` must be a number above 1 that float32 holds, or null, but is {ExplosionFactor}");
        Check(MaxConsecutiveSkips >= 0, $"`MaxConsecutiveSkips` can't be negative, but is {MaxConsecutiveSkips}");
        Check(MaxSkips >= 0, $"`MaxSkips` can't be negative, but is {MaxSkips}");
        Check(CheckpointEvery is null or > 0, $"`CheckpointEvery` must be at least 1 or null, but is {CheckpointEvery}");
        Check(
            CheckpointInterval is null || CheckpointInterval > TimeSpan.Zero,
            $"`CheckpointInterval` must be positive or null, but is {CheckpointInterval}");
        Check(Workers is >= 0 and <= BatchLoader.MostWorkers, $"`Workers` must lie in [0, {BatchLoader.MostWorkers}], but is {Workers}");
    }

    private void ValidateEma()
    {
        Check(Ema is { Count: > 0 }, $"`Ema` must list at least one average");
        Check(!Ema.Contains(null), $"`Ema` lists a null, which is no average");
        foreach (var average in Ema)
        {
            average.Validate();
            // Up to its start it is a copy of the last ones, which is no more than a doubt.
            Check(Steps is not { } steps || steps <= average.StartAfter || steps >= average.UpdateEvery,
                $"the average with `Ema.Decay` {average.Decay} would be {TrainingDoubts.WeightsOfStep(average.StartAfter)} to the end, since `Ema.UpdateEvery` is {average.UpdateEvery} and `Steps` {Steps}: update it more often, or train longer");
        }
        var twice = Ema.GroupBy(average => average.Decay).FirstOrDefault(same => same.Count() > 1);
        Check(twice is null, $"two averages have the `Ema.Decay` {twice?.Key}; a checkpoint names them by it, so each needs its own");
    }

    internal static void Check(bool holds, FormattableString message)
    {
        if (!holds)
            throw new UNetGenException("Training options: " + message.ToString(CultureInfo.InvariantCulture) + ".");
    }
}
