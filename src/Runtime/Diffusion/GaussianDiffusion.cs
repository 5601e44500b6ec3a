using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// The forward process q, its posterior, and the ways between what a network predicts and the clean image: functions of tensors.
/// Images are [batch, channels, height, width]; t is [batch], int64, from 0 to <see cref="NoiseSchedule.Timesteps"/> - 1.
/// Every result is a new tensor of the caller's dispose scope.
/// </summary>
public sealed class GaussianDiffusion : IDisposable
{
    private readonly Tensor sqrtAlphasCumprod;
    private readonly Tensor sqrtOneMinusAlphasCumprod;
    private readonly Tensor sqrtReciprocalAlphasCumprod;
    private readonly Tensor sqrtReciprocalMinusOneAlphasCumprod;
    private readonly Tensor posteriorMeanCoefficientX0;
    private readonly Tensor posteriorMeanCoefficientXt;
    private readonly Tensor lossWeights;

    /// <summary>Puts a schedule's numbers, as float32, on a device.</summary>
    /// <param name="options">The diffusion, a network's <see cref="NoisePredictor.Diffusion"/>.</param>
    /// <param name="device">Where images and timesteps lie; null is the CPU.</param>
    /// <exception cref="ArgumentException">The options give no valid schedule.</exception>
    public GaussianDiffusion(DiffusionOptions options, Device? device = null)
    {
        Options = options;
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
    }

    /// <summary>The diffusion's options.</summary>
    public DiffusionOptions Options { get; }

    /// <summary>The numbers per timestep.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>Noises images: x_t = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) noise (Ho et al. 2020, eq. 4).</summary>
    public Tensor QSample(Tensor x0, Tensor t, Tensor noise) =>
        Combine(sqrtAlphasCumprod, x0, sqrtOneMinusAlphasCumprod, noise, t);

    /// <summary>What a perfect network would predict for x_t made of this image and this noise.</summary>
    public Tensor Target(Tensor x0, Tensor t, Tensor noise) => Options.Objective switch
    {
        Objective.Noise => noise.clone(),
        Objective.X0 => x0.clone(),
        Objective.V => V(x0, t, noise),
        _ => throw UnknownObjective(),
    };

    /// <summary>The clean image that a network's prediction at x_t implies, not clipped.</summary>
    public Tensor PredictX0(Tensor xt, Tensor t, Tensor prediction) => Options.Objective switch
    {
        Objective.Noise => Combine(sqrtReciprocalAlphasCumprod, xt, sqrtReciprocalMinusOneAlphasCumprod, prediction, t, -1),
        Objective.X0 => prediction.clone(),
        Objective.V => Combine(sqrtAlphasCumprod, xt, sqrtOneMinusAlphasCumprod, prediction, t, -1),
        _ => throw UnknownObjective(),
    };

    /// <summary>The noise in x_t, if this is its clean image; the inverse of <see cref="QSample"/>.</summary>
    public Tensor PredictNoise(Tensor xt, Tensor t, Tensor x0)
    {
        using var scope = NewDisposeScope();
        var scaled = At(sqrtReciprocalAlphasCumprod, t, xt) * xt - x0;
        return (scaled / At(sqrtReciprocalMinusOneAlphasCumprod, t, xt)).MoveToOuterDisposeScope();
    }

    /// <summary>v = sqrt(alpha-bar) noise - sqrt(1 - alpha-bar) x_0 (Salimans and Ho 2022).</summary>
    public Tensor V(Tensor x0, Tensor t, Tensor noise) =>
        Combine(sqrtAlphasCumprod, noise, sqrtOneMinusAlphasCumprod, x0, t, -1);

    /// <summary>The mean of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, eq. 7).</summary>
    public Tensor PosteriorMean(Tensor x0, Tensor xt, Tensor t) =>
        Combine(posteriorMeanCoefficientX0, x0, posteriorMeanCoefficientXt, xt, t);

    /// <summary>The training loss: squared error, its mean over each image, weighted by the image's timestep, its mean over the batch.</summary>
    /// <param name="prediction">What the network said.</param>
    /// <param name="target">What <see cref="Target"/> says.</param>
    /// <param name="t">The timesteps, [batch].</param>
    /// <returns>A scalar.</returns>
    public Tensor Loss(Tensor prediction, Tensor target, Tensor t)
    {
        using var scope = NewDisposeScope();
        var perImage = nn.functional.mse_loss(prediction, target, nn.Reduction.None).flatten(1).mean([1]);
        return (perImage * lossWeights.index_select(0, t)).mean().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sqrtAlphasCumprod.Dispose();
        sqrtOneMinusAlphasCumprod.Dispose();
        sqrtReciprocalAlphasCumprod.Dispose();
        sqrtReciprocalMinusOneAlphasCumprod.Dispose();
        posteriorMeanCoefficientX0.Dispose();
        posteriorMeanCoefficientXt.Dispose();
        lossWeights.Dispose();
    }

    /// <summary>first[t] a + sign second[t] b.</summary>
    private static Tensor Combine(Tensor first, Tensor a, Tensor second, Tensor b, Tensor t, int sign = 1)
    {
        using var scope = NewDisposeScope();
        var x = At(first, t, a) * a;
        var y = At(second, t, b) * b;
        return (sign > 0 ? x + y : x - y).MoveToOuterDisposeScope();
    }

    /// <summary>values[t] as [batch, 1, 1, 1], to be multiplied with images.</summary>
    private static Tensor At(Tensor values, Tensor t, Tensor images)
    {
        using var picked = values.index_select(0, t);
        var shape = new long[images.dim()];
        Array.Fill(shape, 1);
        shape[0] = t.shape[0];
        return picked.reshape(shape);
    }

    private InvalidOperationException UnknownObjective() => new($"There is no objective {Options.Objective}.");
}
