namespace UNetGen.Training;

/// <summary>When a training's checkpoints are due, and which was the last.</summary>
/// <param name="options">How often.</param>
/// <param name="store">Where they go; null: nowhere.</param>
/// <param name="firstStep">The step that the training goes on from.</param>
/// <param name="save">Writes one and says where.</param>
internal sealed class CheckpointTimes(TrainingOptions options, CheckpointStore? store, int firstStep, Func<CheckpointStore, string> save)
{
    private int savedStep = firstStep;
    private TimeSpan? savedAt;
    private string? last;

    /// <summary>A sentence for whose training has failed.</summary>
    public string LastGood => last is not null ? $"The last good checkpoint is {last}."
        : savedStep > 0 ? $"The last good checkpoint is that of step {savedStep}, from which it was continued."
        : "No checkpoint was written before.";

    public void SaveIfDue(int step, TimeSpan elapsed)
    {
        savedAt ??= elapsed;
        if (step % options.CheckpointEvery == 0 || elapsed - savedAt >= options.CheckpointInterval)
        {
            Save(step);
            savedAt = elapsed;
        }
    }

    /// <summary>So that a training that fails early isn't lost: weights and averages are those before the steps that failed.</summary>
    public void SaveIfNone(int step)
    {
        if (savedStep == 0)
            Save(step);
    }

    public void SaveLast(int step)
    {
        if (step > savedStep)
            Save(step);
    }

    private void Save(int step)
    {
        if (store is null)
            return;
        last = save(store);
        savedStep = step;
    }
}
