using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Logging;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Cli.Runs;

/// <summary>
/// A training with all that a person wants to look at: the log, TensorBoard's events, grids of samples, checkpoints, and pictures at the
/// end.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly RunOptions options;
    private readonly RunFolder folder;
    private readonly NoisePredictor network;
    private readonly Trainer trainer;
    private readonly CheckpointStore store;
    private readonly ICollective ranks;
    private readonly TrainingLog log;
    private readonly TensorBoardLog events;
    private readonly BrokenFileList? broken;
    private readonly RunPictures pictures;
    private IReadOnlyList<string> told = [];

    /// <summary>Begins to write.</summary>
    /// <param name="options">Effective ones.</param>
    /// <param name="folder">The run's, which this process has taken.</param>
    /// <param name="network">On its device.</param>
    /// <param name="source">What to learn from.</param>
    /// <param name="trainer">At the step to go on from.</param>
    /// <param name="store">The run's checkpoints.</param>
    /// <param name="ranks">Who trains; this is rank 0.</param>
    public TrainingRun(
        RunOptions options, RunFolder folder, NoisePredictor network, IImageSource source, Trainer trainer, CheckpointStore store,
        ICollective ranks)
    {
        (this.options, this.folder, this.network, this.trainer, this.store, this.ranks) = (
            options, folder, network, trainer, store, ranks);
        pictures = new(options, folder, network, source, trainer);
        log = TrainingLog.Open(folder.Log, trainer.Step);
        if (log.ContinuedLines < trainer.Step)
            Warnings.Show($"{folder.Log} tells of {log.ContinuedLines:N0} of the {trainer.Step:N0} steps until now: "
                + "lines are lost, and curves are without them. The training itself doesn't need them.");
        if (log.LastDroppedStep is { } last)
            Warnings.Show($"{folder.Log} went on to step {last:N0}, and the newest whole checkpoint is of step {trainer.Step:N0}: "
                + "what comes after that is trained once more.");
        try
        {
            RunFile.Write(folder.Options, options);
            RunStart.Now(
                network.Device, trainer.Step, collective: ranks, effectiveBatchSize: trainer.EffectiveBatchSize,
                initFrom: options.InitFrom).AppendTo(folder.Starts);
            events = new TensorBoardLog(folder.Path, trainer.Step);
            if (DiffusionInWords.Of(network.Info.Spec) is { } diffusion)
                events.Text("network/diffusion", diffusion.ToString(), trainer.Step);
            trainer.Saving += log.Flush;
            if (source.BrokenFiles() is not null)
            {
                broken = new BrokenFileList(folder, source);
                broken.Try();
                trainer.Saving += broken.Write;
            }
        }
        catch
        {
            // Its lock would stay in the folder, which then would be no empty one to begin anew in.
            events?.Dispose();
            log.Dispose();
            pictures.Dispose();
            throw;
        }
    }

    /// <summary>Trains until its end, or until cancelled; either way with a checkpoint of the last step.</summary>
    /// <returns>What it came to, and whether it was cancelled before.</returns>
    public (TrainingSummary Summary, bool Interrupted) Train(CancellationToken cancellation)
    {
        Tell(options.Training.Steps is { } steps ? options.Training.DoubtsAt(steps) : []);
        try
        {
            // Whoever interrupted while this grid was drawn left it out.
            if (trainer.Step > 0 && IsDue(trainer.Step) && !trainer.Ended && !File.Exists(folder.SamplesOf(trainer.Step)))
                DrawOnTheWay(cancellation);
            var (summary, interrupted) = Progress.WhileTraining(options.Training, report => TrainOrStop(
                trainer,
                step =>
                {
                    Write(step);
                    report(step);
                    if (IsDue(step.Step) && !trainer.Ended)
                        DrawOnTheWay(cancellation);
                },
                store, cancellation));
            broken?.Join(ranks);
            Tell(summary.Doubts);
            return (summary, interrupted);
        }
        finally
        {
            // Whatever the end is: broken files may be what it came from.
            if (broken?.Warning() is { } warning)
                Warnings.Show(warning);
            DrawLoss();
        }
    }

    /// <summary>Trains, and takes what stops it for an end as any other.</summary>
    public static (TrainingSummary Summary, bool Interrupted) TrainOrStop(
        Trainer trainer, Action<TrainingStep>? report, CheckpointStore? store, CancellationToken cancellation)
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

    /// <summary>Draws the grid and the strip of the end.</summary>
    public void Draw(CancellationToken cancellation)
    {
        // The grids over time end with the last step's.
        if (options.SampleEvery is not null)
            DrawOnTheWay(cancellation);
        pictures.DrawEnd(cancellation);
    }

    /// <summary>What draws with the run's weights.</summary>
    public string CommandToDraw => pictures.Command;

    public void Dispose()
    {
        events.Dispose();
        log.Dispose();
        pictures.Dispose();
    }

    private bool IsDue(int step) => step % options.SampleEvery == 0;

    private void DrawOnTheWay(CancellationToken cancellation)
    {
        if (pictures.DrawOnTheWay(events, cancellation) && told.Count == 0)
            Tell(trainer.Doubts);
    }

    /// <summary>What isn't known yet of what speaks against drawing.</summary>
    private void Tell(IReadOnlyList<string> doubts)
    {
        foreach (var doubt in doubts.Except(told))
            Warnings.Show(doubt);
        told = doubts;
    }

    private void DrawLoss()
    {
        try
        {
            var curve = TrainingLog.Read(folder.Log).Where(step => !step.Skipped).Select(step => (step.Step, step.Loss)).ToArray();
            if (curve.Length > 0)
                LossCurve.Save(curve, folder.LossCurve, $"Training loss of {network.Info.Name}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException || Shortage.Of(error) is not null)
        {
            // What else went wrong, with the same disk most likely, is the one to be told as an error.
            Warnings.Show(Shortage.Of(error) ?? error.Message);
        }
    }

    private void Write(TrainingStep step)
    {
        log.Write(step);
        events.Scalar("training/loss", step.Loss, step.Step);
        events.Scalar("training/gradient_norm", step.GradientNorm, step.Step);
        if (step.Skipped is not null)
            events.Scalar("training/skipped", 1, step.Step);
        events.Scalar("training/learning_rate", step.LearningRate, step.Step);
        events.Scalar("training/images_per_second", step.ImagesPerSecond, step.Step);
    }
}
