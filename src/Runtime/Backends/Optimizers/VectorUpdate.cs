using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Optimizers;

/// <summary>By whole registers; the numbers that fill none are the front of one more.</summary>
internal sealed unsafe class VectorUpdate<V>(IReadOnlyList<Tensor> weights) : WeightUpdate(weights)
    where V : unmanaged, IFloats<V>
{
    [MethodImpl(Compiled.Loop)]
    protected override void Adam(float* weight, float* gradient, float* mean, float* square, int count, AdamStep step)
    {
        var at = 0;
        for (; at + V.Lanes <= count; at += V.Lanes)
            Adam(weight + at, gradient + at, mean + at, square + at, step);
        if (at == count)
            return;
        // The rest as the front of a register each.
        float* w = stackalloc float[V.Lanes], g = stackalloc float[V.Lanes], m = stackalloc float[V.Lanes], v = stackalloc float[V.Lanes];
        var rest = (uint)(count - at) * sizeof(float);
        Unsafe.CopyBlockUnaligned(w, weight + at, rest);
        Unsafe.CopyBlockUnaligned(g, gradient + at, rest);
        Unsafe.CopyBlockUnaligned(m, mean + at, rest);
        Unsafe.CopyBlockUnaligned(v, square + at, rest);
        Adam(w, g, m, v, step);
        Unsafe.CopyBlockUnaligned(weight + at, w, rest);
        Unsafe.CopyBlockUnaligned(mean + at, m, rest);
        Unsafe.CopyBlockUnaligned(square + at, v, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Adam(float* weight, float* gradient, float* mean, float* square, in AdamStep step)
    {
        var (w, m, v) = (V.Load(weight), V.Load(mean), V.Load(square));
        var g = V.MultiplyAdd(V.Create(step.DecayInGradient), w, V.Load(gradient));
        m = V.MultiplyAdd(V.Create(step.NewMean), g - m, m);
        v = V.MultiplyAdd(V.Create(step.KeptSquare), v, V.Create(step.NewSquare) * g * g);
        var direction = m / V.MultiplyAdd(V.Sqrt(v), V.Create(step.SquareCorrection), V.Create(step.Epsilon));
        V.MultiplyAdd(V.Create(-step.Rate), direction, w * V.Create(step.KeptWeight)).Store(weight);
        m.Store(mean);
        v.Store(square);
    }

    [MethodImpl(Compiled.Loop)]
    protected override void Average(float* weight, float* average, int count, float share)
    {
        var at = 0;
        for (; at + V.Lanes <= count; at += V.Lanes)
            Average(weight + at, average + at, share);
        if (at == count)
            return;
        float* w = stackalloc float[V.Lanes], a = stackalloc float[V.Lanes];
        var rest = (uint)(count - at) * sizeof(float);
        Unsafe.CopyBlockUnaligned(w, weight + at, rest);
        Unsafe.CopyBlockUnaligned(a, average + at, rest);
        Average(w, a, share);
        Unsafe.CopyBlockUnaligned(average + at, a, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Average(float* weight, float* average, float share)
    {
        var (w, a) = (V.Load(weight), V.Load(average));
        // From the nearer end: a share of 1 is the weight to the last bit.
        (share < 0.5f ? V.MultiplyAdd(V.Create(share), w - a, a) : V.MultiplyAdd(V.Create(share - 1), w - a, w)).Store(average);
    }
}
