using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// softmax(X W^T)^T X, the softmax over the pixels, without the keys X W^T ever being in memory: the greatest key so far and what was summed with it are kept, and scaled down
/// where a greater one comes (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"). The gradient makes the keys again.
/// </summary>
internal sealed unsafe class KeyPool : KernelFunction<KeyPool>
{
    /// <summary>The means of the pixels, and the logarithms of the sums.</summary>
    /// <param name="pixels">[batch, positions, dim], as <see cref="PixelRows.Fit"/> asks.</param>
    /// <param name="weight">[features, dim].</param>
    /// <returns>[batch, features, dim + 1]: the means, and last the logarithm of the sum of the exponentials.</returns>
    public static Tensor Pool(Tensor pixels, Tensor weight)
    {
        using var scope = NewDisposeScope();
        var (x, w) = (pixels.contiguous(), weight.contiguous());
        return (is_grad_enabled() ? Run(x, w) : Forward(x, w)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (pixels, weight) = ((Tensor)vars[0], (Tensor)vars[1]);
        var result = Forward(pixels, weight);
        var kept = result.clone();
        ctx.save_for_backward([pixels, weight, kept]);
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (pixels, weight, pooled) = (saved[0], saved[1], saved[2]);
        var size = new PixelRows(pixels, weight);
        var (means, logSums) = (pooled.narrow(-1, 0, size.Dim), pooled.select(-1, size.Dim).contiguous());
        var byMean = gradient.narrow(-1, 0, size.Dim).contiguous();
        var turned = byMean.transpose(1, 2).contiguous();
        var offset = (gradient.select(-1, size.Dim) - (means * byMean).sum(-1)).contiguous();
        var turnedWeight = weight.t().contiguous();
        var (byPixels, byWeight) = (empty_like(pixels), zeros(size.Batch, size.Features, size.Dim));
        float* x = TensorMemory.Of(pixels), w = TensorMemory.Of(weight), wT = TensorMemory.Of(turnedWeight), log = TensorMemory.Of(logSums), add = TensorMemory.Of(offset);
        float* dP = TensorMemory.Of(byMean), dPT = TensorMemory.Of(turned), dX = TensorMemory.Of(byPixels), dW = TensorMemory.Of(byWeight);
        Workers.Run(size.Batch, image =>
        {
            var (dim, features) = (size.Dim, size.Features);
            long matrix = (long)image * features * dim;
            var shares = Scratch.Take(2L * PixelRows.AtOnce * features);
            var byKeys = shares + PixelRows.AtOnce * features;
            for (var start = 0; start < size.Positions; start += PixelRows.AtOnce)
            {
                var rows = size.From(start);
                var place = ((long)image * size.Positions + start) * dim;
                Gemm.Multiply(x + place, dim, 1, wT, features, shares, features, rows, dim, features, add: false);
                Gemm.Multiply(x + place, dim, 1, dPT + matrix, features, byKeys, features, rows, dim, features, add: false);
                KeyGradients(shares, byKeys, log + image * features, add + image * features, rows, features);
                Gemm.Multiply(shares, features, 1, dP + matrix, dim, dX + place, dim, rows, features, dim, add: false);
                Gemm.Multiply(byKeys, features, 1, w, dim, dX + place, dim, rows, features, dim, add: true);
                Gemm.Multiply(byKeys, 1, features, x + place, dim, dW + matrix, dim, features, rows, dim, add: true);
            }
        });
        return [byPixels, byWeight.sum(dim: 0)];
    }

    private static Tensor Forward(Tensor pixels, Tensor weight)
    {
        using var scope = NewDisposeScope();
        var size = new PixelRows(pixels, weight);
        var turnedWeight = weight.t().contiguous();
        var result = empty(size.Batch, size.Features, size.Dim + 1);
        float* x = TensorMemory.Of(pixels), wT = TensorMemory.Of(turnedWeight), to = TensorMemory.Of(result);
        Workers.Run(size.Batch, image =>
        {
            var (dim, features) = (size.Dim, size.Features);
            var keys = Scratch.Take((long)(PixelRows.AtOnce + dim + 2) * features);
            var sums = keys + PixelRows.AtOnce * features;
            var greatest = sums + dim * features;
            var total = greatest + features;
            new Span<float>(sums, dim * features).Clear();
            new Span<float>(greatest, features).Fill(float.NegativeInfinity);
            new Span<float>(total, features).Clear();
            for (var start = 0; start < size.Positions; start += PixelRows.AtOnce)
            {
                var rows = size.From(start);
                var from = x + ((long)image * size.Positions + start) * dim;
                Gemm.Multiply(from, dim, 1, wT, features, keys, features, rows, dim, features, add: false);
                Exponentials(keys, rows, features, greatest, total, sums, dim);
                Gemm.Multiply(keys, 1, features, from, dim, sums, dim, features, rows, dim, add: true);
            }

            for (var feature = 0; feature < features; feature++)
            {
                var row = to + ((long)image * features + feature) * (dim + 1);
                var share = Create(1 / total[feature]);
                for (var channel = 0; channel < dim; channel += Gemm.Lanes)
                    (Load(sums + feature * dim + channel) * share).Store(row + channel);
                row[dim] = greatest[feature] + MathF.Log(total[feature]);
            }
        });
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Each key becomes exp(key - greatest), and what was summed before is scaled to the new greatest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponentials(float* keys, int rows, int features, float* greatest, float* total, float* sums, int dim)
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

    /// <summary>Keys become their shares p = exp(key - log of the sum), products with the means' gradients become the keys' gradients p (product + offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void KeyGradients(float* keys, float* products, float* logSums, float* offsets, int rows, int features)
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
