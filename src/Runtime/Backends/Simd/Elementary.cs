using System.Runtime.CompilerServices;

namespace UNetGen.Backends.Simd;

/// <summary>Functions of all numbers of a register at once.</summary>
internal static class Elementary
{
    // Beyond these e^x is no normal float32; the ends themselves are.
    private const float Lowest = -87.3f;
    private const float Highest = 88.3f;

    // ln 2 as a sum of two numbers, of which the first has few enough bits that its multiples are exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// e^x, to 2 units in the last place: 2^n e^r with |r| up to ln 2 / 2, where the power series to the seventh power is exact to
    /// rounding.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x)
        where V : unmanaged, IFloats<V>
    {
        x = V.Min(V.Max(x, V.Create(Lowest)), V.Create(Highest));
        var n = V.Round(x * V.Create(MathF.Log2(MathF.E)));
        var r = V.MultiplyAdd(n, V.Create(-Ln2Low), V.MultiplyAdd(n, V.Create(-Ln2High), x));
        var series = V.Create(1f / 5040);
        series = V.MultiplyAdd(series, r, V.Create(1f / 720));
        series = V.MultiplyAdd(series, r, V.Create(1f / 120));
        series = V.MultiplyAdd(series, r, V.Create(1f / 24));
        series = V.MultiplyAdd(series, r, V.Create(1f / 6));
        series = V.MultiplyAdd(series, r, V.Create(0.5f));
        series = V.MultiplyAdd(series, r, V.One);
        series = V.MultiplyAdd(series, r, V.One);
        return V.ScaleByPowerOf2(series, n);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V x)
        where V : unmanaged, IFloats<V> => V.One / (V.One + Exp(-x));
}
