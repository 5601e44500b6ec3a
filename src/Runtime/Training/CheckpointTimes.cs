namespace UNetGen.Training;

/// <summary>
/// When a training's checkpoints are due, and which of them is good. A checkpoint holds weights that a step has just moved, and whether
/// they are any use only the next step's loss tells: so one is good once a step has succeeded after it, and while steps fail, none is
/// written and none deleted.
/// </summary>
/// <param name="options">How often.</param>
/// <param name="store">Where they go; null: nowhere.</param>
/// <param name="firstStep">The step that the training goes on from.</param>
/// <param name="restored">The checkpoint that it goes on from; null: none.</param>
/// <param name="capture">What one is to hold.</param>
/// <param name="saving">Called before one is written.</param>
/// <param name="agree">Called by every rank when one is due, with a store or without, as is <paramref name="capture"/>.</param>
internal sealed class CheckpointTimes(
    TrainingOptions options, CheckpointStore? store, int firstStep, string? restored, Func<CheckpointContent> capture, Action saving,
    Action agree)
{
    private readonly string? first = restored;
    private int acceptedStep = firstStep;
    private int savedStep = firstStep;
    private TimeSpan? savedAt;
    private string? last = restored;
    private string? good;

    /// <summary>To be called after a step that succeeded: the checkpoint before it is good, and the next may be due.</summary>
    /// <exception cref="TrainingDivergedException">One is due, and what it would hold is no finite numbers.</exception>
    public void Accept(int step, TimeSpan elapsed)
    {
        good = last;
        savedAt ??= elapsed;
        // Not "a multiple of": the step whose turn it was may have been skipped.
        var due = step / options.CheckpointEvery > acceptedStep / options.CheckpointEvery;
        acceptedStep = step;
        if (!due && !(elapsed - savedAt >= options.CheckpointInterval))
            return;
        SaveFinite(step, IsGood);
        savedAt = elapsed;
    }

    /// <summary>At the end of a training, or where it is stopped, so that it can go on exactly.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="skipping">Whether the last of them was skipped.</param>
    /// <exception cref="TrainingDivergedException">What it would hold is no finite numbers.</exception>
    public void SaveLast(int step, bool skipping)
    {
        if (step > savedStep)
            SaveFinite(step, stays: path => skipping || IsGood(path));
    }

    /// <summary>
    /// The end of a training whose steps fail. Where nothing was saved before, its weights are saved now, so that a long one isn't lost.
    /// </summary>
    /// <param name="why">What went wrong, as a clause.</param>
    public TrainingDivergedException Diverged(string why)
    {
        var checkpoints = LastGood;
        if (savedStep == 0 && store is not null)
        {
            var content = capture();
            if (content.NotFinite is null)
                checkpoints =
                    $"No checkpoint was written before. {Write(content, stays: _ => true)} holds the weights with which the last steps "
                        + "failed: good only if the fault was in the images.";
        }
        return new($"Training diverged: {why}. {checkpoints} A lower learning rate or a longer warm-up usually helps.");
    }

    /// <summary>Which checkpoint is good, in a sentence.</summary>
    public string LastGood => (good, last) switch
    {
        (null, null) => "No checkpoint was written before.",
        (null, _) => $"There is no good checkpoint: no step has succeeded with the weights of "
            + $"{last}{(last == first ? ", from which it was continued" : "")}.",
        _ when good == last => $"The last good checkpoint is {good}{(last == first ? ", from which it was continued" : "")}.",
        _ => $"The last good checkpoint is {good}: no step has succeeded with the weights of the later {Path.GetFileName(last)}.",
    };

    /// <summary>By its name: the folder that it lies in may have another since.</summary>
    private bool IsGood(string path) => Path.GetFileName(path) == Path.GetFileName(good);

    private void SaveFinite(int step, Predicate<string> stays)
    {
        agree();
        // Without a store as well: of the last step's weights no further loss tells.
        var content = capture();
        if (content.NotFinite is { } tensor)
            throw Diverged($"after step {step} the values of {tensor} are no finite numbers, and so no checkpoint");
        if (store is not null)
            Write(content, stays);
        savedStep = step;
    }

    private string Write(CheckpointContent content, Predicate<string> stays)
    {
        saving();
        return last = store!.Save(content, stays);
    }
}
