namespace UNetGen.Training;

/// <summary>When a training's checkpoints are due, and which was the last.</summary>
internal sealed class CheckpointTimes
{
    private readonly TrainingOptions options;
    private readonly CheckpointStore? store;
    private readonly Trainer trainer;
    private int savedStep;
    private TimeSpan? savedAt;
    private string? last;

    public CheckpointTimes(TrainingOptions options, CheckpointStore? store, Trainer trainer)
    {
        this.options = options;
        this.store = store;
        this.trainer = trainer;
        savedStep = trainer.Step;
    }

    /// <summary>A sentence for whose training has failed.</summary>
    public string LastGood => last is not null ? $"The last good checkpoint is {last}."
        : savedStep > 0 ? $"The last good checkpoint is that of step {savedStep}, from which it was continued."
        : "No checkpoint was written before.";

    public void SaveIfDue(TimeSpan elapsed)
    {
        savedAt ??= elapsed;
        if (trainer.Step % options.CheckpointEvery == 0 || elapsed - savedAt >= options.CheckpointInterval)
        {
            Save();
            savedAt = elapsed;
        }
    }

    public void SaveLast()
    {
        if (trainer.Step > savedStep)
            Save();
    }

    private void Save()
    {
        if (store is null)
            return;
        last = store.Save(trainer.Capture());
        savedStep = trainer.Step;
    }
}
