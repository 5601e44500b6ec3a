using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// The terms of the variational bound of the negative log-likelihood (Ho et al. 2020, eq. 5), of which a learned variance learns.
/// </summary>
internal static class VariationalBound
{
    // Bytes from 0 to 255 lie 2 / 255 apart in [-1, 1].
    private const double HalfByte = 1.0 / 255;

    // Nothing rarer is told apart: its logarithm would be -inf in float32.
    private const double SmallestProbability = 1e-12;

    /// <summary>
    /// The term at t: the divergence KL(q(x_(t-1) | x_t, x_0) | p(x_(t-1) | x_t)), or at t = 0 the negative log-likelihood of the image's
    /// bytes. x_0 as predicted is not clipped.
    /// </summary>
    /// <param name="diffusion">The diffusion.</param>
    /// <param name="prediction">What the network predicts for the mean, [batch, channels, height, width].</param>
    /// <param name="v">What it predicts for the variance, of the same shape.</param>
    /// <param name="x0">The clean images.</param>
    /// <param name="xt">The noised ones.</param>
    /// <param name="t">The timesteps, [batch].</param>
    /// <returns>[batch]: bits per value of an image.</returns>
    public static Tensor Bits(GaussianDiffusion diffusion, Tensor prediction, Tensor v, Tensor x0, Tensor xt, Tensor t)
    {
        ArgumentNullException.ThrowIfNull(diffusion);
        var mean = diffusion.PosteriorMean(diffusion.PredictX0(xt, t, prediction), xt, t);
        var logVariance = diffusion.LearnedLogVariance(v, t);

        var divergence = Divergence(diffusion.PosteriorMean(x0, xt, t), diffusion.PosteriorLogVariance(t, x0), mean, logVariance);
        var surprise = -LogLikelihood(x0, mean, logVariance / Number.Of(2));
        var nats = where((t == Number.Of(0)).reshape(-1, 1, 1, 1), surprise, divergence);
        return nats.flatten(1).mean([1]) / Number.Of(Math.Log(2));
    }

    /// <summary>KL(N(mean, variance) | N(otherMean, otherVariance)) of each value, in nats.</summary>
    private static Tensor Divergence(Tensor mean, Tensor logVariance, Tensor otherMean, Tensor otherLogVariance) =>
        (otherLogVariance - logVariance - Number.Of(1))
        .add(exp(logVariance - otherLogVariance), Number.One)
        .add((mean - otherMean).pow(Number.Of(2)) * exp(-otherLogVariance), Number.One)
        * Number.Of(0.5);

    /// <summary>
    /// The log-likelihood of images that were bytes, each value's Gaussian integrated over its byte and the outermost bytes' to infinity
    /// (Ho et al. 2020, eq. 13), in nats.
    /// </summary>
    private static Tensor LogLikelihood(Tensor x0, Tensor mean, Tensor logDeviation)
    {
        var distance = x0 - mean;
        var inverse = exp(-logDeviation);
        var below = NormalCdf(inverse * distance.add(Number.Of(HalfByte), Number.One));
        var belowByte = NormalCdf(inverse * (distance - Number.Of(HalfByte)));
        var aboveByte = (-belowByte).add(Number.Of(1), Number.One);
        return where(x0 < Number.Of(-0.999), Log(below), where(x0 > Number.Of(0.999), Log(aboveByte), Log(below - belowByte)));
    }

    private static Tensor Log(Tensor probability) => probability.clamp_min(Number.Of(SmallestProbability)).log();

    /// <summary>
    /// The normal distribution's function as Ho et al. and guided-diffusion approximate it (Page 1977): with theirs, numbers can be
    /// compared.
    /// </summary>
    private static Tensor NormalCdf(Tensor x)
    {
        var bent = x.add(Number.Of(0.044715) * x.pow(Number.Of(3)), Number.One);
        return Number.Of(0.5) * tanh(Number.Of(Math.Sqrt(2 / Math.PI)) * bent).add(Number.Of(1), Number.One);
    }
}
