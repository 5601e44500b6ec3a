using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>The softmax of a pixel's queries over the features of a head: of each so many numbers that lie together.</summary>
internal static unsafe class QuerySoftmax
{
    /// <summary>In place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* numbers, int count, int headDim)
    {
        for (var head = numbers; head < numbers + count; head += headDim)
        {
            var most = Load(head);
            for (var at = Gemm.Lanes; at < headDim; at += Gemm.Lanes)
                most = Max(most, Load(head + at));
            var greatest = Create(Elementary.Greatest(most));
            var total = Vector512<float>.Zero;
            for (var at = 0; at < headDim; at += Gemm.Lanes)
            {
                var exponential = Elementary.Exp(Load(head + at) - greatest);
                exponential.Store(head + at);
                total += exponential;
            }
            var share = Create(1 / Sum(total));
            for (var at = 0; at < headDim; at += Gemm.Lanes)
                (Load(head + at) * share).Store(head + at);
        }
    }

    /// <summary>Gradients g by the softmax s become those by its input, s (g - sum of s g), in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients(float* shares, float* gradients, int count, int headDim)
    {
        for (var head = 0; head < count; head += headDim)
        {
            var total = Vector512<float>.Zero;
            for (var at = head; at < head + headDim; at += Gemm.Lanes)
                total = FusedMultiplyAdd(Load(shares + at), Load(gradients + at), total);
            var mean = Create(Sum(total));
            for (var at = head; at < head + headDim; at += Gemm.Lanes)
                (Load(shares + at) * (Load(gradients + at) - mean)).Store(gradients + at);
        }
    }
}
