using System.Globalization;
using UNetGen.Backends;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>What a network sees in noised images.</summary>
/// <param name="Time">Their time: of a DDPM the timestep.</param>
/// <param name="X0">The clean images that it estimates, [batch, channels, height, width].</param>
/// <param name="Prediction">
/// What it has said to that, guided and not clipped, as the diffusion's <see cref="DiffusionOptions.Objective"/> has it, of the same shape.
/// </param>
/// <param name="V">
/// Where the variance is learned, what <see cref="GaussianDiffusion.LearnedLogVariance"/> takes, of the same shape; else null.
/// </param>
public readonly record struct Estimate(double Time, Tensor X0, Tensor? Prediction, Tensor? V);

/// <summary>
/// A network on the way of one batch from noise to pictures: with the batch's labels, contexts, conditions, guidance, self-conditioning and
/// clipping, so that samplers need to know none of these. They ask it as often as they like in a step.
/// </summary>
public sealed class Denoiser : IDisposable
{
    // What is the same in a whole image has none but of rounding, and nothing to be brought back.
    private const double SmallestDeviation = 1e-6;

    private readonly NoisePredictor network;
    private readonly bool clip;
    private readonly double guidanceRescale;
    private readonly Tensor? labels;
    private readonly Tensor? nullLabels;
    private readonly Tensor? context;
    private readonly Tensor? negativeContext;
    private readonly Tensor? condition;
    private readonly Func<Tensor> noise;
    private readonly ImageNoise? ownNoise;
    private readonly int count;
    private Estimate? last;
    private bool isDisposed;

    /// <summary>Makes ready for the images that the options number, as one batch: a sampler's steps can so be tried one by one.</summary>
    /// <param name="network">A network in evaluation mode, on the device to be used; stays the caller's.</param>
    /// <param name="diffusion">The network's diffusion, on the same device; stays the caller's.</param>
    /// <param name="options">Numbers of the images, their labels and contexts, guidance and clipping.</param>
    /// <param name="noise">What <see cref="Noise"/> gives, a new tensor at each call; null: the noise of the options' seed.</param>
    /// <exception cref="UNetGenException">The options make no sense, or labels or guidance don't fit the network.</exception>
    /// <exception cref="ArgumentException">The diffusion is another than the network's.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public Denoiser(NoisePredictor network, DiffusionProcess diffusion, SamplingOptions options, Func<Tensor>? noise = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(diffusion);
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        options.Check(network.Info);
        if (diffusion.Options != network.Diffusion)
            throw new ArgumentException(
                $"The diffusion is another than {network.Info.Name}'s: make it by {nameof(DiffusionProcess)}.{nameof(DiffusionProcess.Of)} of "
                    + $"its `{nameof(network.Diffusion)}`.",
                nameof(diffusion));
        this.network = network;
        count = options.Count;
        Diffusion = diffusion;
        clip = options.Clip ?? diffusion.Options.ClipsEstimates;
        Guidance = options.Guidance;
        guidanceRescale = options.GuidanceRescale;
        ownNoise = noise is null ? new(network.Info, options.Seed, options.Numbers, network.Device) : null;
        this.noise = noise ?? ownNoise!.Next;
        labels = options.ToLabels(network.Device)?.DetachFromDisposeScope();
        condition = options.OfImages(options.Condition, network.Device)?.DetachFromDisposeScope();
        context = options.OfImages(options.Context, network.Device)?.DetachFromDisposeScope();
        if (Guidance == 1)
            return;
        negativeContext = options.OfImages(options.NegativeContext, network.Device)?.DetachFromDisposeScope();
        if (labels is not null)
            nullLabels = full_like(labels, Number.Of(options.NegativeClass ?? network.Info.NumClasses!.Value - 1)).DetachFromDisposeScope();
    }

    /// <summary>The network's diffusion.</summary>
    public DiffusionProcess Diffusion { get; }

    /// <summary>The numbers in which the network computes.</summary>
    internal Precision Precision => network.Precision;

    internal double Guidance { get; }

    /// <summary>
    /// The last estimate of the step before, for samplers of several steps; null in the first step. It has neither
    /// <see cref="Estimate.Prediction"/> nor <see cref="Estimate.V"/>.
    /// </summary>
    public Estimate? Previous { get; private set; }

    /// <summary>Fresh standard normal noise, [batch, channels, height, width].</summary>
    public Tensor Noise() => noise();

    /// <summary>Asks the network, once or, where it is guided, twice.</summary>
    /// <param name="x">Images at <paramref name="time"/>, [batch, channels, height, width].</param>
    /// <param name="time">Their time: of a DDPM the timestep, from 0.</param>
    /// <returns>New tensors, which live as long as the step.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The diffusion has no such time.</exception>
    /// <exception cref="ArgumentException">There are more or fewer images than the options say.</exception>
    public Estimate Denoise(Tensor x, double time)
    {
        ArgumentNullException.ThrowIfNull(x);
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (!Diffusion.Levels.CanBeAskedAt(time))
            throw new ArgumentOutOfRangeException(
                nameof(time),
                string.Create(
                    CultureInfo.InvariantCulture, $"The network can be asked at times {Diffusion.Levels.AskedTimes}, not at {time}."));
        if (x.shape[0] != count)
            throw new ArgumentException($"The images are those of the options, {count}, but got {x.shape[0]}.", nameof(x));
        var t = Diffusion.Times(x, time);
        var (noised, timesteps) = Diffusion.Asked(x, t);
        var images = condition is null ? noised : cat([noised, condition], 1);
        var estimated = network.Info.SelfCondition ? (last ?? Previous)?.X0 : null;
        var (prediction, v) = Diffusion.Split(network.forward(images, timesteps, context, labels, estimated), x.shape);
        if (Guidance != 1)
        {
            var (without, _) = Diffusion.Split(
                network.forward(images, timesteps, negativeContext, nullLabels, estimated), x.shape);
            prediction = Guided(prediction, without);
        }
        var x0 = Diffusion.PredictX0(x, t, prediction);
        var estimate = new Estimate(time, clip ? x0.clamp_(Number.Of(-1), Number.Of(1)) : x0, prediction, v);
        last = estimate;
        return estimate;
    }

    private Tensor Guided(Tensor with, Tensor without)
    {
        var guided = without.add(Number.Of(Guidance) * (with - without), Number.One);
        if (guidanceRescale == 0)
            return guided;
        var deviation = Deviation(guided);
        var ratio = where(deviation > Number.Of(SmallestDeviation), Deviation(with) / deviation, ones_like(deviation));
        return guided * (Number.Of(guidanceRescale) * ratio).add(Number.Of(1 - guidanceRescale), Number.One);

        static Tensor Deviation(Tensor images) => images.flatten(1).std([1L], unbiased: false).reshape(-1, 1, 1, 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isDisposed = true;
        Previous?.X0.Dispose();
        labels?.Dispose();
        condition?.Dispose();
        nullLabels?.Dispose();
        context?.Dispose();
        negativeContext?.Dispose();
        ownNoise?.Dispose();
    }

    /// <summary>
    /// Ends a step: its last estimate, kept beyond the step's dispose scope, is <see cref="Previous"/> in the next.
    /// <see cref="Sampler.Sample(NoisePredictor, SamplingOptions, Action{SamplingProgress}?, CancellationToken)"/> calls it after each
    /// step.
    /// </summary>
    public void EndStep()
    {
        if (last is not { } estimate)
            return;
        Previous?.X0.Dispose();
        Previous = new(estimate.Time, estimate.X0.DetachFromDisposeScope(), Prediction: null, V: null);
        last = null;
    }
}
