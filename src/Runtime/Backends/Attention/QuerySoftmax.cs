using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Attention;

/// <summary>The softmax of a pixel's queries over the features of a head: of each so many numbers that lie together.</summary>
internal static unsafe class QuerySoftmax<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>In place.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Forward(float* numbers, int count, int headDim)
    {
        for (var head = numbers; head < numbers + count; head += headDim)
        {
            var most = V.Load(head);
            for (var at = V.Lanes; at < headDim; at += V.Lanes)
                most = V.Max(most, V.Load(head + at));
            var greatest = V.Create(V.Greatest(most));
            var total = V.Zero;
            for (var at = 0; at < headDim; at += V.Lanes)
            {
                var exponential = Elementary.Exp(V.Load(head + at) - greatest);
                exponential.Store(head + at);
                total += exponential;
            }
            var share = V.Create(1 / V.Sum(total));
            for (var at = 0; at < headDim; at += V.Lanes)
                (V.Load(head + at) * share).Store(head + at);
        }
    }

    /// <summary>Gradients g by the softmax s become those by its input, s (g - sum of s g), in place.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Gradients(float* shares, float* gradients, int count, int headDim)
    {
        for (var head = 0; head < count; head += headDim)
        {
            var total = V.Zero;
            for (var at = head; at < head + headDim; at += V.Lanes)
                total = V.MultiplyAdd(V.Load(shares + at), V.Load(gradients + at), total);
            var mean = V.Create(V.Sum(total));
            for (var at = head; at < head + headDim; at += V.Lanes)
                (V.Load(shares + at) * (V.Load(gradients + at) - mean)).Store(gradients + at);
        }
    }
}
