using System.Runtime.CompilerServices;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Norms;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

// The backward pass.
internal sealed unsafe partial class LinearAttentionPass<V>
{
    /// <summary>The gradients by all operands.</summary>
    /// <param name="gradient">[batch, dim, height, width], channels together.</param>
    /// <param name="kept">From <see cref="Forward"/>.</param>
    public LinearAttentionOperands Backward(Tensor gradient, LinearAttentionKept kept)
    {
        var (batch, dim, features) = (size.Batch, size.Dim, size.Features);
        var byInput = TensorMemory.EmptyImages(batch, dim, size.Height, size.Width);
        // Of each image; the first of the rows' are the gains, then the bias.
        Tensor byWeight = ImageMemory.Empty(batch, 3 * features, dim, 1, 1), byOut = ImageMemory.Empty(batch, dim, features, 1, 1);
        var byRows = zeros(3, batch, dim);
        var byMemory = operands.Memory is null ? null : empty([batch, 2, size.Heads, size.HeadDim, size.Tokens]);
        float* x = TensorMemory.OfImages(operands.X), dY = TensorMemory.OfImages(gradient), dX = TensorMemory.OfImages(byInput);
        float* mean = TensorMemory.Of(kept.Means), logSum = TensorMemory.Of(kept.LogSums);
        float* dWeight = TensorMemory.Of(byWeight), dOut = TensorMemory.Of(byOut), dRows = TensorMemory.Of(byRows);
        float* dMemory = TensorMemory.Of(byMemory);
        Workers.Run(batch, image =>
        {
            var start = (long)image * size.Positions * dim;
            var rows = dRows + (long)image * dim;
            Backward(x + start, mean + (long)image * size.Matrix, logSum + (long)image * features, dY + start, new()
            {
                Input = dX + start,
                Weight = dWeight + 3L * image * size.Matrix,
                OutWeight = dOut + (long)image * size.Matrix,
                Tokens = dMemory + 2L * image * features * size.Tokens,
                Gain = rows,
                EndGain = rows + (long)batch * dim,
                Bias = rows + 2L * batch * dim,
            });
        });
        GC.KeepAlive((operands, gradient, kept));
        var sums = byRows.sum(dim: 1);
        return new(
            byInput, OfGain(operands.Gain, 0), byWeight.sum(dim: 0), byMemory?.sum(dim: 0), byOut.sum(dim: 0), sums[2],
            OfGain(operands.EndGain, 1));

        Tensor? OfGain(Tensor? gain, int row) => gain is null ? null : sums[row].mul_(Number.Of(normScale)).view(1, dim, 1, 1);
    }

    private void Backward(float* x, float* means, float* logSums, float* dY, in Gradients to)
    {
        var (dim, features, headDim, block) = (size.Dim, size.Features, size.HeadDim, AtOnce * size.Features);
        float* normed = Scratch.Take(
            2L * AtOnce * dim + 2L * block + 3L * features * headDim + 3L * size.Matrix + (2L + 2 * size.Tokens) * features);
        float* mixed = normed + AtOnce * dim, shares = mixed + AtOnce * dim, byProjected = shares + block;
        float* own = byProjected + block, context = own + features * headDim, byContext = context + features * headDim;
        float* mixing = byContext + features * headDim, turned = mixing + size.Matrix, byMixing = turned + size.Matrix;
        float* offsets = byMixing + size.Matrix, tokenShares = offsets + features, byValues = tokenShares + (1 + size.Tokens) * features;

        Mixing(0, features, means, logSums, own, tokenShares, context, mixing);
        Transposition.Matrix<V>(mixing, features, dim, turned);
        for (var start = 0; start < size.Positions; start += AtOnce)
        {
            var rows = size.From(start);
            var pixels = Normed(x + (long)start * dim, rows, normed);
            Project(pixels, 0, rows, shares);
            QuerySoftmax<V>.Forward(shares, rows * features, headDim);
            var given = dY + (long)start * dim;
            if (endGain is not null)
            {
                Mix(shares, mixing, rows, mixed);
                RmsNorm<V>.Gradients(mixed, endGain, given, mixed, to.EndGain, rows, dim);
                given = mixed;
            }
            AddRows(given, rows, dim, to.Bias);
            Gemm<V>.Multiply(shares, 1, features, given, dim, byMixing, dim, features, rows, dim, add: start > 0);
            Gemm<V>.Multiply(given, dim, 1, turned, features, byProjected, features, rows, dim, features, add: false);
            QuerySoftmax<V>.Gradients(shares, byProjected, rows * features, headDim);
            Gemm<V>.Multiply(byProjected, features, 1, weight, dim, to.Input + (long)start * dim, dim, rows, features, dim, add: false);
            Gemm<V>.Multiply(byProjected, 1, features, pixels, dim, to.Weight, dim, features, rows, dim, add: start > 0);
        }

        for (var head = 0; head < size.Heads; head++)
        {
            long matrix = (long)head * headDim * dim, square = (long)head * headDim * headDim;
            Gemm<V>.Multiply(
                byMixing + matrix, dim, 1, outWeight + head * headDim, features, byContext + square, headDim, headDim, dim, headDim,
                add: false);
            Gemm<V>.Multiply(
                byMixing + matrix, 1, dim, context + square, headDim, to.OutWeight + head * headDim, features, dim, headDim, headDim,
                add: false);
        }
        MemoryTokens<V>.Gradients(own, tokenShares, tokenValues, scale, byContext, offsets, to.Tokens, byValues, size);
        for (var at = 0; at < size.Tokens * features; at++)
            to.Tokens[(features + at % features) * size.Tokens + at / features] = byValues[at];
        // What the gradient by the mixing was in is free.
        var byMeans = byMixing;
        for (var head = 0; head < size.Heads; head++)
        {
            long matrix = (long)head * headDim * dim, square = (long)head * headDim * headDim;
            Gemm<V>.Multiply(
                byContext + square, headDim, 1, weight + 2L * size.Matrix + matrix, dim, byMeans + matrix, dim, headDim, headDim, dim,
                add: false);
            Gemm<V>.Multiply(
                byContext + square, 1, headDim, means + matrix, dim, to.Weight + 2L * size.Matrix + matrix, dim, headDim, headDim, dim,
                add: false);
        }

        SubtractProducts(means, byMeans, features, dim, offsets);
        Transposition.Matrix<V>(byMeans, features, dim, turned);
        for (var start = 0; start < size.Positions; start += AtOnce)
        {
            var rows = size.From(start);
            float* from = x + (long)start * dim, byInput = to.Input + (long)start * dim;
            var pixels = Normed(from, rows, normed);
            Project(pixels, 1, rows, shares);
            Gemm<V>.Multiply(pixels, dim, 1, turned, features, byProjected, features, rows, dim, features, add: false);
            KeySoftmax<V>.Gradients(shares, byProjected, logSums, offsets, rows, features);
            Gemm<V>.Multiply(shares, features, 1, byMeans, dim, byInput, dim, rows, features, dim, add: true);
            Gemm<V>.Multiply(byProjected, features, 1, weight + size.Matrix, dim, byInput, dim, rows, features, dim, add: true);
            Gemm<V>.Multiply(byProjected, 1, features, pixels, dim, to.Weight + size.Matrix, dim, features, rows, dim, add: start > 0);
            if (gain is not null)
                RmsNorm<V>.Gradients(from, gain, byInput, byInput, to.Gain, rows, dim);
        }
    }

    [MethodImpl(Compiled.Loop)]
    private static void AddRows(float* x, int rows, int columns, float* to)
    {
        for (var column = 0; column < columns; column += V.Lanes)
        {
            var sum = V.Load(to + column);
            for (var row = 0; row < rows; row++)
                sum += V.Load(x + row * columns + column);
            sum.Store(to + column);
        }
    }

    [MethodImpl(Compiled.Loop)]
    private static void SubtractProducts(float* a, float* b, int rows, int columns, float* from)
    {
        for (var row = 0; row < rows; row++, a += columns, b += columns)
        {
            var product = V.Zero;
            for (var column = 0; column < columns; column += V.Lanes)
                product = V.MultiplyAdd(V.Load(a + column), V.Load(b + column), product);
            from[row] -= V.Sum(product);
        }
    }

    /// <summary>Where those of an image go.</summary>
    private readonly struct Gradients
    {
        public required float* Input { get; init; }

        /// <summary>[3 features, dim].</summary>
        public required float* Weight { get; init; }

        /// <summary>[dim, features].</summary>
        public required float* OutWeight { get; init; }

        /// <summary>[2, features, tokens]; anything without tokens.</summary>
        public required float* Tokens { get; init; }

        public required float* Gain { get; init; }

        public required float* EndGain { get; init; }

        public required float* Bias { get; init; }
    }
}
