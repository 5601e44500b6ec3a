using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace UNetGen.Kernels;

/// <summary>Rows to columns, within registers.</summary>
internal static unsafe class Transposition
{
    /// <summary>Whether the processor has the instructions.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>A matrix whose rows become the columns of another.</summary>
    /// <param name="from">[rows, columns], both multiples of 16.</param>
    /// <param name="rows">Of <paramref name="from"/>.</param>
    /// <param name="columns">Of <paramref name="from"/>.</param>
    /// <param name="to">[columns, rows]; may not overlap <paramref name="from"/>.</param>
    public static void Matrix(float* from, int rows, int columns, float* to)
    {
        for (var row = 0; row < rows; row += Gemm.Lanes)
        {
            for (var column = 0; column < columns; column += Gemm.Lanes)
                Square(from + (long)row * columns + column, columns, to + (long)column * rows + row, rows);
        }
    }

    /// <summary>16 rows of 16 numbers become 16 columns.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="stride">Floats from a row to the next.</param>
    /// <param name="to">The first column; may not overlap <paramref name="from"/>.</param>
    /// <param name="target">Floats from a column to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Square(float* from, nint stride, float* to, nint target)
    {
        // Rows of four, by the first four rows, the next four and so on: of the columns 0, 4, 8 and 12; 1, 5, 9 and 13; and so on.
        Four(from, stride, out var a0, out var a1, out var a2, out var a3);
        Four(from + 4 * stride, stride, out var b0, out var b1, out var b2, out var b3);
        Four(from + 8 * stride, stride, out var c0, out var c1, out var c2, out var c3);
        Four(from + 12 * stride, stride, out var d0, out var d1, out var d2, out var d3);
        Columns(a0, b0, c0, d0, to, 4 * target);
        Columns(a1, b1, c1, d1, to + target, 4 * target);
        Columns(a2, b2, c2, d2, to + 2 * target, 4 * target);
        Columns(a3, b3, c3, d3, to + 3 * target, 4 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(float* from, nint stride, out Vector512<float> first, out Vector512<float> second, out Vector512<float> third, out Vector512<float> fourth)
    {
        var (r0, r1, r2, r3) = (Vector512.Load(from), Vector512.Load(from + stride), Vector512.Load(from + 2 * stride), Vector512.Load(from + 3 * stride));
        var (low01, high01) = (Avx512F.UnpackLow(r0, r1).AsDouble(), Avx512F.UnpackHigh(r0, r1).AsDouble());
        var (low23, high23) = (Avx512F.UnpackLow(r2, r3).AsDouble(), Avx512F.UnpackHigh(r2, r3).AsDouble());
        first = Avx512F.UnpackLow(low01, low23).AsSingle();
        second = Avx512F.UnpackHigh(low01, low23).AsSingle();
        third = Avx512F.UnpackLow(high01, high23).AsSingle();
        fourth = Avx512F.UnpackHigh(high01, high23).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* to, nint target)
    {
        const byte Even = 0b10_00_10_00, Odd = 0b11_01_11_01;
        var (evenAb, oddAb) = (Avx512F.Shuffle4x128(a, b, Even), Avx512F.Shuffle4x128(a, b, Odd));
        var (evenCd, oddCd) = (Avx512F.Shuffle4x128(c, d, Even), Avx512F.Shuffle4x128(c, d, Odd));
        Avx512F.Shuffle4x128(evenAb, evenCd, Even).Store(to);
        Avx512F.Shuffle4x128(oddAb, oddCd, Even).Store(to + target);
        Avx512F.Shuffle4x128(evenAb, evenCd, Odd).Store(to + 2 * target);
        Avx512F.Shuffle4x128(oddAb, oddCd, Odd).Store(to + 3 * target);
    }
}
