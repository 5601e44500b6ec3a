using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>What a network sees in noised images.</summary>
/// <param name="Time">Their timestep.</param>
/// <param name="X0">The clean images that it estimates, [batch, channels, height, width].</param>
/// <param name="Prediction">
/// What it has said to that, guided and not clipped, as the diffusion's <see cref="DiffusionOptions.Objective"/> has it, of the same shape.
/// </param>
/// <param name="V">Where the variance is learned, what <see cref="GaussianDiffusion.LearnedLogVariance"/> takes, of the same shape; else null.</param>
public readonly record struct Estimate(int Time, Tensor X0, Tensor? Prediction, Tensor? V);

/// <summary>
/// A network on the way of one batch from noise to pictures: with the batch's labels, guidance, self-conditioning and clipping, so that samplers
/// need to know none of these. They ask it as often as they like in a step.
/// </summary>
public sealed class Denoiser : IDisposable
{
    private readonly NoisePredictor network;
    private readonly bool clip;
    private readonly double guidance;
    private readonly Tensor? labels;
    private readonly Tensor? nullLabels;
    private readonly Func<Tensor> noise;
    private Estimate? last;

    /// <summary>For images <paramref name="firstImage"/> to <paramref name="firstImage"/> + <paramref name="count"/> - 1.</summary>
    internal Denoiser(NoisePredictor network, GaussianDiffusion diffusion, SamplingOptions options, int firstImage, int count, Func<Tensor> noise)
    {
        this.network = network;
        this.noise = noise;
        Diffusion = diffusion;
        clip = options.Clip;
        guidance = options.Guidance;
        labels = options.LabelsOf(firstImage, count, network.Device)?.DetachFromDisposeScope();
        if (guidance != 1)
            nullLabels = full_like(labels!, network.Info.NumClasses!.Value - 1).DetachFromDisposeScope();
    }

    /// <summary>The network's diffusion.</summary>
    public GaussianDiffusion Diffusion { get; }

    /// <summary>
    /// The last estimate of the step before, for samplers of several steps; null in the first step. It has neither
    /// <see cref="Estimate.Prediction"/> nor <see cref="Estimate.V"/>.
    /// </summary>
    public Estimate? Previous { get; private set; }

    /// <summary>Fresh standard normal noise, [batch, channels, height, width].</summary>
    public Tensor Noise() => noise();

    /// <summary>Asks the network, once or, where it is guided, twice.</summary>
    /// <param name="x">Images at <paramref name="time"/>, [batch, channels, height, width].</param>
    /// <param name="time">The timestep, from 0.</param>
    /// <returns>New tensors, which live as long as the step.</returns>
    public Estimate Denoise(Tensor x, int time)
    {
        var t = GaussianDiffusion.Timesteps(x, time);
        var condition = network.Info.SelfCondition ? (last ?? Previous)?.X0 : null;
        var (prediction, v) = Diffusion.Split(network.forward(x, t, labels, condition), x.shape);
        if (nullLabels is not null)
        {
            var (without, _) = Diffusion.Split(network.forward(x, t, nullLabels, condition), x.shape);
            prediction = without + guidance * (prediction - without);
        }
        var x0 = Diffusion.PredictX0(x, t, prediction);
        var estimate = new Estimate(time, clip ? x0.clamp_(-1, 1) : x0, prediction, v);
        last = estimate;
        return estimate;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Previous?.X0.Dispose();
        labels?.Dispose();
        nullLabels?.Dispose();
    }

    /// <summary>Keeps the step's last estimate beyond the step's dispose scope.</summary>
    internal void EndStep()
    {
        if (last is not { } estimate)
            return;
        Previous?.X0.Dispose();
        Previous = new(estimate.Time, estimate.X0.DetachFromDisposeScope(), Prediction: null, V: null);
        last = null;
    }
}
