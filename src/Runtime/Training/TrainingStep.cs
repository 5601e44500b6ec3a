namespace UNetGen.Training;

/// <summary>What one step of a training came to.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">The loss of its batch, before the weights moved; of a skipped step it may be no finite number.</param>
/// <param name="GradientNorm">The norm of the gradient, before it was clipped; of a skipped step it may be no finite number.</param>
/// <param name="LearningRate">The optimiser's.</param>
/// <param name="ImagesPerSecond">
/// Of the last 100 steps, with what was done between them, as drawing; of fewer where it has just begun or gone on.
/// </param>
/// <param name="Elapsed">Since the start; of a continued training since its first.</param>
/// <param name="Remaining">Until the end, estimated from the time since it began or went on.</param>
/// <param name="Skipped">
/// Why the step changed neither weights nor averages, with its number and its batch's; null of a step that did.
/// </param>
public readonly record struct TrainingStep(
    int Step, double Loss, double GradientNorm, double LearningRate, double ImagesPerSecond, TimeSpan Elapsed, TimeSpan Remaining,
    string? Skipped = null);

/// <summary>What a training came to.</summary>
/// <param name="Steps">Steps done in all.</param>
/// <param name="Loss">
/// Mean of the last 100 losses, or of all where there are fewer; NaN where there are none. Skipped steps don't count.
/// </param>
/// <param name="Elapsed">From the first step to the last.</param>
/// <param name="ImagesPerSecond">On average, of all its steps.</param>
/// <param name="Skipped">Steps that were skipped because loss or gradient was no finite number, or exploded.</param>
public sealed record TrainingSummary(int Steps, double Loss, TimeSpan Elapsed, double ImagesPerSecond, int Skipped)
{
    /// <summary>
    /// How many of the skipped steps were the last ones: where any were, no step has succeeded with the weights that the training ended
    /// with.
    /// </summary>
    public int SkippedAtEnd { get; init; }

    /// <summary>
    /// What speaks against drawing with the weights as they are now, a sentence each: <see cref="Trainer.Doubts"/> at the end.
    /// </summary>
    public IReadOnlyList<string> Doubts { get; init; } = [];
}

/// <summary>A training of which too many steps had to be skipped. Weights and averages are those of the last step that wasn't.</summary>
public sealed class TrainingDivergedException : UNetGenException
{
    /// <summary>Names the step, its batch, what it came to, and the last good checkpoint.</summary>
    public TrainingDivergedException(string message) : base(message)
    {
    }
}
