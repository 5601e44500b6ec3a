using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;

namespace UNetGen.Arithmetic;

/// <summary>Products of matrices.</summary>
internal static unsafe class ProductChecks<V>
    where V : unmanaged, IFloats<V>
{
    public static IEnumerable<(string Name, Action Run)> All =>
    [
        ("a product is the sum of its terms for any number of rows, steps and columns", () => Products(turned: false, add: false)),
        ("so it is with the first matrix turned, and added to what is there", () => Products(turned: true, add: true)),
    ];

    private static void Products(bool turned, bool add)
    {
        for (var seed = 0; seed < 24; seed++)
        {
            var random = new Random(seed);
            var (rows, steps, columns) = (random.Next(1, 5 * Gemm<V>.Rows), random.Next(1, 40), random.Next(1, 6) * V.Lanes);
            var filled = (rows + Gemm<V>.Rows - 1) / Gemm<V>.Rows * Gemm<V>.Rows;
            var (lda, ldb, ldc) = ((turned ? filled : steps) + random.Next(4), columns + random.Next(4), columns + random.Next(4));
            using Numbers a = Numbers.Random(lda * (turned ? steps : filled), 1), b = Numbers.Random(ldb * steps, 2),
            c = Numbers.Random(ldc * filled, 3);
            float[] before = [.. new ReadOnlySpan<float>(c.At, c.Count)];
            Gemm<V>.Multiply(a.At, turned ? 1 : lda, turned ? lda : 1, b.At, ldb, c.At, ldc, rows, steps, columns, add);
            c.Expect(at =>
            {
                var (row, column) = (at / ldc, at % ldc);
                if (row >= rows)
                    return c.At[at];
                if (column >= columns)
                    return before[at];
                var sum = add ? (double)before[at] : 0;
                for (var step = 0; step < steps; step++)
                    sum += (double)a.At[turned ? step * lda + row : row * lda + step] * b.At[step * ldb + column];
                return sum;
            }, 1e-5);
        }
    }
}
