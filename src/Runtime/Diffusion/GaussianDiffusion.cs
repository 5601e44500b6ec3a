using System.Diagnostics;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// The forward process q, its posterior, and the ways between what a network predicts and the clean image: functions of tensors.
/// Images are [batch, channels, height, width]; t is [batch], int64, from 0 to <see cref="NoiseSchedule.Timesteps"/> - 1. What
/// <see cref="PredictX0"/> is given may lie between timesteps, as float64, of which <see cref="NoiseSchedule.Sigma(double)"/> speaks.
/// Every result is a new tensor of the caller's dispose scope.
/// </summary>
public sealed class GaussianDiffusion : DiffusionProcess
{
    private readonly Tensor sqrtAlphasCumprod;
    private readonly Tensor sqrtOneMinusAlphasCumprod;
    private readonly Tensor sqrtReciprocalAlphasCumprod;
    private readonly Tensor sqrtReciprocalMinusOneAlphasCumprod;
    private readonly Tensor posteriorMeanCoefficientX0;
    private readonly Tensor posteriorMeanCoefficientXt;
    private readonly Tensor lossWeights;
    private readonly Tensor smallestLogVariance;
    private readonly Tensor largestLogVariance;
    private readonly Tensor logSigmas;

    /// <summary>Puts a schedule's numbers, as float32, on a device.</summary>
    /// <param name="options">The diffusion, a network's <c>NoisePredictor.Diffusion</c>.</param>
    /// <param name="device">Where images and timesteps lie; null is the CPU.</param>
    /// <exception cref="UNetGenException">The options give no valid schedule.</exception>
    public GaussianDiffusion(DiffusionOptions options, Device? device = null) : base(options)
    {
        Schedule = new NoiseSchedule(options);

        Tensor Float32(IEnumerable<double> values) =>
            tensor(values.Select(value => (float)value).ToArray(), device: device ?? CPU).DetachFromDisposeScope();

        var alphaBar = Schedule.AlphasCumprod;
        sqrtAlphasCumprod = Float32(alphaBar.Select(Math.Sqrt));
        sqrtOneMinusAlphasCumprod = Float32(alphaBar.Select(a => Math.Sqrt(1 - a)));
        sqrtReciprocalAlphasCumprod = Float32(alphaBar.Select(a => Math.Sqrt(1 / a)));
        sqrtReciprocalMinusOneAlphasCumprod = Float32(alphaBar.Select(a => Math.Sqrt(1 / a - 1)));
        posteriorMeanCoefficientX0 = Float32(Schedule.PosteriorMeanCoefficientX0);
        posteriorMeanCoefficientXt = Float32(Schedule.PosteriorMeanCoefficientXt);
        lossWeights = Float32(Schedule.LossWeights);
        // The posterior's variance at t = 0 is 0; with a single timestep there is none other.
        smallestLogVariance = Float32(Schedule.PosteriorVariance.Select((_, t) => Math.Log(
            Schedule.Timesteps == 1 ? Schedule.Betas[0] : Schedule.PosteriorVariance[Math.Max(t, 1)])));
        largestLogVariance = Float32(Schedule.Betas.Select(Math.Log));
        double[] logs = [.. Enumerable.Range(0, Schedule.Timesteps).Select(t => Math.Log(Schedule.Sigma(t)))];
        logSigmas = tensor(logs, device: device ?? CPU).DetachFromDisposeScope();
    }

    /// <summary>The numbers per timestep.</summary>
    public NoiseSchedule Schedule { get; }

    /// <inheritdoc/>
    public override NoiseLevels Levels => Schedule;

    /// <summary>Noises images: x_t = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) noise (Ho et al. 2020, eq. 4).</summary>
    public override Tensor QSample(Tensor x0, Tensor t, Tensor noise)
    {
        CheckShapes(x0, noise);
        return Combine(sqrtAlphasCumprod, x0, sqrtOneMinusAlphasCumprod, noise, t);
    }

    /// <summary>What a perfect network would predict for x_t made of this image and this noise.</summary>
    public override Tensor Target(Tensor x0, Tensor t, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(t);
        CheckShapes(x0, noise);
        return Options.Objective switch
        {
            Objective.Noise => noise.clone(),
            Objective.X0 => x0.clone(),
            Objective.V => V(x0, t, noise),
            _ => throw UnknownObjective(),
        };
    }

    /// <summary>The clean image that a network's prediction at x_t implies, not clipped.</summary>
    public override Tensor PredictX0(Tensor xt, Tensor t, Tensor prediction)
    {
        ArgumentNullException.ThrowIfNull(t);
        CheckShapes(xt, prediction);
        return Options.Objective switch
        {
            Objective.Noise or Objective.V when t.is_floating_point() => PredictX0Between(xt, t, prediction),
            Objective.Noise => Combine(sqrtReciprocalAlphasCumprod, xt, sqrtReciprocalMinusOneAlphasCumprod, prediction, t, -1),
            Objective.X0 => prediction.clone(),
            Objective.V => Combine(sqrtAlphasCumprod, xt, sqrtOneMinusAlphasCumprod, prediction, t, -1),
            _ => throw UnknownObjective(),
        };
    }

    /// <inheritdoc/>
    public override (Tensor Images, Tensor Timesteps) Asked(Tensor xt, Tensor t)
    {
        var (images, times) = base.Asked(xt, t);
        return (images, times.is_floating_point() ? AsTimesteps(times, images) : times);
    }

    /// <summary>The noise in x_t, if this is its clean image; the inverse of <see cref="QSample"/>.</summary>
    /// <exception cref="ArgumentException">Images or times aren't as <see cref="QSample"/> takes them.</exception>
    public Tensor PredictNoise(Tensor xt, Tensor t, Tensor x0)
    {
        CheckShapes(xt, x0);
        CheckTimes(t, xt, areWhole: true);
        using var scope = NewDisposeScope();
        var noise = xt - At(sqrtAlphasCumprod, t, xt) * x0;
        return (noise / At(sqrtOneMinusAlphasCumprod, t, xt)).MoveToOuterDisposeScope();
    }

    /// <summary>v = sqrt(alpha-bar) noise - sqrt(1 - alpha-bar) x_0 (Salimans and Ho 2022).</summary>
    /// <exception cref="ArgumentException">Images or times aren't as <see cref="QSample"/> takes them.</exception>
    public Tensor V(Tensor x0, Tensor t, Tensor noise)
    {
        CheckShapes(x0, noise);
        return Combine(sqrtAlphasCumprod, noise, sqrtOneMinusAlphasCumprod, x0, t, -1);
    }

    /// <summary>
    /// The logarithm of the variance of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, eq. 7), [batch, 1, 1, 1]; at t = 0, where it is 0, that of t
    /// = 1.
    /// </summary>
    internal Tensor PosteriorLogVariance(Tensor t, Tensor images) => At(smallestLogVariance, t, images);

    /// <summary>The mean of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, eq. 7).</summary>
    /// <exception cref="ArgumentException">Images or times aren't as <see cref="QSample"/> takes them.</exception>
    public Tensor PosteriorMean(Tensor x0, Tensor xt, Tensor t)
    {
        CheckShapes(x0, xt);
        return Combine(posteriorMeanCoefficientX0, x0, posteriorMeanCoefficientXt, xt, t);
    }

    /// <summary>
    /// The logarithm of an ancestral step's variance that a network predicts: at v = -1 the posterior's, at v = 1 beta's, and evenly
    /// between their logarithms (Nichol and Dhariwal 2021, eq. 15). Where the posterior's variance is 0, at t = 0, that of t = 1 stands in,
    /// as in guided-diffusion.
    /// </summary>
    /// <param name="v">The last half of the network's channels, [batch, channels, height, width]; not bounded.</param>
    /// <param name="t">The timesteps, [batch].</param>
    /// <returns>Shaped like <paramref name="v"/>.</returns>
    public Tensor LearnedLogVariance(Tensor v, Tensor t)
    {
        CheckTimes(t, v, areWhole: true);
        using var scope = NewDisposeScope();
        var share = v.add(Number.Of(1), Number.One) / Number.Of(2);
        var rest = (-share).add(Number.Of(1), Number.One);
        return (share * At(largestLogVariance, t, v)).add(rest * At(smallestLogVariance, t, v), Number.One).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The training loss: squared error, its mean over each image, weighted by the image's timestep, its mean over the batch. Where the
    /// variance is learned (<see cref="Variance.LearnedRange"/>) it is L_hybrid (Nichol and Dhariwal 2021, eq. 16): the variational bound's
    /// term at t is added, in bits per value and times <see cref="NoiseSchedule.Timesteps"/> / 1000, as guided-diffusion's rescaled loss
    /// has it. That term teaches the variance alone: no gradient goes from it to the mean.
    /// </summary>
    /// <param name="prediction">
    /// What the network said of <paramref name="xt"/>, [batch, channels, height, width]; twice the channels where the variance is learned.
    /// </param>
    /// <param name="x0">The clean images, in [-1, 1].</param>
    /// <param name="xt">The noised images, of <see cref="QSample"/>.</param>
    /// <param name="t">The timesteps, [batch].</param>
    /// <param name="noise">The noise in <paramref name="xt"/>.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">
    /// The prediction has other channels than that, or the images, the noise or the times aren't as <see cref="QSample"/> takes them.
    /// </exception>
    public override Tensor Loss(Tensor prediction, Tensor x0, Tensor xt, Tensor t, Tensor noise)
    {
        CheckTimes(t, x0, areWhole: true);
        using var scope = NewDisposeScope();
        CheckShapes(x0, xt);
        var (mean, v) = Split(prediction, x0.shape);
        var loss = (SquaredErrors(mean, Target(x0, t, noise)) * lossWeights.index_select(0, t)).mean();
        if (v is not null)
        {
            var bits = VariationalBound.Bits(this, mean.detach(), v, x0, xt, t).mean();
            loss = loss.add(Number.Of(Schedule.Timesteps / 1000.0) * bits, Number.One);
        }
        return loss.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        sqrtAlphasCumprod.Dispose();
        sqrtOneMinusAlphasCumprod.Dispose();
        sqrtReciprocalAlphasCumprod.Dispose();
        sqrtReciprocalMinusOneAlphasCumprod.Dispose();
        posteriorMeanCoefficientX0.Dispose();
        posteriorMeanCoefficientXt.Dispose();
        lossWeights.Dispose();
        smallestLogVariance.Dispose();
        largestLogVariance.Dispose();
        logSigmas.Dispose();
    }

    internal override Tensor Times(double[] times) => tensor(Array.ConvertAll(times, time => (long)time), device: CPU);

    internal override Tensor Times(Tensor images, double time) => time == (long)time
        ? full([images.shape[0]], Number.Of((long)time), dtype: ScalarType.Int64, device: images.device)
        : base.Times(images, time);

    private Tensor PredictX0Between(Tensor xt, Tensor t, Tensor prediction)
    {
        CheckTimes(t, xt);
        using var scope = NewDisposeScope();
        var lower = t.floor();
        var (low, share) = (lower.to(ScalarType.Int64), t - lower);
        // The last timestep has none above it, and no share of one.
        var high = low.add(Number.One, Number.One).clamp_max(Number.Of(Schedule.Timesteps - 1));
        var (logLow, logHigh) = (logSigmas.index_select(0, low), logSigmas.index_select(0, high));
        var sigma = logLow.add(share * (logHigh - logLow), Number.One).exp();
        // 1 / sqrt(alpha-bar), of alpha-bar = 1 / (1 + sigma^2).
        var scale = (sigma * sigma).add(Number.One, Number.One).sqrt();
        var x0 = Options.Objective == Objective.Noise
            ? Weighted(Of(xt, scale), xt, Of(xt, sigma), prediction, -1)
            : Weighted(Of(xt, scale.reciprocal()), xt, Of(xt, sigma / scale), prediction, -1);
        return x0.MoveToOuterDisposeScope();
    }

    /// <summary>first[t] a + sign second[t] b.</summary>
    private Tensor Combine(Tensor first, Tensor a, Tensor second, Tensor b, Tensor t, int sign = 1)
    {
        CheckTimes(t, a, areWhole: true);
        using var scope = NewDisposeScope();
        return Weighted(At(first, t, a), a, At(second, t, b), b, sign).MoveToOuterDisposeScope();
    }

    /// <summary>values[t] as [batch, 1, 1, 1], to be multiplied with images, of times that were checked.</summary>
    private Tensor At(Tensor values, Tensor t, Tensor images)
    {
        ObjectDisposedException.ThrowIf(values.IsInvalid, this);
        using var picked = values.index_select(0, t);
        return OfImages(picked, images);
    }

    private UnreachableException UnknownObjective() => new($"There is no objective {Options.Objective}.");
}
