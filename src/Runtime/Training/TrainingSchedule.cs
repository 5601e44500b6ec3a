namespace UNetGen.Training;

/// <summary>What the options make of a step's number and of the time: how far the training is, and its learning rate.</summary>
internal static class TrainingSchedule
{
    /// <summary>How much of the training is done, from 0 to 1.</summary>
    /// <param name="options">How long to train.</param>
    /// <param name="stepsDone">Steps so far.</param>
    /// <param name="elapsed">Time so far.</param>
    public static double Progress(this TrainingOptions options, int stepsDone, TimeSpan elapsed)
    {
        var bySteps = options.Steps is { } steps ? (double)stepsDone / steps : 0;
        var byTime = options.TimeLimit is { } limit ? elapsed / limit : 0;
        return Math.Min(1, Math.Max(bySteps, byTime));
    }

    /// <summary>The learning rate of the next step.</summary>
    /// <param name="options">Its full value, warm-up and decay.</param>
    /// <param name="stepsDone">Steps so far.</param>
    /// <param name="progress">How much of the training is done, from 0 to 1.</param>
    public static double LearningRateAt(this TrainingOptions options, int stepsDone, double progress)
    {
        var warmup = stepsDone < options.WarmupSteps ? (stepsDone + 1.0) / options.WarmupSteps : 1;
        var decay = options.Decay == LearningRateDecay.Cosine ? (1 + Math.Cos(Math.PI * progress)) / 2 : 1;
        return options.LearningRate * warmup * decay;
    }
}
