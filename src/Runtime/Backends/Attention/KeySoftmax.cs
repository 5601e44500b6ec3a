using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Attention;

/// <summary>
/// The softmax of keys over the pixels of an image, some pixels at a time: the greatest key so far and what was summed with it are kept,
/// and scaled down where a greater one comes (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax").
/// </summary>
internal static unsafe class KeySoftmax<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Each key becomes exp(key - greatest), and what was summed before is scaled to the new greatest.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Exponentials(float* keys, int rows, int features, float* greatest, float* total, float* sums, int dim)
    {
        var shrinks = stackalloc float[V.Lanes];
        for (var feature = 0; feature < features; feature += V.Lanes)
        {
            var before = V.Load(greatest + feature);
            var most = before;
            for (var row = 0; row < rows; row++)
                most = V.Max(most, V.Load(keys + row * features + feature));
            if (V.AnyGreater(most, before))
            {
                var shrink = Elementary.Exp(before - most);
                shrink.Store(shrinks);
                most.Store(greatest + feature);
                (V.Load(total + feature) * shrink).Store(total + feature);
                for (var lane = 0; lane < V.Lanes; lane++)
                {
                    var sum = sums + (feature + lane) * dim;
                    for (var channel = 0; channel < dim; channel += V.Lanes)
                        (shrinks[lane] * V.Load(sum + channel)).Store(sum + channel);
                }
            }

            var added = V.Load(total + feature);
            for (var row = 0; row < rows; row++)
            {
                var key = keys + row * features + feature;
                var exponential = Elementary.Exp(V.Load(key) - most);
                exponential.Store(key);
                added += exponential;
            }
            added.Store(total + feature);
        }
    }

    /// <summary>After the last pixels: the sums become means, the greatest keys the logarithms of the sums of all exponentials.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Finish(float* greatest, float* total, float* sums, int features, int dim)
    {
        for (var feature = 0; feature < features; feature++, sums += dim)
        {
            var share = V.Create(1 / total[feature]);
            for (var channel = 0; channel < dim; channel += V.Lanes)
                (V.Load(sums + channel) * share).Store(sums + channel);
            greatest[feature] += MathF.Log(total[feature]);
        }
    }

    /// <summary>
    /// Keys become their shares p = exp(key - log of the sum), products with the means' gradients become the keys' gradients p (product +
    /// offset).
    /// </summary>
    [MethodImpl(Compiled.Loop)]
    public static void Gradients(float* keys, float* products, float* logSums, float* offsets, int rows, int features)
    {
        for (var feature = 0; feature < features; feature += V.Lanes)
        {
            var (logSum, offset) = (V.Load(logSums + feature), V.Load(offsets + feature));
            for (var row = 0; row < rows; row++)
            {
                float* key = keys + row * features + feature, product = products + row * features + feature;
                var share = Elementary.Exp(V.Load(key) - logSum);
                share.Store(key);
                (share * (V.Load(product) + offset)).Store(product);
            }
        }
    }
}
