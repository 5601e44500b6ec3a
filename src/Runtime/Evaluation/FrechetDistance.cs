using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>
/// The Frechet distance between two sets of images, seen as Gaussians of their features (Heusel et al. 2017, eq. 6):
/// |m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)). With the features of the usual Inception network it is the FID.
/// </summary>
public static class FrechetDistance
{
    // Of float64.
    private const double Precision = 2.220446049250313e-16;

    /// <summary>
    /// The distance, 0 or more, in squared units of the features. Smaller is better; it depends on the number of images, so compare at
    /// equal numbers.
    /// </summary>
    /// <param name="first">Of at least 2 images.</param>
    /// <param name="second">Of at least 2 images, by the same features.</param>
    /// <exception cref="EvaluationException">The features differ in number, or there are too few images.</exception>
    /// <exception cref="ObjectDisposedException">One of them is disposed.</exception>
    public static double Between(FeatureStatistics first, FeatureStatistics second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Features != second.Features)
            throw new EvaluationException(
                $"Statistics of {first.Features} and of {second.Features} features can't be compared: both must come from one feature "
                    + "network.");
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var (c1, c2) = (first.Covariance(), second.Covariance());
        var means = (first.Mean() - second.Mean()).pow(Number.Of(2)).sum();
        var distance = means.add(c1.trace(), Number.One).add(c2.trace(), Number.One) - Number.Of(2) * TraceOfRoot(c1, c2);
        // Of a set and itself rounding may leave a little less than nothing.
        return Math.Max(0, distance.item<double>());
    }

    /// <summary>
    /// Tr (C1 C2)^(1/2). C1 C2 is similar to R C2 R with R = C1^(1/2), which is symmetric: its eigenvalues are real and not negative, so
    /// neither the complex numbers nor the offsets on the diagonal are needed that the root of the plain product asks for.
    /// </summary>
    private static Tensor TraceOfRoot(Tensor c1, Tensor c2)
    {
        var (values, vectors) = linalg.eigh(c1);
        var root = (vectors * Roots(values)).matmul(vectors.t());
        var product = root.matmul(c2).matmul(root);
        return Roots(linalg.eigvalsh(product.add(product.t(), Number.One) / Number.Of(2))).sum();
    }

    /// <summary>
    /// Roots of a covariance's eigenvalues. Those that rounding has left of 0, below or above it, are 0: a root would make 1e-8 of 1e-16.
    /// </summary>
    private static Tensor Roots(Tensor eigenvalues)
    {
        var rounding = eigenvalues.abs().max() * Number.Of(eigenvalues.numel() * Precision);
        return eigenvalues.where(eigenvalues > rounding, zeros_like(eigenvalues)).sqrt();
    }
}
