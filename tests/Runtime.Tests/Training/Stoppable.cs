using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Trainings that may be cancelled on the way.</summary>
public static class Stoppable
{
    /// <summary>Trains to the end, or until cancelled.</summary>
    public static (TrainingSummary Summary, bool IsCanceled) Train(
        Trainer trainer, Action<TrainingStep>? report = null, CheckpointStore? store = null, CancellationToken cancellation = default)
    {
        try
        {
            return (trainer.Train(report, store, cancellation), false);
        }
        catch (TrainingCanceledException stopped)
        {
            return (stopped.Summary, true);
        }
    }
}
