namespace UNetGen.Training;

/// <summary>What one step of a training came to.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">The loss of its batch, before the weights moved.</param>
/// <param name="GradientNorm">The norm of the gradient, before it was clipped.</param>
/// <param name="LearningRate">Adam's.</param>
/// <param name="ImagesPerSecond">On average, since the start.</param>
/// <param name="Elapsed">Since the start.</param>
/// <param name="Remaining">Until the end, estimated from the time so far.</param>
public readonly record struct TrainingStep(
    int Step, double Loss, double GradientNorm, double LearningRate, double ImagesPerSecond, TimeSpan Elapsed, TimeSpan Remaining);

/// <summary>What a training came to.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Loss">Mean of the last 100 steps' losses, or of all where there are fewer; NaN where there are none.</param>
/// <param name="Elapsed">From the first step to the last.</param>
/// <param name="ImagesPerSecond">On average.</param>
/// <param name="Cancelled">Whether it was stopped before its end.</param>
public sealed record TrainingSummary(int Steps, double Loss, TimeSpan Elapsed, double ImagesPerSecond, bool Cancelled);

/// <summary>A training whose loss or gradient is no finite number any more. The weights are those before the step.</summary>
public sealed class TrainingDivergedException : UNetGenException
{
    /// <summary>Names the step and what it came to.</summary>
    public TrainingDivergedException(string message) : base(message)
    {
    }
}
