using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// Trains a denoising network: at each step noises a batch to random timesteps, lets the network predict, and moves its weights and their
/// averages. What a step does follows from the options, the weights before it and its number alone: the same seed gives the same training
/// on every device, to rounding, and to the bit with the same libtorch, kind of processor and number of threads, also where it was stopped
/// and continued. Two things break that: a learning rate that falls with a time limit's clock, and, for networks with dropout, another
/// thread that uses libtorch's own generator, which a step seeds. A step waits once for the device, to look at loss and gradient before
/// they reach the weights.
/// </summary>
/// <remarks>
/// Of several processes each has a trainer, of the same network, images and options, and its share of every batch: N ranks of batches of B
/// train as one process does with batches of N B, to rounding, but for dropout within the network, which each rank draws for itself. All of
/// them decide alike whether a step counts and whether to go on. An exception in one leaves the others waiting for it: call
/// <see cref="ICollective.Abort"/> then.
/// </remarks>
public sealed partial class Trainer : IDisposable
{
    private readonly NoisePredictor network;
    private readonly IImageSource source;
    private readonly TrainingOptions options;
    private readonly TimeProvider clock;
    private readonly ICollective ranks;
    private readonly ILogger logger;
    private readonly double labelDropout;
    private readonly double contextDropout;
    private readonly Tensor? nullContext;
    private readonly FusedAdam optimizer;
    private readonly List<Ema> averages;
    private readonly StepGuard guard;
    private readonly LossScale? lossScale;
    private TimeSpan elapsed;
    private long images;
    private string? restored;

    /// <summary>Of the weights that it began with, as long as no step has moved them.</summary>
    private double[]? sizesUnmoved;

    private volatile bool isDisposed;

    /// <summary>Makes ready to train.</summary>
    /// <param name="network">The network, on the device to be used: moving it afterwards replaces its parameters.</param>
    /// <param name="source">What to learn from; of the network's channels and size, and of its classes where it has any.</param>
    /// <param name="options">How to train.</param>
    /// <param name="clock">Tells the time; null is the system's clock. Of several ranks, that of rank 0 counts.</param>
    /// <param name="collective">
    /// The ranks, all of which make their trainer at the same time; stays the caller's. Null: this process trains alone.
    /// </param>
    /// <param name="logger">
    /// Told as warnings, before the first step, of images that are strange though they may be meant so, of each step that is skipped,
    /// and by
    /// <see cref="Restore"/> of what the training goes on with otherwise; null: nobody is told.
    /// </param>
    /// <exception cref="UNetGenException">
    /// The options make no sense, alone or for this network, or the network's description contradicts itself.
    /// </exception>
    /// <exception cref="DataException">The images or their classes don't fit the network.</exception>
    /// <exception cref="RanksDifferException">
    /// The ranks are to train other networks, with other options or on other images; the message names the ranks.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The network has nothing to train, or weights of another type than float32, or was made within <c>torch.inference_mode()</c>.
    /// </exception>
    /// <exception cref="InvalidOperationException">It is called within <c>torch.inference_mode()</c>.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public Trainer(
        NoisePredictor network, IImageSource source, TrainingOptions options, TimeProvider? clock = null, ICollective? collective = null,
        ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        NetworkCheck.Gradients(network);
        NetworkCheck.Type(network);
        NetworkMetadata.RequireConsistent(network.Info);
        InputCheck.Shape(network.Info, source);
        InputCheck.Bounds(network, source, options);
        labelDropout = InputCheck.LabelDropout(network.Info, source, options);
        contextDropout = ContextCheck.Dropout(network.Info, source, options);
        InputCheck.SelfConditioning(network.Info, options);

        this.network = network;
        this.source = source;
        this.options = options;
        this.clock = clock ?? TimeProvider.System;
        ranks = collective ?? new SingleProcess();
        this.logger = logger ?? NullLogger.Instance;
        nullContext = contextDropout > 0 ? NullContextOf(network.Info, source) : null;
        RequireSameTraining();
        WeightLayout.ForDevice(network);
        optimizer = new FusedAdam(
            network.named_parameters(), options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay, options.Optimizer);
        averages = [.. options.Ema.Select(average => new Ema(network, average))];
        guard = new StepGuard(options);
        lossScale = options.Precision == Precision.Float16 ? new() : null;
    }

    /// <summary>Raised before a checkpoint is written: what has to reach as far as it, such as a log, goes to the disk now.</summary>
    public event Action? Saving;

    /// <summary>Steps done, those that were skipped among them.</summary>
    public int Step { get; private set; }

    /// <summary>Images in a step, over all ranks.</summary>
    public int EffectiveBatchSize => checked(options.BatchSize * ranks.Size);

    /// <summary>Whether the options ask for no further step.</summary>
    public bool Ended => options.Progress(Step, elapsed) >= 1;

    /// <summary>The averaged weights, with which to draw: the first of <see cref="Emas"/>.</summary>
    public Ema Ema => averages[0];

    /// <summary>All averages of the weights, in the order of <see cref="TrainingOptions.Ema"/>.</summary>
    public IReadOnlyList<Ema> Emas => averages;

    /// <summary>
    /// What speaks against drawing with the weights as they are now, a sentence each: averages that are still the first weights, steps that
    /// were skipped, or moved no weight.
    /// </summary>
    public IReadOnlyList<string> Doubts => TrainingDoubts.Of(options, Step, State);

    /// <summary>Trains to the end. The network is in training mode meanwhile and in its own afterwards.</summary>
    /// <param name="report">
    /// Called after each step, on the calling thread, before a checkpoint of that step is written. It may draw pictures, or
    /// <see cref="Capture"/>. What it throws ends the training and is thrown as it is; of one rank the checkpoint of the step is written
    /// before. An <see cref="OperationCanceledException"/>, once <paramref name="cancellation"/> has asked to stop, is that stop.
    /// </param>
    /// <param name="store">
    /// Where checkpoints go, as often as the options say, and at the end or when cancelled; null: nowhere. Of several ranks, rank 0 writes
    /// them.
    /// </param>
    /// <param name="cancellation">
    /// Looked at before each step; a batch that hasn't come is waited for two seconds more. All ranks stop when one is asked to, after
    /// the step that they are in.
    /// </param>
    /// <exception cref="TrainingCanceledException">
    /// Cancelled before the end. The checkpoint of the last step is written before, and the exception has the summary. All ranks throw it.
    /// </exception>
    /// <exception cref="RanksDifferException">The ranks' weights are others, at the beginning or when a checkpoint is due.</exception>
    /// <exception cref="DataException">
    /// The images' values don't lie in [-1, 1], or none is negative; or a number of a context isn't finite or lies beyond 1,000,000; or the
    /// source has another number of images, or of another shape, than it had.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// More steps had to be skipped than the options allow, or weights or averages were no finite numbers when a checkpoint was due or at
    /// the end, with a store or without.
    /// </exception>
    /// <exception cref="CheckpointException">
    /// A checkpoint can't be written, and those before it are whole; or a training that begins is given a folder that has checkpoints, or
    /// one that goes on a folder that has later ones.
    /// </exception>
    /// <exception cref="LockedException">Another training writes to the folder of checkpoints.</exception>
    /// <exception cref="InvalidOperationException">
    /// It is called within <c>torch.inference_mode()</c>, where there are no gradients (<c>torch.no_grad()</c> does no harm), or while the
    /// network is being trained; or averaged weights are in the network (<see cref="Ema.Apply"/>), or it was moved or converted after its
    /// trainer was made. Of what <paramref name="report"/> leaves so, the training ends with this before the next step, and without a
    /// checkpoint of the last one.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The trainer, its network or one of its averages is disposed; likewise.</exception>
    /// <exception cref="ShortageException">
    /// There is no more memory, or no more threads or open files; the checkpoints before are whole.
    /// </exception>
    /// <remarks>
    /// What a source throws, of whatever kind, is thrown as it is; of one rank the checkpoint of the last step is written before. Where
    /// that can't be, the logger is warned.
    /// </remarks>
    public TrainingSummary Train(
        Action<TrainingStep>? report = null, CheckpointStore? store = null, CancellationToken cancellation = default) => Shortage.Explained(
        () => TrainAlone(report, store, cancellation),
        $"A step has {Counted.Of(options.BatchSize, "image")}{(options.Accumulation > 1 ? $" in {Counted.Of(options.Accumulation, "part")}" : "")}: a smaller "
            + $"`BatchSize`{(options.GradientCheckpointing ? " or" : ",")} more `Accumulation`"
            + $"{(options.GradientCheckpointing ? "" : " or `GradientCheckpointing`")}"
            + " needs less.");
}
