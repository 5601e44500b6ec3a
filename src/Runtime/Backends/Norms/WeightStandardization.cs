using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Norms;

/// <summary>
/// A convolution's filters brought to mean 0 and variance 1 (Qiao et al. 2019, "Weight Standardization"), v = (w - m) r with a filter's
/// mean m and r = 1 / sqrt(variance + eps), each filter in one go while it is in the nearest cache. With means over the filter, the
/// gradient by w is r (g - mean(g) - v mean(g v)): of the forward pass only v and r are kept.
/// </summary>
internal sealed unsafe class WeightStandardization<V> : KernelFunction<WeightStandardization<V>>
    where V : unmanaged, IFloats<V>
{
    // Less than this is not worth another thread.
    private const int FloatsInAPart = 1 << 14;

    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="weight">[out channels, channels, height, width of the kernel].</param>
    public static bool Fits(Tensor weight) =>
        weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && weight.is_contiguous()
            && TensorMemory.IsWithinReach(weight.numel());

    /// <summary>The standardised filters, with their gradient where one can be asked for.</summary>
    /// <param name="weight">[out channels, channels, height, width of the kernel], as <see cref="Fits"/> asks.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Standardize(Tensor weight, double eps)
    {
        using var scope = NewDisposeScope();
        return (is_grad_enabled() ? Run(weight, eps) : Forward(weight, eps).Standardized).MoveToOuterDisposeScope();
    }

    /// <summary>The standardised filters, and what the gradient needs beside them.</summary>
    /// <param name="weight">[out channels, channels, height, width of the kernel].</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>The same shape, and [out channels]: each filter's r.</returns>
    public static (Tensor Standardized, Tensor Inverse) Forward(Tensor weight, double eps)
    {
        var shape = weight.shape;
        var (standardized, inverse) = (empty(shape), empty(shape[0]));
        float* w = TensorMemory.Of(weight), v = TensorMemory.Of(standardized), r = TensorMemory.Of(inverse);
        ForEachFilter(shape, (filter, start, count) => r[filter] = FilterArithmetic<V>.Standardize(w + start, v + start, count, eps));
        GC.KeepAlive(weight);
        return (standardized, inverse);
    }

    /// <summary>The gradient by the filters as they were.</summary>
    /// <param name="gradient">
    /// [out channels, channels, height, width of the kernel], by the standardised filters; it is written over with the result.
    /// </param>
    /// <param name="standardized">As from <see cref="Forward"/>.</param>
    /// <param name="inverse">As from <see cref="Forward"/>.</param>
    public static void Backward(Tensor gradient, Tensor standardized, Tensor inverse)
    {
        float* g = TensorMemory.Of(gradient), v = TensorMemory.Of(standardized), r = TensorMemory.Of(inverse);
        ForEachFilter(gradient.shape, (filter, start, count) => FilterArithmetic<V>.Gradient(g + start, v + start, count, r[filter]));
        GC.KeepAlive((gradient, standardized, inverse));
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (standardized, inverse) = Forward((Tensor)vars[0], (double)vars[1]);
        // The result itself would hold the node that holds it.
        ctx.save_for_backward([standardized.detach(), inverse]);
        return standardized;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        // A copy: libtorch may hand the gradient to others too.
        var result = gradient.contiguous().clone();
        Backward(result, saved[0], saved[1]);
        return [result, null];
    }

    /// <summary>Calls <paramref name="body"/> with each filter's number, where it starts, and how many numbers it has.</summary>
    private static void ForEachFilter(long[] shape, Action<int, nint, int> body)
    {
        var (filters, count) = (checked((int)shape[0]), checked((int)(shape[1] * shape[2] * shape[3])));
        var atOnce = Math.Max(1, FloatsInAPart / count);
        Workers.Run((filters + atOnce - 1) / atOnce, part =>
        {
            for (var filter = part * atOnce; filter < Math.Min(filters, (part + 1) * atOnce); filter++)
                body(filter, (nint)filter * count, count);
        });
    }
}
