namespace UNetGen.Training;

/// <summary>
/// How fast a training is now, for who watches it: steps before it went on may have been another machine's, and say nothing of this one.
/// </summary>
/// <param name="options">The training's.</param>
/// <param name="stepsBefore">Steps that were done when it began or went on.</param>
/// <param name="imagesBefore">Their images.</param>
/// <param name="elapsedBefore">Their time.</param>
internal sealed class TrainingPace(TrainingOptions options, int stepsBefore, long imagesBefore, TimeSpan elapsedBefore)
{
    /// <summary>Of how many steps, at most, images a second are told: fewer jump, more hide a change.</summary>
    public const int MostSteps = 100;

    private readonly Queue<(long Images, TimeSpan Elapsed)> marks = new([(imagesBefore, elapsedBefore)]);

    /// <summary>Counts a step that was done.</summary>
    /// <param name="images">All of the training until now.</param>
    /// <param name="elapsed">All of its time.</param>
    /// <returns>Images a second of the last steps.</returns>
    public double ImagesPerSecond(long images, TimeSpan elapsed)
    {
        marks.Enqueue((images, elapsed));
        if (marks.Count > MostSteps + 1)
            marks.Dequeue();
        var first = marks.Peek();
        return elapsed > first.Elapsed ? (images - first.Images) / (elapsed - first.Elapsed).TotalSeconds : 0;
    }

    /// <summary>Time until the end, estimated from the time since it began or went on.</summary>
    /// <param name="steps">Done until now.</param>
    /// <param name="elapsed">All of the training's time.</param>
    public TimeSpan Remaining(int steps, TimeSpan elapsed)
    {
        var before = options.Progress(stepsBefore, elapsedBefore);
        var progress = options.Progress(steps, elapsed);
        // Only a clock that hasn't moved yet leaves a step without progress.
        return progress > before
            ? (elapsed - elapsedBefore) * ((1 - progress) / (progress - before))
            : options.TimeLimit - elapsed ?? TimeSpan.Zero;
    }
}
