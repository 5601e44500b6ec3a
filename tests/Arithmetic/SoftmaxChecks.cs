using UNetGen.Backends.Attention;
using UNetGen.Backends.Simd;

namespace UNetGen.Arithmetic;

/// <summary>The softmaxes of attention.</summary>
internal static unsafe class SoftmaxChecks<V>
    where V : unmanaged, IFloats<V>
{
    public static IEnumerable<(string Name, Action Run)> All =>
    [
        ("queries: the softmax over a head's features, and its gradient", Queries),
        ("keys: the softmax over pixels that come some at a time, with the means it weighs", Keys),
        ("scores: the softmax over as many keys as there are, and its gradient", Scores),
    ];

    private static void Queries()
    {
        var (heads, dim) = (5, 2 * V.Lanes);
        using Numbers numbers = Numbers.Random(heads * dim, 1, 30), shares = new(heads * dim, i => numbers.At[i]),
        gradients = Numbers.Random(heads * dim, 2);
        float[] given = [.. new ReadOnlySpan<float>(gradients.At, gradients.Count)];
        QuerySoftmax<V>.Forward(shares.At, heads * dim, dim);
        shares.Expect(i => Share(i / dim, i % dim), 1e-6);
        QuerySoftmax<V>.Gradients(shares.At, gradients.At, heads * dim, dim);
        gradients.Expect(
            i => Share(i / dim, i % dim) * (given[i] - Enumerable.Range(0, dim).Sum(j => Share(i / dim, j) * given[i / dim * dim + j])),
            1e-6);

        double Share(int head, int at) => Softmax(dim, j => numbers.At[head * dim + j], at);
    }

    private static void Keys()
    {
        var (pixels, atOnce, features, dim) = (24, 8, 2 * V.Lanes, V.Lanes);
        using Numbers keys = Numbers.Random(pixels * features, 1, 40), values = Numbers.Random(pixels * dim, 2),
        some = new(atOnce * features);
        using Numbers greatest = new(features, _ => double.NegativeInfinity), total = new(features), sums = new(features * dim);
        for (var start = 0; start < pixels; start += atOnce)
        {
            new Span<float>(keys.At + start * features, atOnce * features).CopyTo(new(some.At, some.Count));
            KeySoftmax<V>.Exponentials(some.At, atOnce, features, greatest.At, total.At, sums.At, dim);
            for (var at = 0; at < features * dim; at++)
            {
                for (var row = 0; row < atOnce; row++)
                    sums.At[at] += some.At[row * features + at / dim] * values.At[(start + row) * dim + at % dim];
            }
        }
        KeySoftmax<V>.Finish(greatest.At, total.At, sums.At, features, dim);
        sums.Expect(at => Enumerable.Range(0, pixels).Sum(pixel => Share(pixel, at / dim) * values.At[pixel * dim + at % dim]), 1e-5);
        greatest.Expect(feature => Math.Log(Enumerable.Range(0, pixels).Sum(pixel => Math.Exp(keys.At[pixel * features + feature]))), 1e-5);

        double Share(int pixel, int feature) => Softmax(pixels, i => keys.At[i * features + feature], pixel);
    }

    private static void Scores()
    {
        var (rows, keys, columns) = (3, 2 * V.Lanes + 1, 3 * V.Lanes);
        using Numbers numbers = Numbers.Random(rows * columns, 1, 20), scores = new(rows * columns, i => numbers.At[i]),
        logSums = new(rows);
        AttentionScores<V>.Softmax(scores.At, rows, keys, columns, logSums.At);
        scores.Expect(i => Share(i / columns, i % columns), 1e-6);
        logSums.Expect(row => Math.Log(Enumerable.Range(0, keys).Sum(key => Math.Exp(numbers.At[row * columns + key]))), 1e-5);

        using Numbers again = new(rows * columns, i => numbers.At[i]), gradients = Numbers.Random(rows * columns, 2);
        float[] given = [.. new ReadOnlySpan<float>(gradients.At, gradients.Count)];
        AttentionScores<V>.Gradients(again.At, gradients.At, logSums.At, rows, keys, columns);
        gradients.Expect(
            i => Share(i / columns, i % columns) * (
                given[i] - Enumerable.Range(0, keys).Sum(key => Share(i / columns, key) * given[i / columns * columns + key])),
            1e-5);

        double Share(int row, int key) => key < keys ? Softmax(keys, i => numbers.At[row * columns + i], key) : 0;
    }

    private static double Softmax(int count, Func<int, float> number, int at)
    {
        var greatest = Enumerable.Range(0, count).Max(number);
        return Math.Exp(number(at) - greatest) / Enumerable.Range(0, count).Sum(i => Math.Exp(number(i) - greatest));
    }
}
