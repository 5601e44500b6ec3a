using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// What moves all weights of a network at once, number by number: an optimiser's step, an average. Each number is read and written once, and what there is to wait for is memory; the weights
/// are shared out in parts of some thousand, so that a network's many small tensors cost no more than as many numbers in one.
/// </summary>
internal sealed unsafe class WeightUpdate
{
    // Of five arrays it fits into the second cache, and starting it costs nothing beside it.
    private const int NumbersInAPart = 1 << 15;

    private readonly (int Tensor, long Start, int Count)[] parts;

    /// <param name="weights">As <see cref="Fits"/> asks.</param>
    public WeightUpdate(IReadOnlyList<Tensor> weights) => parts = [.. weights.SelectMany((weight, index) => Parts(index, weight.numel()))];

    /// <summary>Whether there is a kernel for these.</summary>
    public static bool Fits(IEnumerable<Tensor> weights) =>
        Avx512F.IsSupported && weights.All(weight =>
            weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && weight.is_contiguous() && TensorMemory.IsWithinReach(weight.numel()));

    /// <summary>A step of Adam; of AdamW where the decay is beside the gradient. All arrays have an entry for each tensor; one without gradient (null) stays as it is.</summary>
    /// <param name="weights">To be moved.</param>
    /// <param name="gradients">By them.</param>
    /// <param name="means">Of the gradients.</param>
    /// <param name="squares">Means of their squares.</param>
    /// <param name="steps">Of each tensor.</param>
    public void Adam(float*[] weights, float*[] gradients, float*[] means, float*[] squares, AdamStep[] steps) => Workers.Run(parts.Length, part =>
    {
        var (tensor, start, count) = parts[part];
        if (gradients[tensor] is not null)
            Adam(weights[tensor] + start, gradients[tensor] + start, means[tensor] + start, squares[tensor] + start, count, steps[tensor]);
    });

    /// <summary>Moves averages towards weights, as <c>lerp</c> does: average + share (weight - average); with a share of 1 they are the weights.</summary>
    public void Average(float*[] weights, float*[] averages, float share) => Workers.Run(parts.Length, part =>
    {
        var (tensor, start, count) = parts[part];
        Average(weights[tensor] + start, averages[tensor] + start, count, share);
    });

    private static IEnumerable<(int Tensor, long Start, int Count)> Parts(int tensor, long count)
    {
        for (var start = 0L; start < count; start += NumbersInAPart)
            yield return (tensor, start, (int)Math.Min(NumbersInAPart, count - start));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Adam(float* weight, float* gradient, float* mean, float* square, int count, AdamStep step)
    {
        for (var at = 0; at < count; at += Gemm.Lanes)
        {
            var here = First(count - at);
            var (w, m, v) = (Load(weight + at, here), Load(mean + at, here), Load(square + at, here));
            var g = FusedMultiplyAdd(Create(step.DecayInGradient), w, Load(gradient + at, here));
            m = FusedMultiplyAdd(Create(step.NewMean), g - m, m);
            v = FusedMultiplyAdd(Create(step.KeptSquare), v, Create(step.NewSquare) * g * g);
            var direction = m / FusedMultiplyAdd(Sqrt(v), Create(step.SquareCorrection), Create(step.Epsilon));
            Store(weight + at, here, FusedMultiplyAdd(Create(-step.Rate), direction, w * Create(step.KeptWeight)));
            Store(mean + at, here, m);
            Store(square + at, here, v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Average(float* weight, float* average, int count, float share)
    {
        for (var at = 0; at < count; at += Gemm.Lanes)
        {
            var here = First(count - at);
            var (w, a) = (Load(weight + at, here), Load(average + at, here));
            // From the nearer end: a share of 1 is the weight to the last bit.
            Store(average + at, here, share < 0.5f ? FusedMultiplyAdd(Create(share), w - a, a) : FusedMultiplyAdd(Create(share - 1), w - a, w));
        }
    }

    /// <summary>All bits set for the first so many numbers of a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> First(int count) => LessThan(Vector512<int>.Indices, Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(float* from, Vector512<float> here) => Avx512F.MaskLoad(from, here, Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, Vector512<float> here, Vector512<float> value) => Avx512F.MaskStore(to, here, value);
}

/// <summary>What a step of Adam or AdamW multiplies with, for one tensor.</summary>
internal readonly struct AdamStep
{
    /// <param name="rate">Of learning.</param>
    /// <param name="beta1">Decay of the gradients' mean.</param>
    /// <param name="beta2">Decay of their squares' mean.</param>
    /// <param name="epsilon">Added to the root of that mean.</param>
    /// <param name="weightDecay">Of either kind.</param>
    /// <param name="decoupled">Whether the decay is AdamW's.</param>
    /// <param name="number">Of the step, from 1.</param>
    public AdamStep(double rate, double beta1, double beta2, double epsilon, double weightDecay, bool decoupled, float number)
    {
        (NewMean, KeptSquare, NewSquare, Epsilon) = ((float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)epsilon);
        Rate = (float)(rate / (1 - Math.Pow(beta1, number)));
        SquareCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, number)));
        DecayInGradient = decoupled ? 0 : (float)weightDecay;
        KeptWeight = decoupled ? (float)(1 - rate * weightDecay) : 1;
    }

    /// <summary>1 - beta1.</summary>
    public float NewMean { get; }

    /// <summary>beta2.</summary>
    public float KeptSquare { get; }

    /// <summary>1 - beta2.</summary>
    public float NewSquare { get; }

    /// <summary>Added to the root.</summary>
    public float Epsilon { get; }

    /// <summary>The learning rate over 1 - beta1^number, which makes up for a mean that began at 0.</summary>
    public float Rate { get; }

    /// <summary>1 over the root of 1 - beta2^number, for the same reason.</summary>
    public float SquareCorrection { get; }

    /// <summary>How much of the weight is added to the gradient.</summary>
    public float DecayInGradient { get; }

    /// <summary>How much of the weight stays.</summary>
    public float KeptWeight { get; }
}
