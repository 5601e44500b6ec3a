using System.Diagnostics;
using Spectre.Console;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Files;
using UNetGen.Logging;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli.Runs;

/// <summary>
/// What a run draws with its averaged weights: grids of samples as it trains, and at the end a grid and a strip from noise to pictures.
/// </summary>
internal sealed class RunPictures : IDisposable
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
    private readonly GridConditions grids;

    /// <summary>Tries what is to be written at the end.</summary>
    /// <param name="options">Effective ones.</param>
    /// <param name="folder">The run's.</param>
    /// <param name="network">What draws, on its device.</param>
    /// <param name="source">What it learns from, and is drawn by.</param>
    /// <param name="trainer">At the step to go on from; its first average draws.</param>
    /// <exception cref="UNetGenException">The network can't draw so.</exception>
    public RunPictures(RunOptions options, RunFolder folder, NoisePredictor network, IImageSource source, Trainer trainer)
    {
        (this.options, this.folder, this.network, this.source, this.trainer) = (options, folder, network, source, trainer);
        RequireGuidance();
        if (network.Diffusion.Type == DiffusionType.Ddpm && options.SampleSteps > network.Diffusion.Timesteps)
            throw new UNetGenException(
                $"sample_steps {options.SampleSteps} is more than the {network.Diffusion.Timesteps:N0} timesteps of {network.Info.Name}. Give fewer.");
        // What is drawn at the end is tried now.
        foreach (var picture in (string[])[folder.Samples, folder.Strip, folder.LossCurve])
            AtomicFile.Try(picture);
        // Where its folder isn't there yet, it is made in the one that was just tried.
        var onTheWay = folder.SamplesOf(trainer.Step);
        if (options.SampleEvery is not null && Path.Exists(Path.GetDirectoryName(onTheWay)))
            AtomicFile.Try(onTheWay);
        // Grids are drawn as it trains, whether within a training or after it.
        network.Precision = options.Training.Precision;
        grids = new(
            network.Info, source, options.Count, options.Training.Seed, options.Guidance ?? (CanBeGuided ? UsualGuidance : 1));
    }

    /// <summary>What draws with the run's weights.</summary>
    public string Command => DrawCommand.Of(folder.Path, network.Info, source.Identity.Condition);

    /// <summary>Draws a grid of the samples, into its file and the events.</summary>
    /// <returns>Whether it could; what hinders it is told.</returns>
    public bool DrawOnTheWay(TensorBoardLog events, CancellationToken cancellation)
    {
        var step = trainer.Step;
        try
        {
            using var averaged = trainer.Ema.Apply();
            using var images = SamplerOptions.Default(network, options.SampleSteps ?? SamplerStepsOnTheWay)
                .Sample(network, grids.Of(Math.Min(options.Count, SamplesOnTheWay)), cancellation: cancellation);
            var picture = folder.SamplesOf(step);
            ImageGrid.Save(Shown(images), picture);
            RegularFile.Require(picture);
            events.Image("samples", File.ReadAllBytes(picture), step);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Who interrupts waits for the checkpoint, not for pictures.
            return false;
        }
        catch (Exception error) when (error is NotFiniteException or IOException or UnauthorizedAccessException)
        {
            // Whether the training has diverged, the next steps show; and what can't be written is no reason to lose those since the last
            // checkpoint.
            Warnings.Show($"no samples of step {step}: {error.Message}");
            return false;
        }
    }

    /// <summary>Draws the grid and the strip of the end.</summary>
    public void DrawEnd(CancellationToken cancellation)
    {
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
                    + $"{Command} --out FILE{DrawnLatents.Ending} writes them");
    }

    public void Dispose() => grids.Dispose();

    /// <summary>As a grid shows it.</summary>
    private Tensor Shown(Tensor images) => source.IsBounded ? images : DrawnLatents.Shown(images);

    /// <summary>
    /// Of the steps that were asked for, else with a time limit one of as few steps as are drawn in a quarter of it, by the time that a
    /// single step takes for all pictures.
    /// </summary>
    private DdimSampler SamplerOfEnd(SamplingOptions drawn, CancellationToken cancellation)
    {
        if (options.SampleSteps is { } steps)
            return SamplerOptions.Default(network, steps);
        using var averaged = trainer.Ema.Apply();
        var usual = SamplerOptions.Default(network);
        if (options.Training.TimeLimit is not { } limit)
            return usual;
        var start = Stopwatch.GetTimestamp();
        using var sketches = SamplerOptions.Default(network, 1).Sample(network, drawn, cancellation: cancellation);
        var oneStep = Stopwatch.GetElapsedTime(start);
        var affordable = (int)Math.Clamp(ShareOfTimeForDrawing * limit / oneStep, LeastSamplerSteps, usual.Steps);
        if (affordable < usual.Steps)
            AnsiConsole.MarkupLineInterpolated($"drawing the samples in {affordable} steps, not {usual.Steps}, as suits the time: for more of them, {Command}");
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

    private void RequireGuidance()
    {
        if (options.Guidance is not { } guidance || guidance == 1)
            return;
        if (network.Info.ContextDim is not null && !HasNullContext)
            throw new UNetGenException(
                $"guidance {guidance} needs a training in which contexts are dropped, and context_dropout is 0. Leave --guidance out.");
        if (HasNullClass && !HasLearntNone)
            throw new UNetGenException(
                $"guidance {guidance} needs a training in which labels are dropped, and label_dropout is 0. Leave --guidance out.");
        if (!CanBeGuided)
            throw new UNetGenException(
                $"guidance {guidance} needs a network with classes and one more that stands for none"
                    + (source.Classes.Count > 0
                        ? $" (num_classes: {source.Classes.Count + 1} for {source.Description})"
                        : $", and data with classes, which {source.Description} {(source.Count == 1 ? "has" : "have")} not")
                    + $"; {network.Info.Name} has {(network.Info.NumClasses is { } has ? Counted.Of(has, "class", "classes") : "no classes")}. Leave --guidance out.");
    }

    /// <summary>Whether the network has learnt what stands for none, of all that it is conditioned on.</summary>
    private bool CanBeGuided => (network.Info.NumClasses is null ? HasNullContext : HasNullClass && HasLearntNone)
        && (network.Info.ContextDim is null || HasNullContext);

    /// <summary>Whether contexts are dropped in training.</summary>
    private bool HasNullContext => network.Info.ContextDim is not null && options.Training.ContextDropout != 0;

    /// <summary>Whether labels are dropped in training, or were in the one of whose weights it began.</summary>
    private bool HasLearntNone => options.Training.LabelDropout != 0 || network.HasLearntNone == true;

    /// <summary>Whether the network's last class stands for none, as the trainer has it.</summary>
    private bool HasNullClass => network.Info.NumClasses == source.Classes.Count + 1;
}
