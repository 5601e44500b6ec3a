using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Norms;

/// <summary>
/// Standardising a filter, in one go while it is in the nearest cache: v = (w - m) r with its mean m and r = 1 / sqrt(variance + eps).
/// </summary>
internal static unsafe class FilterArithmetic<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>v = (w - m) r.</summary>
    /// <param name="w">A filter.</param>
    /// <param name="v">The same, standardised, to be written.</param>
    /// <param name="count">Numbers of the filter.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>r.</returns>
    [MethodImpl(Compiled.Loop)]
    public static float Standardize(float* w, float* v, int count, double eps)
    {
        var sums = V.Zero;
        var at = 0;
        for (; at + V.Lanes <= count; at += V.Lanes)
            sums += V.Load(w + at);
        var sum = (double)V.Sum(sums);
        for (; at < count; at++)
            sum += w[at];
        var mean = (float)(sum / count);

        // The variance by the differences from the mean: that of the squares would lose its digits where the mean is large.
        var squares = V.Zero;
        for (at = 0; at + V.Lanes <= count; at += V.Lanes)
        {
            var difference = V.Load(w + at) - V.Create(mean);
            squares = V.MultiplyAdd(difference, difference, squares);
        }
        sum = V.Sum(squares);
        for (; at < count; at++)
            sum += (w[at] - mean) * (w[at] - mean);
        var inverse = (float)(1 / Math.Sqrt(sum / count + eps));

        for (at = 0; at + V.Lanes <= count; at += V.Lanes)
            ((V.Load(w + at) - V.Create(mean)) * V.Create(inverse)).Store(v + at);
        for (; at < count; at++)
            v[at] = (w[at] - mean) * inverse;
        return inverse;
    }

    /// <summary>The gradient by w from that by v, in place.</summary>
    /// <param name="g">By the standardised filter, then by the filter.</param>
    /// <param name="v">The standardised filter.</param>
    /// <param name="count">Numbers of the filter.</param>
    /// <param name="inverse">r.</param>
    [MethodImpl(Compiled.Loop)]
    public static void Gradient(float* g, float* v, int count, float inverse)
    {
        var (sums, products) = (V.Zero, V.Zero);
        var at = 0;
        for (; at + V.Lanes <= count; at += V.Lanes)
        {
            sums += V.Load(g + at);
            products = V.MultiplyAdd(V.Load(g + at), V.Load(v + at), products);
        }
        var (sum, product) = ((double)V.Sum(sums), (double)V.Sum(products));
        for (; at < count; at++)
        {
            sum += g[at];
            product += g[at] * v[at];
        }

        var (mean, along) = ((float)(sum / count), (float)(product / count));
        for (at = 0; at + V.Lanes <= count; at += V.Lanes)
            ((V.Load(g + at) - V.Create(mean) - V.Load(v + at) * V.Create(along)) * V.Create(inverse)).Store(g + at);
        for (; at < count; at++)
            g[at] = (g[at] - mean - v[at] * along) * inverse;
    }
}
