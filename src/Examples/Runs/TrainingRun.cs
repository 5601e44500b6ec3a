using Spectre.Console;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Logging;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Examples.Runs;

/// <summary>A training with all that a person wants to look at: the log, TensorBoard's events, grids of samples, checkpoints, and pictures at the end.</summary>
internal sealed class TrainingRun : IDisposable
{
    // On the way a look is enough: a grid of the end takes a hundred steps a picture.
    private const int SamplesOnTheWay = 16;
    private const int SamplerStepsOnTheWay = 25;

    // Enough for a class to be plain, without all of its pictures being alike.
    private const double UsualGuidance = 2;

    private const int StripRows = 6;
    private const int StripColumns = 9;

    private readonly RunOptions options;
    private readonly RunFolder folder;
    private readonly NoisePredictor network;
    private readonly IImageSource source;
    private readonly Trainer trainer;
    private readonly CheckpointStore store;
    private readonly TrainingLog log;
    private readonly TensorBoardLog events;
    private readonly BrokenFileList? broken;

    /// <param name="options">Effective ones.</param>
    /// <param name="folder">The run's.</param>
    /// <param name="network">On its device.</param>
    /// <param name="source">What to learn from.</param>
    /// <param name="resume">Whether to go on from the newest whole checkpoint in the folder.</param>
    public TrainingRun(RunOptions options, RunFolder folder, NoisePredictor network, IImageSource source, bool resume)
    {
        (this.options, this.folder, this.network, this.source) = (options, folder, network, source);
        if (options.Guidance is { } guidance && guidance != 1 && !HasNullClass)
            throw new UNetGenException(
                $"guidance {guidance} needs a network with classes and one more that stands for none (num_classes: {source.Classes.Count + 1} for the {source.Classes.Count} of {source.Description}); {network.Info.Name} has {network.Info.NumClasses?.ToString() ?? "no"} classes.");
        store = new CheckpointStore(folder.Checkpoints, options.KeepCheckpoints);
        trainer = new Trainer(network, source, options.Training);
        if (resume && store.Newest(Warn) is { } newest)
            trainer.Restore(newest);
        RunFile.Write(folder.Options, options);
        RunStart.Now(network.Device, trainer.Step).AppendTo(folder.Starts);
        log = TrainingLog.Open(folder.Log, trainer.Step);
        events = new TensorBoardLog(folder.Path, trainer.Step);
        trainer.Saving += log.Flush;
        if (source is ImageFolderSource pictures)
        {
            broken = new BrokenFileList(folder.BrokenFiles, pictures);
            trainer.Saving += broken.Write;
        }
    }

    /// <summary>The step that it begins after.</summary>
    public int Step => trainer.Step;

    /// <summary>Trains until its end, or until cancelled; either way with a checkpoint of the last step.</summary>
    public TrainingSummary Train(CancellationToken cancellation)
    {
        try
        {
            return Progress.WhileTraining(options.Training, report => trainer.Train(
                step =>
                {
                    Write(step);
                    report(step);
                    if (step.Step % options.SampleEvery == 0 && step.Remaining > TimeSpan.Zero)
                        DrawOnTheWay(step.Step, cancellation);
                },
                store, cancellation));
        }
        finally
        {
            // Whatever the end is: broken files may be what it came from.
            if (broken?.Warning() is { } warning)
                Warn(warning);
            var curve = TrainingLog.Read(folder.Log).Select(step => (step.Step, step.Loss)).ToArray();
            if (curve.Length > 0)
                LossCurve.Save(curve, folder.LossCurve, $"Training loss of {network.Info.Name}");
        }
    }

    /// <summary>Draws the grid and the strip of the end.</summary>
    public void Draw(CancellationToken cancellation)
    {
        // The grids over time end with the last step's.
        if (options.SampleEvery is not null)
            DrawOnTheWay(trainer.Step, cancellation);
        var sampler = SamplerOptions.Default(network);
        var drawn = Sampling(options.Count);
        // Evenly spaced over the way: pure noise first, the finished picture last.
        var frames = Enumerable.Range(0, StripColumns).Select(column => column * sampler.Steps / (StripColumns - 1)).ToHashSet();
        var strip = new List<Tensor>();
        var rows = Math.Min(StripRows, Math.Min(drawn.Count, drawn.BatchSize));
        using var averaged = trainer.Ema.Apply();
        using var scope = NewDisposeScope();
        var images = Progress.WhileSampling(drawn, lines: false, observe => sampler.Sample(network, drawn, at =>
        {
            if (at.FirstImage == 0 && frames.Contains(at.Step))
                strip.Add(at.Images.narrow(0, 0, rows).clone());
            observe(at);
        }, cancellation));
        ImageGrid.Save(images, folder.Samples);
        ImageGrid.SaveStrip(strip, folder.Strip);
    }

    public void Dispose()
    {
        events.Dispose();
        log.Dispose();
        trainer.Dispose();
    }

    private void Write(TrainingStep step)
    {
        log.Write(step);
        events.Scalar("training/loss", step.Loss, step.Step);
        events.Scalar("training/gradient_norm", step.GradientNorm, step.Step);
        events.Scalar("training/learning_rate", step.LearningRate, step.Step);
        events.Scalar("training/images_per_second", step.ImagesPerSecond, step.Step);
        if (step.Skipped is not null)
            Warn($"skipped {step.Skipped}");
    }

    private void DrawOnTheWay(int step, CancellationToken cancellation)
    {
        try
        {
            using var averaged = trainer.Ema.Apply();
            using var images = SamplerOptions.Default(network, SamplerStepsOnTheWay)
                .Sample(network, Sampling(Math.Min(options.Count, SamplesOnTheWay)), cancellation: cancellation);
            var picture = folder.SamplesOf(step);
            ImageGrid.Save(images, picture);
            events.Image("samples", File.ReadAllBytes(picture), step);
        }
        catch (OperationCanceledException)
        {
            // Who interrupts waits for the checkpoint, not for pictures.
        }
        catch (NotFiniteException error)
        {
            // Whether the training has diverged, the next steps show.
            Warn($"no samples of step {step}: {error.Message}");
        }
    }

    /// <summary>The same noise each time, and each class in turn where there are any.</summary>
    private SamplingOptions Sampling(int count) => new()
    {
        Count = count,
        Seed = options.Training.Seed,
        Labels = network.Info.NumClasses is null ? null : [.. Enumerable.Range(0, source.Classes.Count)],
        Guidance = options.Guidance ?? (HasNullClass ? UsualGuidance : 1),
    };

    /// <summary>Whether the network's last class stands for none, as the trainer has it.</summary>
    private bool HasNullClass => network.Info.NumClasses == source.Classes.Count + 1;

    private static void Warn(string message) => AnsiConsole.MarkupLineInterpolated($"[yellow]warning:[/] {message}");
}
