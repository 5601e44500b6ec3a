using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>Functions of whole registers.</summary>
internal static class VectorMath
{
    private const float LeastNormal = -87.33f;

    /// <summary>
    /// e^x for x of at most 88, to 2 units in the last place; what would be smaller than float32's normal numbers is the least of these. As in Cephes: x = n ln 2 + r, e^x = 2^n e^r,
    /// and e^r by a polynomial for |r| of at most ln 2 / 2. The runtime's own goes through float64, at a third of the speed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Max(x, Create(LeastNormal));
        var n = Round(x * Create(1.44269504f));
        // ln 2 in two parts, of which the first has so few digits that its product with n is exact.
        var r = FusedMultiplyAdd(n, Create(2.12194440e-4f), FusedMultiplyAdd(n, Create(-0.693359375f), x));
        var y = FusedMultiplyAdd(Create(1.9875691500e-4f), r, Create(1.3981999507e-3f));
        y = FusedMultiplyAdd(y, r, Create(8.3334519073e-3f));
        y = FusedMultiplyAdd(y, r, Create(4.1665795894e-2f));
        y = FusedMultiplyAdd(y, r, Create(1.6666665459e-1f));
        y = FusedMultiplyAdd(y, r, Create(0.5f));
        y = FusedMultiplyAdd(y, r * r, r + Create(1f));
        return y * ((ConvertToInt32Native(n) + Create(127)) << 23).AsSingle();
    }

    /// <summary>The greatest of the 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(Vector512<float> x)
    {
        var eight = Vector256.Max(x.GetLower(), x.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
