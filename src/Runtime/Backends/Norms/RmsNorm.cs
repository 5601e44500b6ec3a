using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Norms;

/// <summary>
/// x / max(|x|, 1e-12) * gain over the channels of each pixel, in one pass. With u = gradient * gain and r = 1 / |x| the gradient by x is
/// r (u - x r^2 (u . x)), and that by the gain is the sum over the pixels of gradient * x * r.
/// </summary>
internal static unsafe class RmsNorm<V>
    where V : unmanaged, IFloats<V>
{
    private const float Least = 1e-12f;

    /// <summary>Normalises rows of channels.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Scale(float* x, float* gain, float* y, long pixels, int channels)
    {
        for (var end = x + pixels * channels; x < end; x += channels, y += channels)
        {
            var inverse = V.Create(1 / Norm(x, channels));
            for (var channel = 0; channel < channels; channel += V.Lanes)
                (V.Load(x + channel) * inverse * V.Load(gain + channel)).Store(y + channel);
        }
    }

    /// <summary>
    /// The gradient by rows of channels, which may be where these rows or their results' gradients are; that by the gain is added.
    /// </summary>
    [MethodImpl(Compiled.Loop)]
    public static void Gradients(float* x, float* gain, float* dY, float* dX, float* dGain, long pixels, int channels)
    {
        for (var end = x + pixels * channels; x < end; x += channels, dY += channels, dX += channels)
        {
            var norm = Norm(x, channels);
            var product = V.Zero;
            for (var channel = 0; channel < channels; channel += V.Lanes)
                product = V.MultiplyAdd(V.Load(dY + channel) * V.Load(gain + channel), V.Load(x + channel), product);
            // Under the least norm it is the constant that divides.
            var along = V.Create(norm > Least ? V.Sum(product) / norm / norm : 0);
            var inverse = V.Create(1 / norm);
            for (var channel = 0; channel < channels; channel += V.Lanes)
            {
                var (value, given) = (V.Load(x + channel), V.Load(dY + channel));
                ((given * V.Load(gain + channel) - value * along) * inverse).Store(dX + channel);
                V.MultiplyAdd(given * inverse, value, V.Load(dGain + channel)).Store(dGain + channel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Norm(float* x, int channels)
    {
        var squares = V.Zero;
        for (var channel = 0; channel < channels; channel += V.Lanes)
            squares = V.MultiplyAdd(V.Load(x + channel), V.Load(x + channel), squares);
        return MathF.Max(MathF.Sqrt(V.Sum(squares)), Least);
    }
}
