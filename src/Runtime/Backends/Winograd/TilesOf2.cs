using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// F(2, 3) with the points 0, 1, -1 and infinity: 4 products for 2 results instead of 6, in two dimensions 16 for 4 instead of 36.
/// </summary>
internal readonly unsafe struct TilesOf2<V> : IWinogradScheme<V>
    where V : unmanaged, IFloats<V>
{
    public static int Outputs => 2;

    public static int Points => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint pixel, nint line, in TileEdges<V> edges, float* v, nint point)
    {
        Inputs(d + edges.FirstLine, pixel, edges, out var a0, out var b0, out var c0, out var d0);
        Inputs(d + line, pixel, edges, out var a1, out var b1, out var c1, out var d1);
        Inputs(d + 2 * line, pixel, edges, out var a2, out var b2, out var c2, out var d2);
        Inputs(d + edges.LastLine, pixel, edges, out var a3, out var b3, out var c3, out var d3);
        Put(a0 & edges.Top, a1, a2, a3 & edges.Bottom, v, 4 * point);
        Put(b0 & edges.Top, b1, b2, b3 & edges.Bottom, v + point, 4 * point);
        Put(c0 & edges.Top, c1, c2, c3 & edges.Bottom, v + 2 * point, 4 * point);
        Put(d0 & edges.Top, d1, d2, d3 & edges.Bottom, v + 3 * point, 4 * point);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(V d0, V d1, V d2, V d3, float* v, nint target)
        {
            (d0 - d2).Store(v);
            (d1 + d2).Store(v + target);
            (d2 - d1).Store(v + 2 * target);
            (d1 - d3).Store(v + 3 * target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint point, V offset, float* y, nint pixel, nint line)
    {
        Outputs2(m, 4 * point, out var a0, out var b0);
        Outputs2(m + point, 4 * point, out var a1, out var b1);
        Outputs2(m + 2 * point, 4 * point, out var a2, out var b2);
        Outputs2(m + 3 * point, 4 * point, out var a3, out var b3);
        (a0 + (a1 + a2) + offset).Store(y);
        (a1 - a2 - a3 + offset).Store(y + pixel);
        (b0 + (b1 + b2) + offset).Store(y + line);
        (b1 - b2 - b3 + offset).Store(y + line + pixel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputTransposed(float* y, nint pixel, nint line, float* m, nint point)
    {
        var (a0, a1, b0, b1) = (V.Load(y), V.Load(y + pixel), V.Load(y + line), V.Load(y + line + pixel));
        Put(a0, a1, m, point);
        Put(a0 + b0, a1 + b1, m + 4 * point, point);
        Put(a0 - b0, a1 - b1, m + 8 * point, point);
        Put(-b0, -b1, m + 12 * point, point);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(V y0, V y1, float* m, nint target)
        {
            y0.Store(m);
            (y0 + y1).Store(m + target);
            (y0 - y1).Store(m + 2 * target);
            (-y1).Store(m + 3 * target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weight(float* g, nint stride, float* u, nint target)
    {
        var (g0, g1, g2) = (V.Load(g), V.Load(g + stride), V.Load(g + 2 * stride));
        var (even, odd) = (0.5f * (g0 + g2), 0.5f * g1);
        g0.Store(u);
        (even + odd).Store(u + target);
        (even - odd).Store(u + 2 * target);
        g2.Store(u + 3 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeightTransposed(float* u, nint stride, float* g, nint target)
    {
        var (u1, u2) = (V.Load(u + stride), V.Load(u + 2 * stride));
        var even = 0.5f * (u1 + u2);
        (V.Load(u) + even).Store(g);
        (0.5f * (u1 - u2)).Store(g + target);
        (V.Load(u + 3 * stride) + even).Store(g + 2 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Inputs(float* d, nint pixel, in TileEdges<V> edges, out V v0, out V v1, out V v2, out V v3)
    {
        var (d1, d2) = (V.Load(d + pixel), V.Load(d + 2 * pixel));
        v0 = (V.Load(d + edges.FirstPixel) & edges.Left) - d2;
        v1 = d1 + d2;
        v2 = d2 - d1;
        v3 = d1 - (V.Load(d + edges.LastPixel) & edges.Right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Outputs2(float* m, nint stride, out V y0, out V y1)
    {
        var (m1, m2) = (V.Load(m + stride), V.Load(m + 2 * stride));
        y0 = V.Load(m) + (m1 + m2);
        y1 = m1 - m2 - V.Load(m + 3 * stride);
    }
}
