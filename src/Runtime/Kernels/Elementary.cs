using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>Functions of 16 numbers at once.</summary>
internal static class Elementary
{
    // Beyond these e^x is no normal float32; the ends themselves are.
    private const float Lowest = -87.3f;
    private const float Highest = 88.3f;

    // ln 2 as a sum of two numbers, of which the first has few enough bits that its multiples are exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>e^x, to 2 units in the last place: 2^n e^r with |r| up to ln 2 / 2, where the power series to the seventh power is exact to rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Min(Max(x, Create(Lowest)), Create(Highest));
        var n = Round(x * Create(MathF.Log2(MathF.E)));
        var r = FusedMultiplyAdd(n, Create(-Ln2Low), FusedMultiplyAdd(n, Create(-Ln2High), x));
        var series = Create(1f / 5040);
        series = FusedMultiplyAdd(series, r, Create(1f / 720));
        series = FusedMultiplyAdd(series, r, Create(1f / 120));
        series = FusedMultiplyAdd(series, r, Create(1f / 24));
        series = FusedMultiplyAdd(series, r, Create(1f / 6));
        series = FusedMultiplyAdd(series, r, Create(0.5f));
        series = FusedMultiplyAdd(series, r, Vector512<float>.One);
        series = FusedMultiplyAdd(series, r, Vector512<float>.One);
        // A float's exponent begins at bit 23.
        return (series.AsInt32() + (ConvertToInt32Native(n) << 23)).AsSingle();
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

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
