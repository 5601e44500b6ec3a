using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>
/// The softmax of keys over the pixels of an image, some pixels at a time: the greatest key so far and what was summed with it are kept, and scaled down
/// where a greater one comes (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax").
/// </summary>
internal static unsafe class KeySoftmax
{
    /// <summary>Each key becomes exp(key - greatest), and what was summed before is scaled to the new greatest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Exponentials(float* keys, int rows, int features, float* greatest, float* total, float* sums, int dim)
    {
        for (var feature = 0; feature < features; feature += Gemm.Lanes)
        {
            var before = Load(greatest + feature);
            var most = before;
            for (var row = 0; row < rows; row++)
                most = Max(most, Load(keys + row * features + feature));
            if (most != before)
            {
                var shrink = Elementary.Exp(before - most);
                most.Store(greatest + feature);
                (Load(total + feature) * shrink).Store(total + feature);
                for (var lane = 0; lane < Gemm.Lanes; lane++)
                {
                    var sum = sums + (feature + lane) * dim;
                    for (var channel = 0; channel < dim; channel += Gemm.Lanes)
                        (Load(sum + channel) * shrink[lane]).Store(sum + channel);
                }
            }

            var added = Load(total + feature);
            for (var row = 0; row < rows; row++)
            {
                var key = keys + row * features + feature;
                var exponential = Elementary.Exp(Load(key) - most);
                exponential.Store(key);
                added += exponential;
            }
            added.Store(total + feature);
        }
    }

    /// <summary>After the last pixels: the sums become means, the greatest keys the logarithms of the sums of all exponentials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Finish(float* greatest, float* total, float* sums, int features, int dim)
    {
        for (var feature = 0; feature < features; feature++, sums += dim)
        {
            var share = Create(1 / total[feature]);
            for (var channel = 0; channel < dim; channel += Gemm.Lanes)
                (Load(sums + channel) * share).Store(sums + channel);
            greatest[feature] += MathF.Log(total[feature]);
        }
    }

    /// <summary>Keys become their shares p = exp(key - log of the sum), products with the means' gradients become the keys' gradients p (product + offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients(float* keys, float* products, float* logSums, float* offsets, int rows, int features)
    {
        for (var feature = 0; feature < features; feature += Gemm.Lanes)
        {
            var (logSum, offset) = (Load(logSums + feature), Load(offsets + feature));
            for (var row = 0; row < rows; row++)
            {
                float* key = keys + row * features + feature, product = products + row * features + feature;
                var share = Elementary.Exp(Load(key) - logSum);
                share.Store(key);
                (share * (Load(product) + offset)).Store(product);
            }
        }
    }
}
