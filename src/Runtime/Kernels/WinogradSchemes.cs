using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>
/// The maps of Winograd's algorithm for a kernel of 3 and several results at once, in one dimension and for 16 channels: y = A^T [(G g) * (B^T d)] (Lavin and Gray 2016, section 4).
/// In two dimensions each is applied to the columns and then to the rows.
/// </summary>
internal unsafe interface IWinogradScheme
{
    /// <summary>Results at once.</summary>
    static abstract int Outputs { get; }

    /// <summary>Inputs, and products: <see cref="Outputs"/> + 2.</summary>
    static abstract int Points { get; }

    /// <summary>B^T d.</summary>
    static abstract void Input(float* d, nint stride, float* v, nint target);

    /// <summary>G g.</summary>
    static abstract void Weight(float* g, nint stride, float* u, nint target);

    /// <summary>A^T m.</summary>
    static abstract void Output(float* m, nint stride, float* y, nint target);

    /// <summary>A y, by which gradients go back.</summary>
    static abstract void OutputTransposed(float* y, nint stride, float* m, nint target);

    /// <summary>G^T u, by which gradients go back.</summary>
    static abstract void WeightTransposed(float* u, nint stride, float* g, nint target);
}

/// <summary>F(2, 3) with the points 0, 1, -1 and infinity: 4 products for 2 results instead of 6, in two dimensions 16 for 4 instead of 36.</summary>
internal readonly unsafe struct TilesOf2 : IWinogradScheme
{
    public static int Outputs => 2;

    public static int Points => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint stride, float* v, nint target)
    {
        var (d1, d2) = (Load(d + stride), Load(d + 2 * stride));
        (Load(d) - d2).Store(v);
        (d1 + d2).Store(v + target);
        (d2 - d1).Store(v + 2 * target);
        (d1 - Load(d + 3 * stride)).Store(v + 3 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weight(float* g, nint stride, float* u, nint target)
    {
        var (g0, g1, g2) = (Load(g), Load(g + stride), Load(g + 2 * stride));
        var (even, odd) = (0.5f * (g0 + g2), 0.5f * g1);
        g0.Store(u);
        (even + odd).Store(u + target);
        (even - odd).Store(u + 2 * target);
        g2.Store(u + 3 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint stride, float* y, nint target)
    {
        var (m1, m2) = (Load(m + stride), Load(m + 2 * stride));
        (Load(m) + (m1 + m2)).Store(y);
        (m1 - m2 - Load(m + 3 * stride)).Store(y + target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputTransposed(float* y, nint stride, float* m, nint target)
    {
        var (y0, y1) = (Load(y), Load(y + stride));
        y0.Store(m);
        (y0 + y1).Store(m + target);
        (y0 - y1).Store(m + 2 * target);
        (-y1).Store(m + 3 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightTransposed(float* u, nint stride, float* g, nint target)
    {
        var (u1, u2) = (Load(u + stride), Load(u + 2 * stride));
        var even = 0.5f * (u1 + u2);
        (Load(u) + even).Store(g);
        (0.5f * (u1 - u2)).Store(g + target);
        (Load(u + 3 * stride) + even).Store(g + 2 * target);
    }
}

/// <summary>
/// F(4, 3) with the points 0, 3/4, -3/4, 3/2, -3/2 and infinity: 6 products for 4 results instead of 12, in two dimensions 36 for 16 instead of 144. With the usual points
/// 0, 1, -1, 2, -2 the results would be four times as far from exact; with these they are twice as far as the textbook's sum itself, and all numbers in the maps of the input and the output are exact in float32.
/// </summary>
internal readonly unsafe struct TilesOf4 : IWinogradScheme
{
    private const float A = 0.75f;
    private const float B = 1.5f;
    private const float A2 = A * A;
    private const float B2 = B * B;

    // What each point's kernel is divided by: the product of its distances from the other points.
    private const float AtZero = 1 / (A2 * B2);
    private const float AtA = 1 / (2 * A2 * (A2 - B2));
    private const float AtB = 1 / (2 * B2 * (B2 - A2));

    public static int Outputs => 4;

    public static int Points => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint stride, float* v, nint target)
    {
        var (d1, d2, d3, d4) = (Load(d + stride), Load(d + 2 * stride), Load(d + 3 * stride), Load(d + 4 * stride));
        (d4 - (A2 + B2) * d2 + A2 * B2 * Load(d)).Store(v);
        var (even, odd) = (d4 - B2 * d2, A * (d3 - B2 * d1));
        (even + odd).Store(v + target);
        (even - odd).Store(v + 2 * target);
        (even, odd) = (d4 - A2 * d2, B * (d3 - A2 * d1));
        (even + odd).Store(v + 3 * target);
        (even - odd).Store(v + 4 * target);
        (Load(d + 5 * stride) - (A2 + B2) * d3 + A2 * B2 * d1).Store(v + 5 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weight(float* g, nint stride, float* u, nint target)
    {
        var (g0, g1, g2) = (Load(g), Load(g + stride), Load(g + 2 * stride));
        (AtZero * g0).Store(u);
        var (even, odd) = (AtA * (g0 + A2 * g2), AtA * A * g1);
        (even + odd).Store(u + target);
        (even - odd).Store(u + 2 * target);
        (even, odd) = (AtB * (g0 + B2 * g2), AtB * B * g1);
        (even + odd).Store(u + 3 * target);
        (even - odd).Store(u + 4 * target);
        g2.Store(u + 5 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint stride, float* y, nint target)
    {
        var (m1, m2, m3, m4) = (Load(m + stride), Load(m + 2 * stride), Load(m + 3 * stride), Load(m + 4 * stride));
        var (evenA, oddA, evenB, oddB) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4);
        (Load(m) + evenA + evenB).Store(y);
        (A * oddA + B * oddB).Store(y + target);
        (A2 * evenA + B2 * evenB).Store(y + 2 * target);
        (A2 * A * oddA + B2 * B * oddB + Load(m + 5 * stride)).Store(y + 3 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputTransposed(float* y, nint stride, float* m, nint target)
    {
        var (y0, y1, y2, y3) = (Load(y), Load(y + stride), Load(y + 2 * stride), Load(y + 3 * stride));
        y0.Store(m);
        var (even, odd) = (y0 + A2 * y2, A * y1 + A2 * A * y3);
        (even + odd).Store(m + target);
        (even - odd).Store(m + 2 * target);
        (even, odd) = (y0 + B2 * y2, B * y1 + B2 * B * y3);
        (even + odd).Store(m + 3 * target);
        (even - odd).Store(m + 4 * target);
        y3.Store(m + 5 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightTransposed(float* u, nint stride, float* g, nint target)
    {
        var (u1, u2, u3, u4) = (Load(u + stride), Load(u + 2 * stride), Load(u + 3 * stride), Load(u + 4 * stride));
        var (evenA, oddA, evenB, oddB) = (AtA * (u1 + u2), AtA * A * (u1 - u2), AtB * (u3 + u4), AtB * B * (u3 - u4));
        (AtZero * Load(u) + evenA + evenB).Store(g);
        (oddA + oddB).Store(g + target);
        (A2 * evenA + B2 * evenB + Load(u + 5 * stride)).Store(g + 2 * target);
    }
}
