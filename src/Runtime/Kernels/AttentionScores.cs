using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>Rows of attention's scores, a number for each key, filled up to whole registers: the columns beyond the keys count nothing.</summary>
internal static unsafe class AttentionScores
{
    /// <summary>The softmax of each row, in place. The logarithms of the sums go to <paramref name="logSums"/>, unless it is null.</summary>
    public static void Softmax(float* scores, int rows, int keys, int columns, float* logSums)
    {
        for (var row = 0; row < rows; row++, scores += columns)
        {
            new Span<float>(scores + keys, columns - keys).Fill(float.MinValue);
            var most = Load(scores);
            for (var at = Gemm.Lanes; at < columns; at += Gemm.Lanes)
                most = Max(most, Load(scores + at));
            var greatest = Elementary.Greatest(most);
            var total = Vector512<float>.Zero;
            for (var at = 0; at < columns; at += Gemm.Lanes)
            {
                var exponential = Elementary.Exp(Load(scores + at) - Create(greatest));
                exponential.Store(scores + at);
                total += exponential;
            }
            var sum = Sum(total);
            Scale(scores, columns, 1 / sum);
            if (logSums is not null)
                logSums[row] = greatest + MathF.Log(sum);
        }
    }

    /// <summary>Scores become the softmax's shares p, gradients g by the shares those by the scores, p (g - sum of p g).</summary>
    public static void Gradients(float* scores, float* gradients, float* logSums, int rows, int keys, int columns)
    {
        for (var row = 0; row < rows; row++, scores += columns, gradients += columns)
        {
            new Span<float>(scores + keys, columns - keys).Fill(float.MinValue);
            var logSum = Create(logSums[row]);
            var total = Vector512<float>.Zero;
            for (var at = 0; at < columns; at += Gemm.Lanes)
            {
                var share = Elementary.Exp(Load(scores + at) - logSum);
                share.Store(scores + at);
                total = FusedMultiplyAdd(share, Load(gradients + at), total);
            }
            var mean = Create(Sum(total));
            for (var at = 0; at < columns; at += Gemm.Lanes)
                (Load(scores + at) * (Load(gradients + at) - mean)).Store(gradients + at);
        }
    }

    /// <summary>x times a number, in place.</summary>
    public static void Scale(float* x, long count, float factor)
    {
        for (var at = 0L; at < count; at += Gemm.Lanes)
            (Load(x + at) * factor).Store(x + at);
    }
}
