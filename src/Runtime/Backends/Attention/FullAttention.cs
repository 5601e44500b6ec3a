using System.Runtime.CompilerServices;
using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>
/// Attention between all pixels of an image, softmax(q k^T / sqrt(d)) v of each head, with q, k and v projected from the pixels: all that
/// lies between stays in a core's cache. What the gradient needs of it are the logarithms of the softmaxes' sums; it makes the rest again
/// (Dao et al. 2022, "FlashAttention", section 3.2).
/// </summary>
internal sealed unsafe class FullAttention<V> : KernelFunction<FullAttention<V>>
    where V : unmanaged, IFloats<V>
{
    // Of a matrix of an image's keys: what is kept of an image besides has a few times its size.
    private const long MostFloats = 1 << 18;

    /// <summary>
    /// Whether there is a kernel for this: float32 on this processor, everything in whole registers, and images whose keys stay in a core's
    /// cache.
    /// </summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the queries, [heads * d, dim]; those of keys and values are as large.</param>
    /// <param name="heads">Of the features.</param>
    public static bool Fits(Tensor pixels, Tensor weight, long heads)
    {
        if (pixels.device_type != DeviceType.CPU || pixels.dtype != ScalarType.Float32 || weight.dtype != ScalarType.Float32)
            return false;
        var (positions, dim, features) = (pixels.size(1), pixels.size(2), weight.size(0));
        return positions % Gemm<V>.Unit == 0 && dim % Gemm<V>.Unit == 0 && features / heads % Gemm<V>.Unit == 0
            && positions * features <= MostFloats && TensorMemory.IsWithinReach(pixels.size(0) * positions * Math.Max(dim, features));
    }

    /// <summary>What the heads put out, beside each other.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weights">Of queries, keys and values, each [heads * d, dim].</param>
    /// <param name="biases">Of the three, each [heads * d]; or null.</param>
    /// <param name="memory">Further keys and values, [2, heads, tokens, d]; or null.</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, positions, heads * d].</returns>
    public static Tensor Attend(Tensor pixels, Tensor[] weights, Tensor[]? biases, Tensor? memory, long heads)
    {
        using var scope = NewDisposeScope();
        var x = pixels.contiguous();
        Tensor[] w = [.. weights.Select(weight => weight.contiguous())];
        var tokens = memory?.contiguous();
        var result = is_grad_enabled()
            ? Run(x, w[0], w[1], w[2], biases?[0], biases?[1], biases?[2], tokens, heads)
            : Forward(x, w, biases, tokens, heads, sums: null);
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (pixels, weights, memory, heads) = (
            (Tensor)vars[0], new[] { (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3] }, (Tensor?)vars[7], (long)vars[8]);
        var biases = vars[4] is null ? null : new[] { (Tensor)vars[4], (Tensor)vars[5], (Tensor)vars[6] };
        var sums = empty(pixels.size(0), heads, pixels.size(1));
        ctx.save_for_backward([pixels, .. weights, (Tensor)vars[4], (Tensor)vars[5], (Tensor)vars[6], memory!, sums]);
        ctx.save_data(nameof(heads), heads);
        return Forward(pixels, weights, biases, memory, heads, sums);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (pixels, weights, memory, sums) = (saved[0], saved[1..4].ToArray(), (Tensor?)saved[7], saved[8]);
        var biases = saved[4] is null ? null : saved[4..7].ToArray();
        var size = new AttentionSize<V>(pixels, weights[0], memory, (long)context.get_data("heads"));
        var incoming = gradient.contiguous();
        Tensor byPixels = ImageMemory.Empty(size.Batch, size.Positions, size.Dim);
        Tensor byWeights = empty([size.Batch, 3, size.Features, size.Dim]), byBiases = empty(size.Batch, 3, size.Features);
        var byMemory = memory is null ? null : empty([size.Batch, .. memory.shape]);
        float* x = TensorMemory.Of(pixels), dY = TensorMemory.Of(incoming), dX = TensorMemory.Of(byPixels), dW = TensorMemory.Of(byWeights);
        float* dB = TensorMemory.Of(byBiases);
        float* tokens = TensorMemory.Of(memory), dTokens = TensorMemory.Of(byMemory), logSums = TensorMemory.Of(sums);
        float* wQ = TensorMemory.Of(weights[0]), wK = TensorMemory.Of(weights[1]), wV = TensorMemory.Of(weights[2]);
        var layers = new AttentionProjections<V>(weights, biases, size);
        Workers.Run(size.Batch, image =>
        {
            var (matrix, block, features) = (
                (long)size.Columns * size.Features, (long)AttentionSize<V>.RowsAtOnce * size.Columns, size.Features);
            float* q = Scratch.Take(7 * matrix + 2 * block), k = q + matrix, kT = k + matrix, vT = kT + matrix, dQ = vT + matrix;
            float* dK = dQ + matrix, dV = dK + matrix;
            float* shares = dV + matrix, dScores = shares + block;
            float* from = x + (long)image * size.Positions * size.Dim, given = dY + (long)image * size.Positions * features;
            layers.Queries(from, size.Positions, 0, features, q);
            layers.Keys(from, tokens, 0, features, k);
            layers.Values(from, tokens, 0, features, dV);
            Transposition.Matrix<V>(k, size.Columns, features, kT);
            Transposition.Matrix<V>(dV, size.Columns, features, vT);
            for (var head = 0; head < size.Heads; head++)
            {
                var first = head * size.HeadDim;
                var sum = logSums + ((long)image * size.Heads + head) * size.Positions;
                for (var row = 0; row < size.Positions; row += AttentionSize<V>.RowsAtOnce)
                {
                    var rows = Math.Min(AttentionSize<V>.RowsAtOnce, size.Positions - row);
                    float* queries = q + (long)row * features + first, dRows = given + (long)row * features + first;
                    Gemm<V>.Multiply(
                        queries, features, 1, kT + (long)first * size.Columns, size.Columns, shares, size.Columns, rows, size.HeadDim,
                        size.Columns, add: false);
                    Gemm<V>.Multiply(
                        dRows, features, 1, vT + (long)first * size.Columns, size.Columns, dScores, size.Columns, rows, size.HeadDim,
                        size.Columns, add: false);
                    AttentionScores<V>.Gradients(shares, dScores, sum + row, rows, size.Keys, size.Columns);
                    Gemm<V>.Multiply(
                        dScores, size.Columns, 1, k + first, features, dQ + (long)row * features + first, features, rows, size.Keys,
                        size.HeadDim, add: false);
                    Gemm<V>.Multiply(
                        dScores, 1, size.Columns, queries, features, dK + first, features, size.Columns, rows, size.HeadDim, add: row > 0);
                    Gemm<V>.Multiply(
                        shares, 1, size.Columns, dRows, features, dV + first, features, size.Columns, rows, size.HeadDim, add: row > 0);
                }
            }

            AttentionScores<V>.Scale(dQ, (long)size.Positions * features, size.Factor);
            if (tokens is not null)
                TokenGradients(dK, dV, dTokens + 2L * image * features * size.Tokens, size);
            float* byWeight = dW + 3L * image * features * size.Dim, byBias = dB + 3L * image * features;
            Back(dQ, wQ, 0, add: false);
            Back(dK, wK, 1, add: true);
            Back(dV, wV, 2, add: true);

            void Back(float* d, float* weight, int which, bool add)
            {
                Gemm<V>.Multiply(
                    d, features, 1, weight, size.Dim, dX + (long)image * size.Positions * size.Dim, size.Dim, size.Positions, features,
                    size.Dim, add);
                Gemm<V>.Multiply(
                    d, 1, features, from, size.Dim, byWeight + (long)which * features * size.Dim, size.Dim, features, size.Positions,
                    size.Dim, add: false);
                ColumnSums(d, size.Positions, features, byBias + which * features);
            }
        });
        var (ofWeights, ofBiases) = (byWeights.sum(dim: 0).unbind(), biases is null ? new Tensor?[3] : byBiases.sum(dim: 0).unbind());
        return [byPixels, .. ofWeights, .. ofBiases, byMemory?.sum(dim: 0), null];
    }

    private static Tensor Forward(Tensor pixels, Tensor[] weights, Tensor[]? biases, Tensor? memory, long heads, Tensor? sums)
    {
        var size = new AttentionSize<V>(pixels, weights[0], memory, heads);
        var result = ImageMemory.Empty(size.Batch, size.Positions, size.Features);
        float* x = TensorMemory.Of(pixels), y = TensorMemory.Of(result), tokens = TensorMemory.Of(memory), logSums = TensorMemory.Of(sums);
        var layers = new AttentionProjections<V>(weights, biases, size);
        // Few images are shared out by heads too.
        var pieces = size.Batch < get_num_threads() ? size.Heads : 1;
        var (atOnce, count) = (size.Heads / pieces, size.Features / pieces);
        Workers.Run(size.Batch * pieces, part =>
        {
            var (image, head) = (part / pieces, part % pieces * atOnce);
            var (matrix, feature) = ((long)size.Columns * count, head * size.HeadDim);
            float* kT = Scratch.Take(2 * matrix + AttentionSize<V>.RowsAtOnce * (long)(count + size.Columns)), v = kT + matrix;
            float* q = v + matrix, scores = q + AttentionSize<V>.RowsAtOnce * count;
            var from = x + (long)image * size.Positions * size.Dim;
            layers.Keys(from, tokens, feature, count, v);
            Transposition.Matrix<V>(v, size.Columns, count, kT);
            layers.Values(from, tokens, feature, count, v);
            for (var row = 0; row < size.Positions; row += AttentionSize<V>.RowsAtOnce)
            {
                var rows = Math.Min(AttentionSize<V>.RowsAtOnce, size.Positions - row);
                layers.Queries(from + (long)row * size.Dim, rows, feature, count, q);
                for (var at = 0; at < atOnce; at++)
                {
                    var first = at * size.HeadDim;
                    var to = y + ((long)image * size.Positions + row) * size.Features + feature + first;
                    var sum = logSums is null ? null : logSums + ((long)image * size.Heads + head + at) * size.Positions + row;
                    Gemm<V>.Multiply(
                        q + first, count, 1, kT + (long)first * size.Columns, size.Columns, scores, size.Columns, rows, size.HeadDim,
                        size.Columns, add: false);
                    AttentionScores<V>.Softmax(scores, rows, size.Keys, size.Columns, sum);
                    Gemm<V>.Multiply(
                        scores, size.Columns, 1, v + first, count, to, size.Features, rows, size.Keys, size.HeadDim, add: false);
                }
            }
        });
        GC.KeepAlive((pixels, weights, biases, memory));
        return result;
    }

    private static void TokenGradients(float* dK, float* dV, float* to, in AttentionSize<V> size)
    {
        for (var part = 0; part < 2; part++)
        {
            for (var head = 0; head < size.Heads; head++)
            {
                for (var token = 0; token < size.Tokens; token++, to += size.HeadDim)
                {
                    var row = (part == 0 ? dK : dV) + (long)(size.Positions + token) * size.Features + head * size.HeadDim;
                    new Span<float>(row, size.HeadDim).CopyTo(new(to, size.HeadDim));
                }
            }
        }
    }

    [MethodImpl(Compiled.Loop)]
    private static void ColumnSums(float* x, int rows, int columns, float* to)
    {
        for (var column = 0; column < columns; column += V.Lanes)
        {
            var sum = V.Zero;
            for (var row = 0; row < rows; row++)
                sum += V.Load(x + (long)row * columns + column);
            sum.Store(to + column);
        }
    }
}
