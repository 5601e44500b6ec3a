using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// The forward or the backward pass of linear attention. With X the (normalised) pixels of an image, [pixels, dim], and the weights of a head, y = softmax(X W_q^T) M + bias, where the mixing
/// M = [(softmax(X W_k^T)^T X) W_v^T] W_out^T is small, [headDim, dim]: neither v nor the output of the heads is ever made, nor do queries and keys leave a core's nearest caches. What is kept of an image
/// besides itself are the means softmax(X W_k^T)^T X and the logarithms of that softmax's sums; the gradient makes the rest again.
/// </summary>
internal sealed unsafe class LinearAttentionPass
{
    /// <summary>How many inputs there are.</summary>
    public const int Inputs = 7;

    // Where the inputs are, and what is kept besides.
    private const int X = 0, Gain = 1, Weight = 2, Memory = 3, OutWeight = 4, OutBias = 5, EndGain = 6, Means = Inputs, LogSums = Inputs + 1;

    private readonly Tensor?[] all;
    private readonly LinearAttentionSize size;
    private readonly float scale;
    private readonly float normScale;
    private readonly float* weight;
    private readonly float* outWeight;
    private readonly float* tokenKeys;
    private readonly float* bias;

    // [dim, 3 features], [features, dim] and [tokens, features].
    private readonly float* turnedWeight;
    private readonly float* turnedOut;
    private readonly float* tokenValues;

    // Times the norms' constant; null without a norm.
    private readonly float* gain;
    private readonly float* endGain;

    /// <param name="tensors">The inputs, <see cref="Inputs"/> of them, null for what there is not; or what a forward pass has kept.</param>
    /// <param name="heads">Of the features.</param>
    public LinearAttentionPass(Tensor?[] tensors, long heads)
    {
        all = [.. tensors, .. new Tensor?[LogSums + 1 - tensors.Length]];
        size = new(all[X]!, all[OutWeight]!, all[Memory], heads);
        var (dim, features, tokens) = (size.Dim, size.Features, size.Tokens);
        (scale, normScale) = (1 / MathF.Sqrt(size.HeadDim), MathF.Sqrt(dim));
        weight = TensorMemory.Of(all[Weight]);
        outWeight = TensorMemory.Of(all[OutWeight]);
        tokenKeys = TensorMemory.Of(all[Memory]);
        bias = TensorMemory.Of(all[OutBias]);
        turnedWeight = Scratch.TakeForAll(4L * size.Matrix + 2 * dim + tokens * features);
        turnedOut = turnedWeight + 3L * size.Matrix;
        tokenValues = turnedOut + size.Matrix + 2 * dim;
        Transposition.Matrix(weight, 3 * features, dim, turnedWeight);
        Transposition.Matrix(outWeight, dim, features, turnedOut);
        gain = Scaled(all[Gain], turnedOut + size.Matrix);
        endGain = Scaled(all[EndGain], turnedOut + size.Matrix + dim);
        for (var at = 0; at < tokens * features; at++)
            tokenValues[at] = tokenKeys[(features + at % features) * tokens + at / features];
    }

    /// <summary>What the backward pass needs, after a forward pass.</summary>
    public IReadOnlyList<Tensor?> Kept => all;

    /// <summary>The block's result.</summary>
    /// <returns>[batch, dim, height, width], channels together.</returns>
    public Tensor Forward()
    {
        var result = TensorMemory.EmptyImages(size.Batch, size.Dim, size.Height, size.Width);
        var (means, logSums) = (ImageMemory.Empty(size.Batch, size.Features, size.Dim), empty(size.Batch, size.Features));
        (all[Means], all[LogSums]) = (means, logSums);
        float* x = TensorMemory.OfImages(all[X]!), y = TensorMemory.OfImages(result), mean = TensorMemory.Of(means), logSum = TensorMemory.Of(logSums);
        Workers.Run(size.Batch, image =>
        {
            var start = (long)image * size.Positions * size.Dim;
            Forward(x + start, mean + (long)image * size.Matrix, logSum + (long)image * size.Features, y + start);
        });
        GC.KeepAlive(all);
        return result;
    }

    /// <summary>The gradients by all inputs, in their order.</summary>
    /// <param name="gradient">[batch, dim, height, width], channels together.</param>
    public Tensor?[] Backward(Tensor gradient)
    {
        var (batch, dim, features) = (size.Batch, size.Dim, size.Features);
        var byInput = TensorMemory.EmptyImages(batch, dim, size.Height, size.Width);
        // Of each image; the first of the rows' are the gains, then the bias.
        Tensor byWeight = ImageMemory.Empty(batch, 3 * features, dim, 1, 1), byOut = ImageMemory.Empty(batch, dim, features, 1, 1), byRows = zeros(3, batch, dim);
        var byMemory = all[Memory] is null ? null : empty([batch, 2, size.Heads, size.HeadDim, size.Tokens]);
        float* x = TensorMemory.OfImages(all[X]!), dY = TensorMemory.OfImages(gradient), dX = TensorMemory.OfImages(byInput), mean = TensorMemory.Of(all[Means]), logSum = TensorMemory.Of(all[LogSums]);
        float* dWeight = TensorMemory.Of(byWeight), dOut = TensorMemory.Of(byOut), dRows = TensorMemory.Of(byRows), dMemory = TensorMemory.Of(byMemory);
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
        GC.KeepAlive((all, gradient));
        var sums = byRows.sum(dim: 1);
        return [byInput, OfGain(Gain), byWeight.sum(dim: 0), byMemory?.sum(dim: 0), byOut.sum(dim: 0), sums[2], OfGain(EndGain)];

        Tensor? OfGain(int which) => all[which] is null ? null : sums[which == Gain ? 0 : 1].mul_(normScale).view(1, dim, 1, 1);
    }

    private void Forward(float* x, float* means, float* logSums, float* y)
    {
        var (dim, features, block) = (size.Dim, size.Features, LinearAttentionSize.AtOnce * size.Features);
        float* normed = Scratch.Take(LinearAttentionSize.AtOnce * dim + block + 2L * features * size.HeadDim + size.Matrix + (2L + size.Tokens) * features);
        float* projected = normed + LinearAttentionSize.AtOnce * dim, own = projected + block, context = own + features * size.HeadDim;
        float* mixing = context + features * size.HeadDim, total = mixing + size.Matrix, shares = total + features;
        new Span<float>(means, size.Matrix).Clear();
        new Span<float>(logSums, features).Fill(float.NegativeInfinity);
        new Span<float>(total, features).Clear();
        for (var start = 0; start < size.Positions; start += LinearAttentionSize.AtOnce)
        {
            var rows = size.From(start);
            var pixels = Normed(x + (long)start * dim, rows, normed);
            Project(pixels, 1, rows, projected);
            KeySoftmax.Exponentials(projected, rows, features, logSums, total, means, dim);
            Gemm.Multiply(projected, 1, features, pixels, dim, means, dim, features, rows, dim, add: true);
        }
        KeySoftmax.Finish(logSums, total, means, features, dim);

        Mixing(means, logSums, own, shares, context, mixing);
        for (var start = 0; start < size.Positions; start += LinearAttentionSize.AtOnce)
        {
            var rows = size.From(start);
            Project(Normed(x + (long)start * dim, rows, normed), 0, rows, projected);
            QuerySoftmax.Forward(projected, rows * features, size.HeadDim);
            var to = y + (long)start * dim;
            Mix(projected, mixing, rows, to);
            if (endGain is not null)
                RmsNormFunction.Scale(to, endGain, to, rows, dim);
        }
    }

    private void Backward(float* x, float* means, float* logSums, float* dY, in Gradients to)
    {
        var (dim, features, headDim, block) = (size.Dim, size.Features, size.HeadDim, LinearAttentionSize.AtOnce * size.Features);
        float* normed = Scratch.Take(2L * LinearAttentionSize.AtOnce * dim + 2L * block + 3L * features * headDim + 3L * size.Matrix + (2L + 2 * size.Tokens) * features);
        float* mixed = normed + LinearAttentionSize.AtOnce * dim, shares = mixed + LinearAttentionSize.AtOnce * dim, byProjected = shares + block;
        float* own = byProjected + block, context = own + features * headDim, byContext = context + features * headDim;
        float* mixing = byContext + features * headDim, turned = mixing + size.Matrix, byMixing = turned + size.Matrix;
        float* offsets = byMixing + size.Matrix, tokenShares = offsets + features, byValues = tokenShares + (1 + size.Tokens) * features;

        Mixing(means, logSums, own, tokenShares, context, mixing);
        Transposition.Matrix(mixing, features, dim, turned);
        for (var start = 0; start < size.Positions; start += LinearAttentionSize.AtOnce)
        {
            var rows = size.From(start);
            var pixels = Normed(x + (long)start * dim, rows, normed);
            Project(pixels, 0, rows, shares);
            QuerySoftmax.Forward(shares, rows * features, headDim);
            var given = dY + (long)start * dim;
            if (endGain is not null)
            {
                Mix(shares, mixing, rows, mixed);
                RmsNormFunction.Gradients(mixed, endGain, given, mixed, to.EndGain, rows, dim);
                given = mixed;
            }
            AddRows(given, rows, dim, to.Bias);
            Gemm.Multiply(shares, 1, features, given, dim, byMixing, dim, features, rows, dim, add: start > 0);
            Gemm.Multiply(given, dim, 1, turned, features, byProjected, features, rows, dim, features, add: false);
            QuerySoftmax.Gradients(shares, byProjected, rows * features, headDim);
            Gemm.Multiply(byProjected, features, 1, weight, dim, to.Input + (long)start * dim, dim, rows, features, dim, add: false);
            Gemm.Multiply(byProjected, 1, features, pixels, dim, to.Weight, dim, features, rows, dim, add: start > 0);
        }

        for (var head = 0; head < size.Heads; head++)
        {
            long matrix = (long)head * headDim * dim, square = (long)head * headDim * headDim;
            Gemm.Multiply(byMixing + matrix, dim, 1, outWeight + head * headDim, features, byContext + square, headDim, headDim, dim, headDim, add: false);
            Gemm.Multiply(byMixing + matrix, 1, dim, context + square, headDim, to.OutWeight + head * headDim, features, dim, headDim, headDim, add: false);
        }
        MemoryTokens.Gradients(own, tokenShares, tokenValues, scale, byContext, offsets, to.Tokens, byValues, size);
        for (var at = 0; at < size.Tokens * features; at++)
            to.Tokens[(features + at % features) * size.Tokens + at / features] = byValues[at];
        // What the gradient by the mixing was in is free.
        var byMeans = byMixing;
        for (var head = 0; head < size.Heads; head++)
        {
            long matrix = (long)head * headDim * dim, square = (long)head * headDim * headDim;
            Gemm.Multiply(byContext + square, headDim, 1, weight + 2L * size.Matrix + matrix, dim, byMeans + matrix, dim, headDim, headDim, dim, add: false);
            Gemm.Multiply(byContext + square, 1, headDim, means + matrix, dim, to.Weight + 2L * size.Matrix + matrix, dim, headDim, headDim, dim, add: false);
        }

        SubtractProducts(means, byMeans, features, dim, offsets);
        Transposition.Matrix(byMeans, features, dim, turned);
        for (var start = 0; start < size.Positions; start += LinearAttentionSize.AtOnce)
        {
            var rows = size.From(start);
            float* from = x + (long)start * dim, byInput = to.Input + (long)start * dim;
            var pixels = Normed(from, rows, normed);
            Project(pixels, 1, rows, shares);
            Gemm.Multiply(pixels, dim, 1, turned, features, byProjected, features, rows, dim, features, add: false);
            KeySoftmax.Gradients(shares, byProjected, logSums, offsets, rows, features);
            Gemm.Multiply(shares, features, 1, byMeans, dim, byInput, dim, rows, features, dim, add: true);
            Gemm.Multiply(byProjected, features, 1, weight + size.Matrix, dim, byInput, dim, rows, features, dim, add: true);
            Gemm.Multiply(byProjected, 1, features, pixels, dim, to.Weight + size.Matrix, dim, features, rows, dim, add: start > 0);
            if (gain is not null)
                RmsNormFunction.Gradients(from, gain, byInput, byInput, to.Gain, rows, dim);
        }
    }

    /// <summary>The contexts, of the image's <paramref name="own"/> positions [features, headDim] and with the tokens', and the mixing [features, dim] that follows.</summary>
    private void Mixing(float* means, float* logSums, float* own, float* shares, float* context, float* mixing)
    {
        var (dim, features, headDim) = (size.Dim, size.Features, size.HeadDim);
        for (var first = 0; first < features; first += headDim)
            Gemm.Multiply(means + (long)first * dim, dim, 1, turnedWeight + 2 * features + first, 3 * features, own + (long)first * headDim, headDim, headDim, dim, headDim, add: false);
        MemoryTokens.Shares(logSums, tokenKeys, shares, size);
        MemoryTokens.Combine(own, shares, tokenValues, scale, context, size);
        for (var first = 0; first < features; first += headDim)
            Gemm.Multiply(context + (long)first * headDim, headDim, 1, turnedOut + (long)first * dim, dim, mixing + (long)first * dim, dim, headDim, headDim, dim, add: false);
    }

    private float* Normed(float* pixels, int rows, float* to)
    {
        if (gain is null)
            return pixels;
        RmsNormFunction.Scale(pixels, gain, to, rows, size.Dim);
        return to;
    }

    /// <summary>To queries (0) or keys (1).</summary>
    private void Project(float* pixels, int which, int rows, float* to) =>
        Gemm.Multiply(pixels, size.Dim, 1, turnedWeight + which * size.Features, 3 * size.Features, to, size.Features, rows, size.Dim, size.Features, add: false);

    private void Mix(float* shares, float* mixing, int rows, float* to)
    {
        for (var row = 0; row < rows; row++)
            new Span<float>(bias, size.Dim).CopyTo(new(to + row * size.Dim, size.Dim));
        Gemm.Multiply(shares, size.Features, 1, mixing, size.Dim, to, size.Dim, rows, size.Features, size.Dim, add: true);
    }

    private float* Scaled(Tensor? gains, float* to)
    {
        if (gains is null)
            return null;
        var from = TensorMemory.Of(gains);
        for (var channel = 0; channel < size.Dim; channel++)
            to[channel] = from[channel] * normScale;
        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(float* x, int rows, int columns, float* to)
    {
        for (var column = 0; column < columns; column += Gemm.Lanes)
        {
            var sum = Load(to + column);
            for (var row = 0; row < rows; row++)
                sum += Load(x + row * columns + column);
            sum.Store(to + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SubtractProducts(float* a, float* b, int rows, int columns, float* from)
    {
        for (var row = 0; row < rows; row++, a += columns, b += columns)
        {
            var product = Vector512<float>.Zero;
            for (var column = 0; column < columns; column += Gemm.Lanes)
                product = FusedMultiplyAdd(Load(a + column), Load(b + column), product);
            from[row] -= Sum(product);
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
