using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>softmax(X W^T) M, the softmax over the features of a head, without the queries X W^T ever being in memory. The gradient makes them again.</summary>
internal sealed unsafe class QueryMix : KernelFunction<QueryMix>
{
    /// <summary>The mixture for each pixel.</summary>
    /// <param name="pixels">[batch, positions, dim], as <see cref="PixelRows.Fit"/> asks.</param>
    /// <param name="weight">[features, dim].</param>
    /// <param name="mixing">[batch, features, dim].</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, positions, dim].</returns>
    public static Tensor Mix(Tensor pixels, Tensor weight, Tensor mixing, long heads)
    {
        using var scope = NewDisposeScope();
        var (x, w, m) = (pixels.contiguous(), weight.contiguous(), mixing.contiguous());
        return (is_grad_enabled() ? Run(x, w, m, heads) : Forward(x, w, m, heads)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (pixels, weight, mixing, heads) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (long)vars[3]);
        ctx.save_for_backward([pixels, weight, mixing]);
        ctx.save_data(nameof(heads), heads);
        return Forward(pixels, weight, mixing, heads);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (pixels, weight, mixing) = (saved[0], saved[1], saved[2]);
        var size = new PixelRows(pixels, weight);
        var headDim = size.Features / (int)(long)context.get_data("heads");
        var (given, turnedWeight, turnedMixing) = (gradient.contiguous(), weight.t().contiguous(), mixing.transpose(1, 2).contiguous());
        var (byPixels, byWeight, byMixing) = (empty_like(pixels), zeros(size.Batch, size.Features, size.Dim), zeros_like(mixing));
        float* x = TensorMemory.Of(pixels), w = TensorMemory.Of(weight), wT = TensorMemory.Of(turnedWeight), mT = TensorMemory.Of(turnedMixing), dY = TensorMemory.Of(given);
        float* dX = TensorMemory.Of(byPixels), dW = TensorMemory.Of(byWeight), dM = TensorMemory.Of(byMixing);
        Workers.Run(size.Batch, image =>
        {
            var (dim, features) = (size.Dim, size.Features);
            long matrix = (long)image * features * dim;
            var shares = Scratch.Take(2L * PixelRows.AtOnce * features);
            var byQueries = shares + PixelRows.AtOnce * features;
            for (var start = 0; start < size.Positions; start += PixelRows.AtOnce)
            {
                var rows = size.From(start);
                var place = ((long)image * size.Positions + start) * dim;
                Gemm.Multiply(x + place, dim, 1, wT, features, shares, features, rows, dim, features, add: false);
                Softmax(shares, rows * features, headDim);
                Gemm.Multiply(shares, 1, features, dY + place, dim, dM + matrix, dim, features, rows, dim, add: true);
                Gemm.Multiply(dY + place, dim, 1, mT + matrix, features, byQueries, features, rows, dim, features, add: false);
                SoftmaxGradients(shares, byQueries, rows * features, headDim);
                Gemm.Multiply(byQueries, features, 1, w, dim, dX + place, dim, rows, features, dim, add: false);
                Gemm.Multiply(byQueries, 1, features, x + place, dim, dW + matrix, dim, features, rows, dim, add: true);
            }
        });
        return [byPixels, byWeight.sum(dim: 0), byMixing, null];
    }

    private static Tensor Forward(Tensor pixels, Tensor weight, Tensor mixing, long heads)
    {
        using var scope = NewDisposeScope();
        var size = new PixelRows(pixels, weight);
        var turnedWeight = weight.t().contiguous();
        var result = ImageMemory.Empty(pixels.shape);
        var headDim = size.Features / (int)heads;
        float* x = TensorMemory.Of(pixels), wT = TensorMemory.Of(turnedWeight), m = TensorMemory.Of(mixing), y = TensorMemory.Of(result);
        Workers.Run(size.Batch, image =>
        {
            var (dim, features) = (size.Dim, size.Features);
            var shares = Scratch.Take((long)PixelRows.AtOnce * features);
            for (var start = 0; start < size.Positions; start += PixelRows.AtOnce)
            {
                var rows = size.From(start);
                var place = ((long)image * size.Positions + start) * dim;
                Gemm.Multiply(x + place, dim, 1, wT, features, shares, features, rows, dim, features, add: false);
                Softmax(shares, rows * features, headDim);
                Gemm.Multiply(shares, features, 1, m + (long)image * features * dim, dim, y + place, dim, rows, features, dim, add: false);
            }
        });
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Of each <paramref name="headDim"/> numbers, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* numbers, int count, int headDim)
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
    private static void SoftmaxGradients(float* shares, float* gradients, int count, int headDim)
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
