using System.Globalization;
using UNetGen.Data;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// Trains a denoising network: at each step noises a batch to random timesteps, lets the network predict, and moves its weights and their averages.
/// What a step does follows from the options, the weights before it and its number alone: the same seed gives the same training on every device, to rounding,
/// and to the bit with the same libtorch and number of threads, also where it was stopped and continued. Two things break that: a learning rate that falls with a time
/// limit's clock, and, for networks with dropout, another thread that uses libtorch's own generator, which a step seeds. A step waits once for the device, to look at loss and gradient before they reach the weights.
/// </summary>
public sealed partial class Trainer : IDisposable
{
    private readonly NoisePredictor network;
    private readonly IImageSource source;
    private readonly TrainingOptions options;
    private readonly TimeProvider clock;
    private readonly double labelDropout;
    private readonly FusedAdam optimizer;
    private readonly List<Ema> averages;
    private readonly StepGuard guard;
    private TimeSpan elapsed;
    private string? restored;

    /// <summary>Makes ready to train.</summary>
    /// <param name="network">The network, on the device to be used: moving it afterwards replaces its parameters.</param>
    /// <param name="source">What to learn from; of the network's channels and size, and of its classes where it has any.</param>
    /// <param name="options">How to train.</param>
    /// <param name="clock">Tells the time; null is the system's clock.</param>
    /// <exception cref="UNetGenException">The options make no sense.</exception>
    /// <exception cref="DataException">The images or their classes don't fit the network.</exception>
    /// <exception cref="ArgumentException">The network has nothing to train.</exception>
    public Trainer(NoisePredictor network, IImageSource source, TrainingOptions options, TimeProvider? clock = null)
    {
        options.Validate();
        if (!network.parameters().Any(parameter => parameter.requires_grad))
            throw new ArgumentException($"{network.Info.Name} has no parameters to train. One written by hand registers its modules itself.", nameof(network));
        InputCheck.Shape(network.Info, source);
        labelDropout = InputCheck.LabelDropout(network.Info, source, options);

        this.network = network;
        this.source = source;
        this.options = options;
        this.clock = clock ?? TimeProvider.System;
        optimizer = new FusedAdam(network.named_parameters(), options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay, options.Optimizer);
        averages = [.. options.Ema.Select(average => new Ema(network, average))];
        guard = new StepGuard(options);
    }

    /// <summary>Raised before a checkpoint is written: what has to reach as far as it, such as a log, goes to the disk now.</summary>
    public event Action? Saving;

    /// <summary>Steps done, those that were skipped among them.</summary>
    public int Step { get; private set; }

    /// <summary>Whether the options ask for no further step.</summary>
    public bool Ended => options.Progress(Step, elapsed) >= 1;

    /// <summary>The averaged weights, with which to draw: the first of <see cref="Emas"/>.</summary>
    public Ema Ema => averages[0];

    /// <summary>All averages of the weights, in the order of <see cref="TrainingOptions.Ema"/>.</summary>
    public IReadOnlyList<Ema> Emas => averages;

    /// <summary>Trains to the end, or until cancelled. The network is in training mode meanwhile and in its own afterwards.</summary>
    /// <param name="report">
    /// Called after each step, on the calling thread, before a checkpoint of that step is written. It may draw pictures, or <see cref="Capture"/>.
    /// </param>
    /// <param name="store">Where checkpoints go, as often as the options say, and at the end or when cancelled; null: nowhere.</param>
    /// <param name="cancellation">Looked at before each step; stopping is no error.</param>
    /// <exception cref="DataException">The images' values don't lie in [-1, 1], or none is negative.</exception>
    /// <exception cref="TrainingDivergedException">More steps had to be skipped than the options allow, or the weights were no finite numbers when a checkpoint was due.</exception>
    /// <exception cref="CheckpointException">A checkpoint can't be written; those before it are whole.</exception>
    public TrainingSummary Train(Action<TrainingStep>? report = null, CheckpointStore? store = null, CancellationToken cancellation = default)
    {
        InputCheck.Values(source, options.RefuseNonNegativeImages);
        using var precision = new TrainingPrecision(network, options.Precision);
        using var loader = new BatchLoader(source, options.BatchSize, options.Seed, options.HorizontalFlips, firstBatch: Step, options.Workers);
        using var diffusion = new GaussianDiffusion(network.Diffusion, network.Device);
        var gradient = new BatchGradient(network, diffusion, options.Accumulation);
        var checkpoints = new CheckpointTimes(options, store, Step, restored, CaptureToSave);

        var wasTraining = network.training;
        network.train();
        try
        {
            var (start, before) = (clock.GetTimestamp(), elapsed);
            while (options.Progress(Step, elapsed) < 1 && !cancellation.IsCancellationRequested)
            {
                using var scope = NewDisposeScope();
                var (loss, gradientNorm, learningRate, skipped) = TakeStep(loader.Next(), gradient);
                elapsed = before + clock.GetElapsedTime(start);
                report?.Invoke(new(
                    Step, loss, gradientNorm, learningRate, ImagesPerSecond, elapsed, options.Remaining(Step, elapsed), skipped));
                if (guard.Exhausted)
                    throw checkpoints.Diverged(Step, $"{skipped}, and {guard.Skipped} of {Step} steps were skipped by now");
                if (skipped is null)
                    checkpoints.Accept(Step, elapsed);
            }
            checkpoints.SaveLast(Step, guard.Skipping);
            return new(Step, guard.MeanLoss, elapsed, ImagesPerSecond, guard.Skipped, Cancelled: options.Progress(Step, elapsed) < 1);
        }
        finally
        {
            network.zero_grad();
            network.train(wasTraining);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        averages.ForEach(average => average.Dispose());
    }

    private double ImagesPerSecond => elapsed > TimeSpan.Zero ? (double)Step * options.BatchSize / elapsed.TotalSeconds : 0;

    private CheckpointContent CaptureToSave()
    {
        Saving?.Invoke();
        return Capture();
    }

    private (double Loss, double GradientNorm, double LearningRate, string? Skipped) TakeStep(Batch batch, BatchGradient gradient)
    {
        var learningRate = options.LearningRateAt(Step, options.Progress(Step, elapsed));
        var draws = StepDraws.Draw(network, batch, options, labelDropout, Step + 1);
        var (loss, gradientNorm) = gradient.Compute(batch, draws);
        Step++;
        if (guard.Judge(loss, gradientNorm, gradient.LossWeight(draws)) is { } fault)
            return (loss, gradientNorm, learningRate, string.Create(CultureInfo.InvariantCulture, $"step {Step} (batch {batch.Number}): {fault}"));

        if (options.GradientClip is { } limit)
            gradient.Clip(gradientNorm, limit);
        optimizer.Step(learningRate);
        averages.ForEach(average => average.Update(Step));
        return (loss, gradientNorm, learningRate, null);
    }
}
