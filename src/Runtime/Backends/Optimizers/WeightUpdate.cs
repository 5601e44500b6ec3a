using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Optimizers;

/// <summary>
/// What moves all weights of a network at once, number by number: an optimiser's step, an average. Each number is read and written once,
/// and what there is to wait for is memory; the weights are shared out in parts of some thousand, so that a network's many small tensors
/// cost no more than as many numbers in one.
/// </summary>
/// <param name="weights">As <see cref="Fits"/> asks.</param>
internal abstract unsafe class WeightUpdate(IReadOnlyList<Tensor> weights)
{
    // Of five arrays it fits into the second cache, and starting it costs nothing beside it.
    private const int NumbersInAPart = 1 << 15;

    private readonly (int Tensor, long Start, int Count)[] parts =
        [.. weights.SelectMany((weight, index) => Parts(index, weight.numel()))];

    /// <summary>Whether there is a kernel for these.</summary>
    public static bool Fits(IEnumerable<Tensor> weights) => weights.All(weight =>
        weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && weight.is_contiguous()
        && TensorMemory.IsWithinReach(weight.numel()));

    /// <summary>
    /// A step of Adam; of AdamW where the decay is beside the gradient. All arrays have an entry for each tensor; one without gradient
    /// (null) stays as it is.
    /// </summary>
    /// <param name="weights">To be moved.</param>
    /// <param name="gradients">By them.</param>
    /// <param name="means">Of the gradients.</param>
    /// <param name="squares">Means of their squares.</param>
    /// <param name="steps">Of each tensor.</param>
    public void Adam(float*[] weights, float*[] gradients, float*[] means, float*[] squares, AdamStep[] steps) =>
        Workers.Run(parts.Length, part =>
    {
        var (tensor, start, count) = parts[part];
        if (gradients[tensor] is not null)
            Adam(weights[tensor] + start, gradients[tensor] + start, means[tensor] + start, squares[tensor] + start, count, steps[tensor]);
    });

    /// <summary>
    /// Moves averages towards weights, as <c>lerp</c> does: average + share (weight - average); with a share of 1 they are the weights.
    /// </summary>
    public void Average(float*[] weights, float*[] averages, float share) => Workers.Run(parts.Length, part =>
    {
        var (tensor, start, count) = parts[part];
        Average(weights[tensor] + start, averages[tensor] + start, count, share);
    });

    /// <summary>A step of some numbers.</summary>
    protected abstract void Adam(float* weight, float* gradient, float* mean, float* square, int count, AdamStep step);

    /// <summary>The averages of some numbers.</summary>
    protected abstract void Average(float* weight, float* average, int count, float share);

    private static IEnumerable<(int Tensor, long Start, int Count)> Parts(int tensor, long count)
    {
        for (var start = 0L; start < count; start += NumbersInAPart)
            yield return (tensor, start, (int)Math.Min(NumbersInAPart, count - start));
    }
}
