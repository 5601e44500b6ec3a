using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Attention;

/// <summary>
/// Rows of attention's scores, a number for each key, filled up to whole registers: the columns beyond the keys count nothing.
/// </summary>
internal static unsafe class AttentionScores<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>
    /// The softmax of each row, in place. The logarithms of the sums go to <paramref name="logSums"/>, unless it is null.
    /// </summary>
    [MethodImpl(Compiled.Loop)]
    public static void Softmax(float* scores, int rows, int keys, int columns, float* logSums)
    {
        for (var row = 0; row < rows; row++, scores += columns)
        {
            new Span<float>(scores + keys, columns - keys).Fill(float.MinValue);
            var most = V.Load(scores);
            for (var at = V.Lanes; at < columns; at += V.Lanes)
                most = V.Max(most, V.Load(scores + at));
            var greatest = V.Greatest(most);
            var total = V.Zero;
            for (var at = 0; at < columns; at += V.Lanes)
            {
                var exponential = Elementary.Exp(V.Load(scores + at) - V.Create(greatest));
                exponential.Store(scores + at);
                total += exponential;
            }
            var sum = V.Sum(total);
            Scale(scores, columns, 1 / sum);
            if (logSums is not null)
                logSums[row] = greatest + MathF.Log(sum);
        }
    }

    /// <summary>Scores become the softmax's shares p, gradients g by the shares those by the scores, p (g - sum of p g).</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Gradients(float* scores, float* gradients, float* logSums, int rows, int keys, int columns)
    {
        for (var row = 0; row < rows; row++, scores += columns, gradients += columns)
        {
            new Span<float>(scores + keys, columns - keys).Fill(float.MinValue);
            var logSum = V.Create(logSums[row]);
            var total = V.Zero;
            for (var at = 0; at < columns; at += V.Lanes)
            {
                var share = Elementary.Exp(V.Load(scores + at) - logSum);
                share.Store(scores + at);
                total = V.MultiplyAdd(share, V.Load(gradients + at), total);
            }
            var mean = V.Create(V.Sum(total));
            for (var at = 0; at < columns; at += V.Lanes)
                (V.Load(scores + at) * (V.Load(gradients + at) - mean)).Store(gradients + at);
        }
    }

    /// <summary>x times a number, in place.</summary>
    [MethodImpl(Compiled.Loop)]
    public static void Scale(float* x, long count, float factor)
    {
        for (var at = 0L; at < count; at += V.Lanes)
            (factor * V.Load(x + at)).Store(x + at);
    }
}
