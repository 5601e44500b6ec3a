using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Norms;

/// <summary>
/// GroupNorm, scale and shift, and SiLU of one image: its pixels lie <c>stride</c> floats apart, their channels together.
/// </summary>
internal static unsafe class GroupNormArithmetic<V>
    where V : unmanaged, IFloats<V>
{
    [MethodImpl(Compiled.Loop)]
    public static void Moments(float* x, int pixels, int stride, int slice, int inAGroup, float eps, float* mean, float* inverse)
    {
        for (var channel = 0; channel < slice; channel += V.Lanes)
            SumOverPixels(x + channel, pixels, stride, V.Zero, squares: false).Store(mean + channel);
        GroupMeans(mean, slice, inAGroup, pixels);
        // The variance by the differences from the mean: that of the squares would lose its digits where the mean is large.
        for (var channel = 0; channel < slice; channel += V.Lanes)
            SumOverPixels(x + channel, pixels, stride, V.Load(mean + channel), squares: true).Store(inverse + channel);
        GroupMeans(inverse, slice, inAGroup, pixels);
        for (var channel = 0; channel < slice; channel += V.Lanes)
            (V.One / V.Sqrt(V.Load(inverse + channel) + V.Create(eps))).Store(inverse + channel);
    }

    /// <summary>Each channel's sum over the pixels to the mean over its group's channels and pixels.</summary>
    public static void GroupMeans(float* sums, int channels, int inAGroup, int pixels)
    {
        for (var first = 0; first < channels; first += inAGroup)
        {
            var sum = 0d;
            for (var channel = first; channel < first + inAGroup; channel++)
                sum += sums[channel];
            new Span<float>(sums + first, inAGroup).Fill((float)(sum / ((double)inAGroup * pixels)));
        }
    }

    [MethodImpl(Compiled.Loop)]
    private static V SumOverPixels(float* x, int pixels, int stride, V center, bool squares)
    {
        var (even, odd) = (V.Zero, V.Zero);
        for (var pixel = 0; pixel < pixels; pixel += 2, x += 2 * stride)
        {
            var first = V.Load(x) - center;
            var second = pixel + 1 < pixels ? V.Load(x + stride) - center : V.Zero;
            even = squares ? V.MultiplyAdd(first, first, even) : even + first;
            odd = squares ? V.MultiplyAdd(second, second, odd) : odd + second;
        }
        return even + odd;
    }

    [MethodImpl(Compiled.Loop)]
    public static void Apply(float* x, float* y, float* residual, int pixels, int stride, V a, V b, bool silu)
    {
        for (var pixel = 0; pixel < pixels; pixel++, x += stride, y += stride)
        {
            var z = V.MultiplyAdd(V.Load(x), a, b);
            if (silu)
                z *= Elementary.Sigmoid(z);
            if (residual is not null)
            {
                z += V.Load(residual);
                residual += stride;
            }
            z.Store(y);
        }
    }

    /// <summary>dz to <paramref name="dz"/>, the forward pass's result to <paramref name="y"/> unless it is null, and dz's sums.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Activation(
        float* gradient, float* x, float* dz, float* y, int pixels, int stride, V a, V b, V r, V negativeMean, bool silu,
        out V normal, out V offset)
    {
        normal = offset = V.Zero;
        for (var pixel = 0; pixel < pixels; pixel++, gradient += stride, x += stride, dz += stride)
        {
            var value = V.Load(x);
            var d = V.Load(gradient);
            var z = V.MultiplyAdd(value, a, b);
            if (silu)
            {
                var sigmoid = Elementary.Sigmoid(z);
                z *= sigmoid;
                d *= V.MultiplyAdd(z, V.One - sigmoid, sigmoid);
            }
            if (y is not null)
            {
                z.Store(y);
                y += stride;
            }
            d.Store(dz);
            offset += d;
            normal = V.MultiplyAdd(d, (value + negativeMean) * r, normal);
        }
    }

    [MethodImpl(Compiled.Loop)]
    public static void Combine(float* dz, float* x, int pixels, int stride, V p, V q, V s)
    {
        for (var pixel = 0; pixel < pixels; pixel++, dz += stride, x += stride)
            V.MultiplyAdd(V.Load(dz), p, V.MultiplyAdd(V.Load(x), q, s)).Store(dz);
    }
}
