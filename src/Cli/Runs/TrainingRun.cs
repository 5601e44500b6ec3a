using System.Diagnostics;
using Spectre.Console;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Logging;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli.Runs;

/// <summary>
/// A training with all that a person wants to look at: the log, TensorBoard's events, grids of samples, checkpoints, and pictures at the
/// end.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    // On the way a look is enough: a grid of the end takes a hundred steps a picture.
    private const int SamplesOnTheWay = 16;
    private const int SamplerStepsOnTheWay = 25;

    // Whoever gives minutes doesn't want to wait as long again for pictures. Fewer steps than the least are no pictures.
    private const double ShareOfTimeForDrawing = 0.25;
    private const int LeastSamplerSteps = 10;

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
    private readonly ICollective ranks;
    private readonly TrainingLog log;
    private readonly TensorBoardLog events;
    private readonly BrokenFileList? broken;
    private readonly GridConditions grids;
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
        (this.options, this.folder, this.network, this.source, this.trainer, this.store, this.ranks) = (
            options, folder, network, source, trainer, store, ranks);
        if (options.Guidance is { } guidance && guidance != 1 && network.Info.ContextDim is not null && !HasNullContext)
            throw new UNetGenException(
                $"guidance {guidance} needs a training in which contexts are dropped, and context_dropout is 0. Leave --guidance out.");
        if (options.Guidance is { } ofClass && ofClass != 1 && !CanBeGuided)
            throw new UNetGenException(
                $"guidance {ofClass} needs a network with classes and one more that stands for none"
                    + (source.Classes.Count > 0
                        ? $" (num_classes: {source.Classes.Count + 1} for {source.Description})"
                        : $", and data with classes, which {source.Description} {(source.Count == 1 ? "has" : "have")} not")
                    + $"; {network.Info.Name} has {(network.Info.NumClasses is { } has ? Counted.Of(has, "class", "classes") : "no classes")}. Leave --guidance out.");
        grids = new(
            network.Info, source, options.Count, options.Training.Seed, options.Guidance ?? (CanBeGuided ? UsualGuidance : 1));
        // What is drawn at the end is tried now.
        foreach (var picture in (string[])[folder.Samples, folder.Strip, folder.LossCurve])
            AtomicFile.Try(picture);
        // Where its folder isn't there yet, it is made in the one that was just tried.
        var onTheWay = folder.SamplesOf(trainer.Step);
        if (options.SampleEvery is not null && Path.Exists(Path.GetDirectoryName(onTheWay)))
            AtomicFile.Try(onTheWay);
        // Grids are drawn as it trains, whether within a training or after it.
        network.Precision = options.Training.Precision;
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
            grids.Dispose();
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
                DrawOnTheWay(trainer.Step, cancellation);
            var (summary, interrupted) = Progress.WhileTraining(options.Training, report => TrainOrStop(
                trainer,
                step =>
                {
                    Write(step);
                    report(step);
                    if (IsDue(step.Step) && !trainer.Ended)
                        DrawOnTheWay(step.Step, cancellation);
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
            DrawOnTheWay(trainer.Step, cancellation);
        var drawn = grids.Of(options.Count);
        var sampler = SamplerOfEnd(drawn, cancellation);
        // Evenly spaced over the way: pure noise first, the finished picture last.
        var frames = Enumerable.Range(0, StripColumns).Select(column => column * sampler.Steps / (StripColumns - 1)).ToHashSet();
        var strip = new List<Tensor>();
        var info = network.Info;
        var most = ImageGrid.MostImages(info.Channels, info.ImageHeight, info.ImageWidth, StripColumns) / StripColumns;
        var rows = Math.Min(Math.Min(StripRows, most), Math.Min(drawn.Count, drawn.BatchSize));
        using var averaged = trainer.Ema.Apply();
        using var scope = NewDisposeScope();
        var images = Progress.WhileSampling(drawn, lines: false, observe => sampler.Sample(network, drawn, at =>
        {
            if (at.FirstImage == 0 && frames.Contains(at.Step))
                strip.Add(at.Images.narrow(0, 0, rows).clone());
            observe(at);
        }, cancellation));
        ImageGrid.Save(Shown(images), folder.Samples);
        if (rows > 0)
            SaveStrip(strip);
        if (!source.IsBounded)
            Console.WriteLine(
                "grids show latents, divided by the largest of their values; as they are, "
                    + $"{CommandToDraw} --out FILE{DrawnLatents.Ending} writes them");
    }

    /// <summary>What draws with the run's weights.</summary>
    public string CommandToDraw => DrawCommand.Of(folder.Path, network.Info, source.Identity.Condition);

    /// <summary>As a grid shows it.</summary>
    private Tensor Shown(Tensor images) => source.IsBounded ? images : DrawnLatents.Shown(images);

    public void Dispose()
    {
        events.Dispose();
        log.Dispose();
        grids.Dispose();
    }

    /// <summary>
    /// With a time limit one of as few steps as are drawn in a quarter of it, by the time that a single step takes for all pictures.
    /// </summary>
    private DdimSampler SamplerOfEnd(SamplingOptions drawn, CancellationToken cancellation)
    {
        using var averaged = trainer.Ema.Apply();
        var usual = SamplerOptions.Default(network);
        if (options.Training.TimeLimit is not { } limit)
            return usual;
        var start = Stopwatch.GetTimestamp();
        using var sketches = SamplerOptions.Default(network, 1).Sample(network, drawn, cancellation: cancellation);
        var oneStep = Stopwatch.GetElapsedTime(start);
        var affordable = (int)Math.Clamp(ShareOfTimeForDrawing * limit / oneStep, LeastSamplerSteps, usual.Steps);
        if (affordable < usual.Steps)
            AnsiConsole.MarkupLineInterpolated($"drawing the samples in {affordable} steps, not {usual.Steps}, as suits the time: for more of them, {CommandToDraw}");
        return SamplerOptions.Default(network, affordable);
    }

    /// <summary>What is drawn on the way may be no finite numbers and come right in the end, whose pictures are what counts.</summary>
    private void SaveStrip(IReadOnlyList<Tensor> steps)
    {
        try
        {
            ImageGrid.SaveStrip(source.IsBounded ? steps : ShownTogether(steps), folder.Strip);
        }
        catch (UNetGenException error)
        {
            Warnings.Show(error.Message);
        }
    }

    /// <summary>Of one scale, so that the steps can be compared.</summary>
    private static Tensor[] ShownTogether(IReadOnlyList<Tensor> steps) => [.. DrawnLatents.Shown(stack(steps)).unbind(0)];

    private bool IsDue(int step) => step % options.SampleEvery == 0;

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
            var curve = TrainingLog.Read(folder.Log).Select(step => (step.Step, step.Loss)).ToArray();
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
        events.Scalar("training/learning_rate", step.LearningRate, step.Step);
        events.Scalar("training/images_per_second", step.ImagesPerSecond, step.Step);
    }

    private void DrawOnTheWay(int step, CancellationToken cancellation)
    {
        try
        {
            using var averaged = trainer.Ema.Apply();
            using var images = SamplerOptions.Default(network, SamplerStepsOnTheWay)
                .Sample(network, grids.Of(Math.Min(options.Count, SamplesOnTheWay)), cancellation: cancellation);
            var picture = folder.SamplesOf(step);
            ImageGrid.Save(Shown(images), picture);
            RegularFile.Require(picture);
            events.Image("samples", File.ReadAllBytes(picture), step);
            if (told.Count == 0)
                Tell(trainer.Doubts);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Who interrupts waits for the checkpoint, not for pictures.
        }
        catch (Exception error) when (error is NotFiniteException or IOException or UnauthorizedAccessException)
        {
            // Whether the training has diverged, the next steps show; and what can't be written is no reason to lose those since the last
            // checkpoint.
            Warnings.Show($"no samples of step {step}: {error.Message}");
        }
    }

    /// <summary>Whether the network has learnt what stands for none, of all that it is conditioned on.</summary>
    private bool CanBeGuided => (network.Info.NumClasses is null ? HasNullContext : HasNullClass)
        && (network.Info.ContextDim is null || HasNullContext);

    /// <summary>Whether contexts are dropped in training.</summary>
    private bool HasNullContext => network.Info.ContextDim is not null && options.Training.ContextDropout != 0;

    /// <summary>Whether the network's last class stands for none, as the trainer has it.</summary>
    private bool HasNullClass => network.Info.NumClasses == source.Classes.Count + 1;
}
