using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Products;

/// <summary>
/// Small products of matrices, of a size that stays in the nearest caches. They exist because a call of a BLAS costs more than such a
/// product.
/// </summary>
internal static unsafe class Gemm<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Rows that are computed together: so many rows of two registers each hide the latency of the multipliers.</summary>
    public const int Rows = 8;

    /// <summary>
    /// What rows and columns of everything that a kernel multiplies come in: whole registers, and whole groups of <see cref="Rows"/>.
    /// </summary>
    public static int Unit => Math.Max(V.Lanes, Rows);

    /// <summary>c[row, column] = sum over step of a[row, step] * b[step, column], or added to what is there.</summary>
    /// <param name="a">Row r and step s at <c>a + r * rowStride + s * stepStride</c>.</param>
    /// <param name="rowStride">Floats from a row of <paramref name="a"/> to the next.</param>
    /// <param name="stepStride">Floats from a step of <paramref name="a"/> to the next.</param>
    /// <param name="b">[steps, columns], rows of <paramref name="ldb"/> floats.</param>
    /// <param name="ldb">Floats from a row of <paramref name="b"/> to the next.</param>
    /// <param name="c">[rows, columns], rows of <paramref name="ldc"/> floats.</param>
    /// <param name="ldc">Floats from a row of <paramref name="c"/> to the next.</param>
    /// <param name="rows">
    /// Filled up to a multiple of <see cref="Rows"/>: there must be memory for that, in <paramref name="a"/> and <paramref name="c"/>.
    /// </param>
    /// <param name="steps">Terms of each sum.</param>
    /// <param name="columns">A multiple of <see cref="IFloats{V}.Lanes"/>.</param>
    /// <param name="add">Whether to add.</param>
    [MethodImpl(Compiled.Loop)]
    public static void Multiply(
        float* a, nint rowStride, nint stepStride, float* b, nint ldb, float* c, nint ldc, int rows, int steps, int columns, bool add)
    {
        var column = 0;
        for (; column + 2 * V.Lanes <= columns; column += 2 * V.Lanes)
        {
            for (int row = 0, count; row < rows; row += count)
            {
                float* from = a + row * rowStride, to = c + row * ldc + column;
                count = AtOnce(rows - row);
                if (count == 8)
                    EightByTwo(from, rowStride, stepStride, b + column, ldb, to, ldc, steps, add);
                else if (count == 6)
                    SixByTwo(from, rowStride, stepStride, b + column, ldb, to, ldc, steps, add);
                else
                    FourByTwo(from, rowStride, stepStride, b + column, ldb, to, ldc, steps, add);
            }
        }
        if (column < columns)
        {
            for (var row = 0; row < rows; row += Rows)
                EightByOne(a + row * rowStride, rowStride, stepStride, b + column, ldb, c + row * ldc + column, ldc, steps, add);
        }
    }

    /// <summary>
    /// Rows of two registers each that are computed together: as many as there are registers for, and few more than are left, since the
    /// four tiles of one small image are half a group.
    /// </summary>
    private static int AtOnce(int left)
    {
        if (V.HasManyRegisters)
            return left > 4 ? 8 : 4;
        return left >= 12 || left is 5 or 6 or 9 or 10 ? 6 : 4;
    }

    // Unrolled by hand: only variables of their own are certain to stay in registers. These are 16 sums, of 32 registers.
    [MethodImpl(Compiled.Loop)]
    private static void EightByTwo(float* a, nint rowStride, nint stepStride, float* b, nint ldb, float* c, nint ldc, int steps, bool add)
    {
        V c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = V.Zero;
        for (var step = 0; step < steps; step++)
        {
            var b0 = V.Load(b);
            var b1 = V.Load(b + V.Lanes);
            var lower = a + 4 * rowStride;
            var value = V.Create(a[0]);
            c00 = V.MultiplyAdd(value, b0, c00);
            c01 = V.MultiplyAdd(value, b1, c01);
            value = V.Create(a[rowStride]);
            c10 = V.MultiplyAdd(value, b0, c10);
            c11 = V.MultiplyAdd(value, b1, c11);
            value = V.Create(a[2 * rowStride]);
            c20 = V.MultiplyAdd(value, b0, c20);
            c21 = V.MultiplyAdd(value, b1, c21);
            value = V.Create(a[3 * rowStride]);
            c30 = V.MultiplyAdd(value, b0, c30);
            c31 = V.MultiplyAdd(value, b1, c31);
            value = V.Create(lower[0]);
            c40 = V.MultiplyAdd(value, b0, c40);
            c41 = V.MultiplyAdd(value, b1, c41);
            value = V.Create(lower[rowStride]);
            c50 = V.MultiplyAdd(value, b0, c50);
            c51 = V.MultiplyAdd(value, b1, c51);
            value = V.Create(lower[2 * rowStride]);
            c60 = V.MultiplyAdd(value, b0, c60);
            c61 = V.MultiplyAdd(value, b1, c61);
            value = V.Create(lower[3 * rowStride]);
            c70 = V.MultiplyAdd(value, b0, c70);
            c71 = V.MultiplyAdd(value, b1, c71);
            a += stepStride;
            b += ldb;
        }

        Put(c, c00, c01, add);
        Put(c + ldc, c10, c11, add);
        Put(c + 2 * ldc, c20, c21, add);
        Put(c + 3 * ldc, c30, c31, add);
        Put(c + 4 * ldc, c40, c41, add);
        Put(c + 5 * ldc, c50, c51, add);
        Put(c + 6 * ldc, c60, c61, add);
        Put(c + 7 * ldc, c70, c71, add);
    }

    // 12 sums, of 16 registers.
    [MethodImpl(Compiled.Loop)]
    private static void SixByTwo(float* a, nint rowStride, nint stepStride, float* b, nint ldb, float* c, nint ldc, int steps, bool add)
    {
        V c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = V.Zero;
        for (var step = 0; step < steps; step++)
        {
            var b0 = V.Load(b);
            var b1 = V.Load(b + V.Lanes);
            var lower = a + 3 * rowStride;
            var value = V.Create(a[0]);
            c00 = V.MultiplyAdd(value, b0, c00);
            c01 = V.MultiplyAdd(value, b1, c01);
            value = V.Create(a[rowStride]);
            c10 = V.MultiplyAdd(value, b0, c10);
            c11 = V.MultiplyAdd(value, b1, c11);
            value = V.Create(a[2 * rowStride]);
            c20 = V.MultiplyAdd(value, b0, c20);
            c21 = V.MultiplyAdd(value, b1, c21);
            value = V.Create(lower[0]);
            c30 = V.MultiplyAdd(value, b0, c30);
            c31 = V.MultiplyAdd(value, b1, c31);
            value = V.Create(lower[rowStride]);
            c40 = V.MultiplyAdd(value, b0, c40);
            c41 = V.MultiplyAdd(value, b1, c41);
            value = V.Create(lower[2 * rowStride]);
            c50 = V.MultiplyAdd(value, b0, c50);
            c51 = V.MultiplyAdd(value, b1, c51);
            a += stepStride;
            b += ldb;
        }

        Put(c, c00, c01, add);
        Put(c + ldc, c10, c11, add);
        Put(c + 2 * ldc, c20, c21, add);
        Put(c + 3 * ldc, c30, c31, add);
        Put(c + 4 * ldc, c40, c41, add);
        Put(c + 5 * ldc, c50, c51, add);
    }

    // For what is left of the rows.
    [MethodImpl(Compiled.Loop)]
    private static void FourByTwo(float* a, nint rowStride, nint stepStride, float* b, nint ldb, float* c, nint ldc, int steps, bool add)
    {
        V c00, c01, c10, c11, c20, c21, c30, c31;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = V.Zero;
        for (var step = 0; step < steps; step++)
        {
            var b0 = V.Load(b);
            var b1 = V.Load(b + V.Lanes);
            var value = V.Create(a[0]);
            c00 = V.MultiplyAdd(value, b0, c00);
            c01 = V.MultiplyAdd(value, b1, c01);
            value = V.Create(a[rowStride]);
            c10 = V.MultiplyAdd(value, b0, c10);
            c11 = V.MultiplyAdd(value, b1, c11);
            value = V.Create(a[2 * rowStride]);
            c20 = V.MultiplyAdd(value, b0, c20);
            c21 = V.MultiplyAdd(value, b1, c21);
            value = V.Create(a[3 * rowStride]);
            c30 = V.MultiplyAdd(value, b0, c30);
            c31 = V.MultiplyAdd(value, b1, c31);
            a += stepStride;
            b += ldb;
        }

        Put(c, c00, c01, add);
        Put(c + ldc, c10, c11, add);
        Put(c + 2 * ldc, c20, c21, add);
        Put(c + 3 * ldc, c30, c31, add);
    }

    [MethodImpl(Compiled.Loop)]
    private static void EightByOne(float* a, nint rowStride, nint stepStride, float* b, nint ldb, float* c, nint ldc, int steps, bool add)
    {
        V c0, c1, c2, c3, c4, c5, c6, c7;
        c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = V.Zero;
        for (var step = 0; step < steps; step++)
        {
            var value = V.Load(b);
            var lower = a + 4 * rowStride;
            c0 = V.MultiplyAdd(V.Create(a[0]), value, c0);
            c1 = V.MultiplyAdd(V.Create(a[rowStride]), value, c1);
            c2 = V.MultiplyAdd(V.Create(a[2 * rowStride]), value, c2);
            c3 = V.MultiplyAdd(V.Create(a[3 * rowStride]), value, c3);
            c4 = V.MultiplyAdd(V.Create(lower[0]), value, c4);
            c5 = V.MultiplyAdd(V.Create(lower[rowStride]), value, c5);
            c6 = V.MultiplyAdd(V.Create(lower[2 * rowStride]), value, c6);
            c7 = V.MultiplyAdd(V.Create(lower[3 * rowStride]), value, c7);
            a += stepStride;
            b += ldb;
        }

        Put(c, c0, add);
        Put(c + ldc, c1, add);
        Put(c + 2 * ldc, c2, add);
        Put(c + 3 * ldc, c3, add);
        Put(c + 4 * ldc, c4, add);
        Put(c + 5 * ldc, c5, add);
        Put(c + 6 * ldc, c6, add);
        Put(c + 7 * ldc, c7, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, V left, V right, bool add)
    {
        Put(c, left, add);
        Put(c + V.Lanes, right, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, V value, bool add) => (add ? value + V.Load(c) : value).Store(c);
}
