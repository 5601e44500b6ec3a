using System.Runtime.Intrinsics;
using TorchSharp;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// Attention between all pixels of an image, softmax(q k^T / sqrt(d)) v of each head, with q, k and v projected from the pixels: all that lies between stays in a core's cache. What the gradient needs of it
/// are the logarithms of the softmaxes' sums; it makes the rest again (Dao et al. 2022, "FlashAttention", section 3.2).
/// </summary>
internal sealed unsafe class FullAttention : KernelFunction<FullAttention>
{
    // Of a matrix of an image's keys: what is kept of an image besides has a few times its size.
    private const long MostFloats = 1 << 18;

    /// <summary>Whether there is a kernel for this: float32 on this processor, everything in whole registers, and images whose keys stay in a core's cache.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the queries, [heads * d, dim]; those of keys and values are as large.</param>
    /// <param name="heads">Of the features.</param>
    public static bool Fits(Tensor pixels, Tensor weight, long heads)
    {
        if (!Transposition.IsSupported || pixels.device_type != DeviceType.CPU || pixels.dtype != ScalarType.Float32 || weight.dtype != ScalarType.Float32)
            return false;
        var (positions, dim, features) = (pixels.size(1), pixels.size(2), weight.size(0));
        return positions % Gemm.Lanes == 0 && dim % Gemm.Lanes == 0 && features / heads % Gemm.Lanes == 0
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
        var (pixels, weights, memory, heads) = ((Tensor)vars[0], new[] { (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3] }, (Tensor?)vars[7], (long)vars[8]);
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
        var size = new AttentionSize(pixels, weights[0], memory, (long)context.get_data("heads"));
        var incoming = gradient.contiguous();
        Tensor byPixels = ImageMemory.Empty(size.Batch, size.Positions, size.Dim), byWeights = empty([size.Batch, 3, size.Features, size.Dim]), byBiases = empty(size.Batch, 3, size.Features);
        var byMemory = memory is null ? null : empty([size.Batch, .. memory.shape]);
        float* x = TensorMemory.Of(pixels), dY = TensorMemory.Of(incoming), dX = TensorMemory.Of(byPixels), dW = TensorMemory.Of(byWeights), dB = TensorMemory.Of(byBiases);
        float* tokens = TensorMemory.Of(memory), dTokens = TensorMemory.Of(byMemory), logSums = TensorMemory.Of(sums);
        float* wQ = TensorMemory.Of(weights[0]), wK = TensorMemory.Of(weights[1]), wV = TensorMemory.Of(weights[2]);
        var layers = new AttentionProjections(weights, biases, size);
        Workers.Run(size.Batch, image =>
        {
            var (matrix, block, features) = ((long)size.Columns * size.Features, (long)AttentionSize.RowsAtOnce * size.Columns, size.Features);
            float* q = Scratch.Take(7 * matrix + 2 * block), k = q + matrix, kT = k + matrix, vT = kT + matrix, dQ = vT + matrix, dK = dQ + matrix, dV = dK + matrix;
            float* shares = dV + matrix, dScores = shares + block;
            float* from = x + (long)image * size.Positions * size.Dim, given = dY + (long)image * size.Positions * features;
            layers.Queries(from, size.Positions, q);
            layers.Keys(from, tokens, k);
            layers.Values(from, tokens, dV);
            Transposition.Matrix(k, size.Columns, features, kT);
            Transposition.Matrix(dV, size.Columns, features, vT);
            for (var head = 0; head < size.Heads; head++)
            {
                var first = head * size.HeadDim;
                var sum = logSums + ((long)image * size.Heads + head) * size.Positions;
                for (var row = 0; row < size.Positions; row += AttentionSize.RowsAtOnce)
                {
                    var rows = Math.Min(AttentionSize.RowsAtOnce, size.Positions - row);
                    float* queries = q + (long)row * features + first, dRows = given + (long)row * features + first;
                    Gemm.Multiply(queries, features, 1, kT + (long)first * size.Columns, size.Columns, shares, size.Columns, rows, size.HeadDim, size.Columns, add: false);
                    Gemm.Multiply(dRows, features, 1, vT + (long)first * size.Columns, size.Columns, dScores, size.Columns, rows, size.HeadDim, size.Columns, add: false);
                    AttentionScores.Gradients(shares, dScores, sum + row, rows, size.Keys, size.Columns);
                    Gemm.Multiply(dScores, size.Columns, 1, k + first, features, dQ + (long)row * features + first, features, rows, size.Keys, size.HeadDim, add: false);
                    Gemm.Multiply(dScores, 1, size.Columns, queries, features, dK + first, features, size.Columns, rows, size.HeadDim, add: row > 0);
                    Gemm.Multiply(shares, 1, size.Columns, dRows, features, dV + first, features, size.Columns, rows, size.HeadDim, add: row > 0);
                }
            }

            AttentionScores.Scale(dQ, (long)size.Positions * features, size.Factor);
            if (tokens is not null)
                TokenGradients(dK, dV, dTokens + 2L * image * features * size.Tokens, size);
            float* byWeight = dW + 3L * image * features * size.Dim, byBias = dB + 3L * image * features;
            Back(dQ, wQ, 0, add: false);
            Back(dK, wK, 1, add: true);
            Back(dV, wV, 2, add: true);

            void Back(float* d, float* weight, int which, bool add)
            {
                Gemm.Multiply(d, features, 1, weight, size.Dim, dX + (long)image * size.Positions * size.Dim, size.Dim, size.Positions, features, size.Dim, add);
                Gemm.Multiply(d, 1, features, from, size.Dim, byWeight + (long)which * features * size.Dim, size.Dim, features, size.Positions, size.Dim, add: false);
                ColumnSums(d, size.Positions, features, byBias + which * features);
            }
        });
        var (ofWeights, ofBiases) = (byWeights.sum(dim: 0).unbind(), biases is null ? new Tensor?[3] : byBiases.sum(dim: 0).unbind());
        return [byPixels, .. ofWeights, .. ofBiases, byMemory?.sum(dim: 0), null];
    }

    private static Tensor Forward(Tensor pixels, Tensor[] weights, Tensor[]? biases, Tensor? memory, long heads, Tensor? sums)
    {
        var size = new AttentionSize(pixels, weights[0], memory, heads);
        var result = ImageMemory.Empty(size.Batch, size.Positions, size.Features);
        float* x = TensorMemory.Of(pixels), y = TensorMemory.Of(result), tokens = TensorMemory.Of(memory), logSums = TensorMemory.Of(sums);
        var layers = new AttentionProjections(weights, biases, size);
        Workers.Run(size.Batch, image =>
        {
            var (matrix, features) = ((long)size.Columns * size.Features, size.Features);
            float* kT = Scratch.Take(2 * matrix + AttentionSize.RowsAtOnce * (features + size.Columns)), v = kT + matrix, q = v + matrix, scores = q + AttentionSize.RowsAtOnce * features;
            var from = x + (long)image * size.Positions * size.Dim;
            layers.Keys(from, tokens, v);
            Transposition.Matrix(v, size.Columns, features, kT);
            layers.Values(from, tokens, v);
            for (var row = 0; row < size.Positions; row += AttentionSize.RowsAtOnce)
            {
                var rows = Math.Min(AttentionSize.RowsAtOnce, size.Positions - row);
                layers.Queries(from + (long)row * size.Dim, rows, q);
                for (var head = 0; head < size.Heads; head++)
                {
                    var first = head * size.HeadDim;
                    var to = y + ((long)image * size.Positions + row) * features + first;
                    Gemm.Multiply(q + first, features, 1, kT + (long)first * size.Columns, size.Columns, scores, size.Columns, rows, size.HeadDim, size.Columns, add: false);
                    AttentionScores.Softmax(scores, rows, size.Keys, size.Columns, logSums is null ? null : logSums + ((long)image * size.Heads + head) * size.Positions + row);
                    Gemm.Multiply(scores, size.Columns, 1, v + first, features, to, features, rows, size.Keys, size.HeadDim, add: false);
                }
            }
        });
        GC.KeepAlive((pixels, weights, biases, memory));
        return result;
    }

    private static void TokenGradients(float* dK, float* dV, float* to, in AttentionSize size)
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

    private static void ColumnSums(float* x, int rows, int columns, float* to)
    {
        for (var column = 0; column < columns; column += Gemm.Lanes)
        {
            var sum = Vector512<float>.Zero;
            for (var row = 0; row < rows; row++)
                sum += Load(x + (long)row * columns + column);
            sum.Store(to + column);
        }
    }
}
