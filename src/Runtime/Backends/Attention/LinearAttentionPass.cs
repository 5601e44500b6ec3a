using UNetGen.Backends.Memory;
using UNetGen.Backends.Norms;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>What a forward pass keeps of each image for the backward pass, besides the image itself.</summary>
/// <param name="Means">softmax(X W_k^T)^T X, [batch, features, dim].</param>
/// <param name="LogSums">The logarithms of that softmax's sums, [batch, features].</param>
internal readonly record struct LinearAttentionKept(Tensor Means, Tensor LogSums);

/// <summary>
/// The forward or the backward pass of linear attention. With X the (normalised) pixels of an image, [pixels, dim], and W each head's
/// weights, y = norm(sum over the heads of softmax(X W_q^T) M + bias), where the mixing M = [(softmax(X W_k^T)^T X) W_v^T] W_out^T, with
/// 1/sqrt(d) and the memory tokens in it, is small, [headDim, dim]: neither v nor the output of the heads is ever made, nor do queries and
/// keys leave a core's nearest caches. The gradient makes the rest again from <see cref="LinearAttentionKept"/>.
/// </summary>
internal sealed unsafe partial class LinearAttentionPass<V>
    where V : unmanaged, IFloats<V>
{
    private const int AtOnce = LinearAttentionSize.AtOnce;

    // Whole groups that are computed at once, and few enough that they can be shared out.
    private const int PixelsInAPiece = 4 * AtOnce;

    private readonly LinearAttentionOperands operands;
    private readonly LinearAttentionSize size;
    private readonly float scale;
    private readonly float normScale;
    private readonly float* weight;
    private readonly float* outWeight;
    private readonly float* tokenKeys;
    private readonly float* bias;

    // [dim, 3 features], [features, dim], [batch, features, dim] and [tokens, features].
    private readonly float* turnedWeight;
    private readonly float* turnedOut;
    private readonly float* mixings;
    private readonly float* tokenValues;

    // Times the norms' constant; null without a norm.
    private readonly float* gain;
    private readonly float* endGain;

    /// <param name="operands">Images and weights.</param>
    /// <param name="heads">Of the features.</param>
    public LinearAttentionPass(LinearAttentionOperands operands, long heads)
    {
        this.operands = operands;
        size = new(operands.X, operands.OutWeight, operands.Memory, heads);
        var (dim, features, tokens) = (size.Dim, size.Features, size.Tokens);
        (scale, normScale) = (1 / MathF.Sqrt(size.HeadDim), MathF.Sqrt(dim));
        weight = TensorMemory.Of(operands.Weight);
        outWeight = TensorMemory.Of(operands.OutWeight);
        tokenKeys = TensorMemory.Of(operands.Memory);
        bias = TensorMemory.Of(operands.OutBias);
        turnedWeight = Scratch.TakeForAll((4L + size.Batch) * size.Matrix + 2 * dim + tokens * features);
        turnedOut = turnedWeight + 3L * size.Matrix;
        mixings = turnedOut + size.Matrix;
        var gains = mixings + (long)size.Batch * size.Matrix;
        tokenValues = gains + 2 * dim;
        Transposition.Matrix<V>(weight, 3 * features, dim, turnedWeight);
        Transposition.Matrix<V>(outWeight, dim, features, turnedOut);
        gain = Scaled(operands.Gain, gains);
        endGain = Scaled(operands.EndGain, gains + dim);
        for (var at = 0; at < tokens * features; at++)
            tokenValues[at] = tokenKeys[(features + at % features) * tokens + at / features];
    }

    /// <summary>The block's result.</summary>
    /// <param name="kept">For <see cref="Backward(Tensor, LinearAttentionKept)"/>.</param>
    /// <returns>[batch, dim, height, width], channels together.</returns>
    public Tensor Forward(out LinearAttentionKept kept)
    {
        var result = TensorMemory.EmptyImages(size.Batch, size.Dim, size.Height, size.Width);
        kept = new(ImageMemory.Empty(size.Batch, size.Features, size.Dim), empty(size.Batch, size.Features));
        float* x = TensorMemory.OfImages(operands.X), y = TensorMemory.OfImages(result);
        float* means = TensorMemory.Of(kept.Means), logSums = TensorMemory.Of(kept.LogSums);
        if (size.Batch >= get_num_threads())
        {
            Workers.Run(size.Batch, image =>
            {
                Keys(image, 0, size.Heads);
                Queries(image, 0, size.Positions);
            });
        }
        else
        {
            // Few images are shared out by heads, then by pixels. The numbers are the same: no head sees another, and no pixel another's
            // query.
            Workers.Run(size.Batch * size.Heads, part => Keys(part / size.Heads, part % size.Heads, 1));
            var pieces = (size.Positions + PixelsInAPiece - 1) / PixelsInAPiece;
            Workers.Run(size.Batch * pieces, part => Queries(part / pieces, part % pieces * PixelsInAPiece, PixelsInAPiece));
        }
        GC.KeepAlive(operands);
        return result;

        void Keys(int image, int head, int heads)
        {
            var feature = head * size.HeadDim;
            Mixing(
                x + (long)image * size.Positions * size.Dim,
                feature,
                heads * size.HeadDim,
                means + (long)image * size.Matrix + feature * size.Dim,
                logSums + (long)image * size.Features + feature,
                mixings + (long)image * size.Matrix + feature * size.Dim);
        }

        void Queries(int image, int first, int count)
        {
            var start = ((long)image * size.Positions + first) * size.Dim;
            Mixed(x + start, Math.Min(count, size.Positions - first), mixings + (long)image * size.Matrix, y + start);
        }
    }

    /// <summary>The mixing of an image for some of its heads.</summary>
    /// <param name="x">The image's pixels.</param>
    /// <param name="feature">The heads' first feature.</param>
    /// <param name="count">Their features.</param>
    /// <param name="means">[<paramref name="count"/>, dim], to be written.</param>
    /// <param name="logSums">[<paramref name="count"/>], to be written.</param>
    /// <param name="mixing">[<paramref name="count"/>, dim], to be written.</param>
    private void Mixing(float* x, int feature, int count, float* means, float* logSums, float* mixing)
    {
        var dim = size.Dim;
        float* normed = Scratch.Take(AtOnce * (dim + count) + 2L * count * size.HeadDim + (2L + size.Tokens) * count);
        float* projected = normed + AtOnce * dim, own = projected + AtOnce * count, context = own + count * size.HeadDim;
        float* total = context + count * size.HeadDim, shares = total + count;
        new Span<float>(means, count * dim).Clear();
        new Span<float>(logSums, count).Fill(float.NegativeInfinity);
        new Span<float>(total, count).Clear();
        for (var start = 0; start < size.Positions; start += AtOnce)
        {
            var rows = size.From(start);
            var pixels = Normed(x + (long)start * dim, rows, normed);
            Gemm<V>.Multiply(
                pixels, dim, 1, turnedWeight + size.Features + feature, 3 * size.Features, projected, count, rows, dim, count, add: false);
            KeySoftmax<V>.Exponentials(projected, rows, count, logSums, total, means, dim);
            Gemm<V>.Multiply(projected, 1, count, pixels, dim, means, dim, count, rows, dim, add: true);
        }
        KeySoftmax<V>.Finish(logSums, total, means, count, dim);
        Mixing(feature, count, means, logSums, own, shares, context, mixing);
    }

    /// <summary>Some of an image's pixels, mixed.</summary>
    /// <param name="x">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="mixing">Of the image, [features, dim].</param>
    /// <param name="y">The first result.</param>
    private void Mixed(float* x, int count, float* mixing, float* y)
    {
        float* normed = Scratch.Take(AtOnce * (long)(size.Dim + size.Features)), projected = normed + AtOnce * size.Dim;
        for (var end = x + (long)count * size.Dim; x < end; x += AtOnce * size.Dim, y += AtOnce * size.Dim)
        {
            var rows = (int)Math.Min(AtOnce, (end - x) / size.Dim);
            Project(Normed(x, rows, normed), 0, rows, projected);
            QuerySoftmax<V>.Forward(projected, rows * size.Features, size.HeadDim);
            Mix(projected, mixing, rows, y);
            if (endGain is not null)
                RmsNorm<V>.Scale(y, endGain, y, rows, size.Dim);
        }
    }

    /// <summary>
    /// Some heads' contexts, of the image's <paramref name="own"/> positions [count, headDim] and with the tokens', and the mixing [count,
    /// dim] that follows.
    /// </summary>
    private void Mixing(int feature, int count, float* means, float* logSums, float* own, float* shares, float* context, float* mixing)
    {
        var (dim, features, headDim) = (size.Dim, size.Features, size.HeadDim);
        var valueWeight = turnedWeight + 2 * features + feature;
        for (var first = 0; first < count; first += headDim)
        {
            Gemm<V>.Multiply(
                means + (long)first * dim, dim, 1, valueWeight + first, 3 * features, own + (long)first * headDim, headDim, headDim, dim,
                headDim, add: false);
        }
        MemoryTokens<V>.Shares(logSums, tokenKeys + feature * size.Tokens, shares, count, size.Tokens);
        MemoryTokens<V>.Combine(own, shares, tokenValues + feature, scale, context, count, size);
        for (var first = 0; first < count; first += headDim)
        {
            Gemm<V>.Multiply(
                context + (long)first * headDim, headDim, 1, turnedOut + (long)(feature + first) * dim, dim,
                mixing + (long)first * dim, dim, headDim, headDim, dim, add: false);
        }
    }

    private float* Normed(float* pixels, int rows, float* to)
    {
        if (gain is null)
            return pixels;
        RmsNorm<V>.Scale(pixels, gain, to, rows, size.Dim);
        return to;
    }

    /// <summary>To queries (0) or keys (1).</summary>
    private void Project(float* pixels, int which, int rows, float* to) =>
        Gemm<V>.Multiply(
            pixels, size.Dim, 1, turnedWeight + which * size.Features, 3 * size.Features, to, size.Features, rows, size.Dim, size.Features,
            add: false);

    private void Mix(float* shares, float* mixing, int rows, float* to)
    {
        for (var row = 0; row < rows; row++)
            new Span<float>(bias, size.Dim).CopyTo(new(to + row * size.Dim, size.Dim));
        Gemm<V>.Multiply(shares, size.Features, 1, mixing, size.Dim, to, size.Dim, rows, size.Features, size.Dim, add: true);
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
}
