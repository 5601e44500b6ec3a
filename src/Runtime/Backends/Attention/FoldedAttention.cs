using System.Runtime.CompilerServices;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>
/// A whole block of attention with one head, where no gradient is asked for: residual + W_o softmax(q k^T / sqrt(d)) v + b_o with two
/// projections of each pixel instead of four. What keys and queries are projected with meets in one product, q_i . k_j = (W_k^T (W_q x_i +
/// b_q)) . x_j + a number that is the same for all keys, which the softmax doesn't see; and as shares add up to 1, W_o sum_j p_ij (W_v x_j
/// + b_v) + b_o = W_o W_v sum_j p_ij x_j + W_o b_v + b_o. So the pixels themselves are keys and values.
/// </summary>
internal static unsafe class FoldedAttention<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>
    /// Whether this computes less than <see cref="FullAttention{V}"/>, also for a single image: from as many positions on as there are
    /// channels.
    /// </summary>
    /// <param name="pixels">[batch, positions, dim], as <see cref="FullAttention{V}.Fits"/> asks.</param>
    /// <param name="residual">[batch, positions, dim]; of other numbers than the pixels it is added by libtorch.</param>
    /// <param name="heads">Of the features.</param>
    public static bool Fits(Tensor pixels, Tensor residual, long heads) =>
        heads == 1 && !is_grad_enabled() && residual.dtype == pixels.dtype && pixels.size(1) >= pixels.size(2);

    /// <summary>The block's result.</summary>
    /// <param name="pixels">[batch, positions, dim], normalised.</param>
    /// <param name="residual">[batch, positions, dim].</param>
    /// <param name="query">W_q, [dim, dim], and b_q, [dim].</param>
    /// <param name="key">Of the same shapes, as all that follow: W_k and b_k.</param>
    /// <param name="value">W_v and b_v.</param>
    /// <param name="output">W_o and b_o.</param>
    /// <returns>[batch, positions, dim].</returns>
    public static Tensor Attend(
        Tensor pixels, Tensor residual, (Tensor Weight, Tensor Bias) query, (Tensor Weight, Tensor Bias) key,
        (Tensor Weight, Tensor Bias) value, (Tensor Weight, Tensor Bias) output)
    {
        using var scope = NewDisposeScope();
        Tensor x = pixels.contiguous(), beside = residual.contiguous();
        var size = new AttentionSize<V>(x, query.Weight, null, heads: 1);
        var (positions, dim) = (size.Positions, size.Dim);
        // Pixels are rows, so that both stand on their right.
        Tensor scored = query.Weight.t().mm(key.Weight).mul_(Number.Of(size.Factor));
        Tensor scoredBias = query.Bias.unsqueeze(0).mm(key.Weight).mul_(Number.Of(size.Factor));
        Tensor mixed = value.Weight.t().mm(output.Weight.t()).contiguous();
        Tensor mixedBias = nn.functional.linear(value.Bias, output.Weight, output.Bias);
        var result = ImageMemory.Empty(size.Batch, positions, dim);
        float* from = TensorMemory.Of(x), added = TensorMemory.Of(beside), to = TensorMemory.Of(result);
        float* byQuery = TensorMemory.Of(scored), queryBias = TensorMemory.Of(scoredBias), byValue = TensorMemory.Of(mixed);
        float* valueBias = TensorMemory.Of(mixedBias);
        // A few images are shared out by their rows, for each of which the keys are turned again.
        var blocks = (positions + AttentionSize<V>.RowsAtOnce - 1) / AttentionSize<V>.RowsAtOnce;
        var pieces = Math.Min(blocks, Math.Max(1, get_num_threads() / size.Batch));
        Workers.Run(size.Batch * pieces, part =>
        {
            var (image, piece) = (part / pieces, part % pieces);
            var start = (long)image * positions * dim;
            float* keys = Scratch.Take((long)positions * dim + AttentionSize<V>.RowsAtOnce * (long)(dim + positions));
            float* rows = keys + (long)positions * dim, scores = rows + AttentionSize<V>.RowsAtOnce * (long)dim;
            Transposition.Matrix<V>(from + start, positions, dim, keys);
            for (var block = piece * blocks / pieces; block < (piece + 1) * blocks / pieces; block++)
            {
                var count = Math.Min(AttentionSize<V>.RowsAtOnce, positions - block * AttentionSize<V>.RowsAtOnce);
                var first = start + (long)block * AttentionSize<V>.RowsAtOnce * dim;
                Fill(rows, null, queryBias, count, dim);
                Gemm<V>.Multiply(from + first, dim, 1, byQuery, dim, rows, dim, count, dim, dim, add: true);
                Gemm<V>.Multiply(rows, dim, 1, keys, positions, scores, positions, count, dim, positions, add: false);
                AttentionScores<V>.Softmax(scores, count, positions, positions, logSums: null);
                Gemm<V>.Multiply(scores, positions, 1, from + start, dim, rows, dim, count, positions, dim, add: false);
                Fill(to + first, added + first, valueBias, count, dim);
                Gemm<V>.Multiply(rows, dim, 1, byValue, dim, to + first, dim, count, dim, dim, add: true);
            }
        });
        GC.KeepAlive((pixels, residual));
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Rows of the bias, each added to a row of <paramref name="added"/> unless it is null.</summary>
    [MethodImpl(Compiled.Loop)]
    private static void Fill(float* rows, float* added, float* bias, int count, int dim)
    {
        for (var row = 0; row < count; row++, rows += dim)
        {
            for (var channel = 0; channel < dim; channel += V.Lanes)
                (added is null ? V.Load(bias + channel) : V.Load(bias + channel) + V.Load(added + (long)row * dim + channel)).Store(
                    rows + channel);
        }
    }
}
