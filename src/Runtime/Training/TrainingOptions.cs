using System.Globalization;

namespace UNetGen.Training;

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
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>How many steps to train.</summary>
    public int? Steps { get; init; }

    /// <summary>How long to train: the learning rate falls with the time that has passed, so that any machine ends in time with a rate of 0.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Images in a step.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Adam's learning rate, after the warm-up and before the decay.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Adam's decay of the mean of the gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's decay of the mean of the gradients' squares.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Steps in which the learning rate rises from near 0 to its full value.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>How the learning rate goes down.</summary>
    public LearningRateDecay Decay { get; init; } = LearningRateDecay.Constant;

    /// <summary>A gradient of a greater norm, over all parameters together, is scaled down to it.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>How much of the averaged weights an update keeps, once warmed up.</summary>
    public double EmaDecay { get; init; } = 0.995;

    /// <summary>Steps from one update of the averaged weights to the next.</summary>
    public int EmaUpdateEvery { get; init; } = 10;

    /// <summary>Up to this step the averaged weights are a copy of the trained ones.</summary>
    public int EmaStartAfter { get; init; } = 100;

    /// <summary>Another seed is another order of the images, other timesteps and other noise.</summary>
    public long Seed { get; init; }

    /// <summary>Mirrors half of the images; not for digits or letters.</summary>
    public bool HorizontalFlips { get; init; }

    /// <summary>Refuses what can't be trained with.</summary>
    /// <exception cref="UNetGenException">A value makes no sense; the message names it and what it may be.</exception>
    public void Validate()
    {
        Check(Steps is not null || TimeLimit is not null, $"say how long to train: Steps, TimeLimit or both");
        Check(Steps is null or > 0, $"Steps must be at least 1, but is {Steps}");
        Check(TimeLimit is null || TimeLimit > TimeSpan.Zero, $"TimeLimit must be positive, but is {TimeLimit}");
        Check(BatchSize > 0, $"BatchSize must be at least 1, but is {BatchSize}");
        Check(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate must be positive, but is {LearningRate}");
        Check(Beta1 is >= 0 and < 1, $"Beta1 must lie in [0, 1), but is {Beta1}");
        Check(Beta2 is >= 0 and < 1, $"Beta2 must lie in [0, 1), but is {Beta2}");
        Check(WarmupSteps >= 0, $"WarmupSteps can't be negative, but is {WarmupSteps}");
        Check(Enum.IsDefined(Decay), $"Decay must be Constant or Cosine, but is {Decay}");
        Check(GradientClip > 0 && double.IsFinite(GradientClip), $"GradientClip must be positive, but is {GradientClip}");
        Check(EmaDecay is >= 0 and < 1, $"EmaDecay must lie in [0, 1), but is {EmaDecay}");
        Check(EmaUpdateEvery > 0, $"EmaUpdateEvery must be at least 1, but is {EmaUpdateEvery}");
        Check(EmaStartAfter >= 0, $"EmaStartAfter can't be negative, but is {EmaStartAfter}");
    }

    /// <summary>How much of the training is done, from 0 to 1.</summary>
    /// <param name="stepsDone">Steps so far.</param>
    /// <param name="elapsed">Time so far.</param>
    internal double Progress(int stepsDone, TimeSpan elapsed)
    {
        var bySteps = Steps is { } steps ? (double)stepsDone / steps : 0;
        var byTime = TimeLimit is { } limit ? elapsed / limit : 0;
        return Math.Min(1, Math.Max(bySteps, byTime));
    }

    /// <summary>The learning rate of the next step.</summary>
    /// <param name="stepsDone">Steps so far.</param>
    /// <param name="progress">How much of the training is done, from 0 to 1.</param>
    internal double LearningRateAt(int stepsDone, double progress)
    {
        var warmup = stepsDone < WarmupSteps ? (stepsDone + 1.0) / WarmupSteps : 1;
        var decay = Decay == LearningRateDecay.Cosine ? (1 + Math.Cos(Math.PI * progress)) / 2 : 1;
        return LearningRate * warmup * decay;
    }

    private static void Check(bool holds, FormattableString message)
    {
        if (!holds)
            throw new UNetGenException("Training options: " + message.ToString(CultureInfo.InvariantCulture) + ".");
    }
}
