namespace UNetGen.Training;

/// <summary>
/// A training that was cancelled before its end. Nothing is lost: the step that it was in is done, and where there is a store of
/// checkpoints it holds that step.
/// </summary>
public sealed class TrainingCanceledException : OperationCanceledException
{
    internal TrainingCanceledException(TrainingSummary summary, CancellationToken cancellation)
        : base($"The training was cancelled after {Counted.Of(summary.Steps, "step")}.", cancellation) => Summary = summary;

    /// <summary>What the training came to until then.</summary>
    public TrainingSummary Summary { get; }
}
