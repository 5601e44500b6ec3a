using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// A convolution's filters brought to mean 0 and variance 1 (Qiao et al. 2019, "Weight Standardization"), v = (w - m) r with a filter's mean m and r = 1 / sqrt(variance + eps), each filter in
/// one go while it is in the nearest cache. With means over the filter, the gradient by w is r (g - mean(g) - v mean(g v)): of the forward pass only v and r are kept.
/// </summary>
internal sealed unsafe class WeightStandardization : KernelFunction<WeightStandardization>
{
    // Less than this is not worth another thread.
    private const int FloatsInAPart = 1 << 14;

    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="weight">[out channels, channels, height, width of the kernel].</param>
    public static bool Fits(Tensor weight) =>
        Vector512.IsHardwareAccelerated && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && weight.is_contiguous() && TensorMemory.IsWithinReach(weight.numel());

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
        ForEachFilter(shape, (filter, start, count) => r[filter] = Standardize(w + start, v + start, count, eps));
        GC.KeepAlive(weight);
        return (standardized, inverse);
    }

    /// <summary>The gradient by the filters as they were.</summary>
    /// <param name="gradient">[out channels, channels, height, width of the kernel], by the standardised filters; it is written over with the result.</param>
    /// <param name="standardized">As from <see cref="Forward"/>.</param>
    /// <param name="inverse">As from <see cref="Forward"/>.</param>
    public static void Backward(Tensor gradient, Tensor standardized, Tensor inverse)
    {
        float* g = TensorMemory.Of(gradient), v = TensorMemory.Of(standardized), r = TensorMemory.Of(inverse);
        ForEachFilter(gradient.shape, (filter, start, count) => Gradient(g + start, v + start, count, r[filter]));
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Standardize(float* w, float* v, int count, double eps)
    {
        var sums = Vector512<float>.Zero;
        var at = 0;
        for (; at + Gemm.Lanes <= count; at += Gemm.Lanes)
            sums += Load(w + at);
        var sum = (double)Sum(sums);
        for (; at < count; at++)
            sum += w[at];
        var mean = (float)(sum / count);

        // The variance by the differences from the mean: that of the squares would lose its digits where the mean is large.
        var squares = Vector512<float>.Zero;
        for (at = 0; at + Gemm.Lanes <= count; at += Gemm.Lanes)
        {
            var difference = Load(w + at) - Create(mean);
            squares = FusedMultiplyAdd(difference, difference, squares);
        }
        sum = Sum(squares);
        for (; at < count; at++)
            sum += (w[at] - mean) * (w[at] - mean);
        var inverse = (float)(1 / Math.Sqrt(sum / count + eps));

        for (at = 0; at + Gemm.Lanes <= count; at += Gemm.Lanes)
            ((Load(w + at) - Create(mean)) * Create(inverse)).Store(v + at);
        for (; at < count; at++)
            v[at] = (w[at] - mean) * inverse;
        return inverse;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient(float* g, float* v, int count, float inverse)
    {
        var (sums, products) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var at = 0;
        for (; at + Gemm.Lanes <= count; at += Gemm.Lanes)
        {
            sums += Load(g + at);
            products = FusedMultiplyAdd(Load(g + at), Load(v + at), products);
        }
        var (sum, product) = ((double)Sum(sums), (double)Sum(products));
        for (; at < count; at++)
        {
            sum += g[at];
            product += g[at] * v[at];
        }

        var (mean, along) = ((float)(sum / count), (float)(product / count));
        for (at = 0; at + Gemm.Lanes <= count; at += Gemm.Lanes)
            ((Load(g + at) - Create(mean) - Load(v + at) * Create(along)) * Create(inverse)).Store(g + at);
        for (; at < count; at++)
            g[at] = (g[at] - mean - v[at] * along) * inverse;
    }
}
