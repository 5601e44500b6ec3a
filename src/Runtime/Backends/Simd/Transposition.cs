using System.Runtime.CompilerServices;

namespace UNetGen.Backends.Simd;

/// <summary>Rows to columns, within registers.</summary>
internal static unsafe class Transposition
{
    /// <summary>A matrix whose rows become the columns of another.</summary>
    /// <param name="from">[rows, columns], both multiples of <see cref="IFloats{V}.Lanes"/>.</param>
    /// <param name="rows">Of <paramref name="from"/>.</param>
    /// <param name="columns">Of <paramref name="from"/>.</param>
    /// <param name="to">[columns, rows]; may not overlap <paramref name="from"/>.</param>
    [MethodImpl(Compiled.Loop)]
    public static void Matrix<V>(float* from, int rows, int columns, float* to)
        where V : unmanaged, IFloats<V>
    {
        for (var row = 0; row < rows; row += V.Lanes)
        {
            for (var column = 0; column < columns; column += V.Lanes)
                V.Transpose(from + (long)row * columns + column, columns, to + (long)column * rows + row, rows);
        }
    }
}
