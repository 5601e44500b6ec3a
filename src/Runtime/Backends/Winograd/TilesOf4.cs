using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// F(4, 3) with the points 0, 3/4, -3/4, 3/2, -3/2 and infinity: 6 products for 4 results instead of 12, in two dimensions 36 for 16
/// instead of 144. With the usual points 0, 1, -1, 2, -2 the results would be four times as far from exact; with these they are twice as
/// far as the textbook's sum itself, and all numbers in the maps of the input and the output are exact in float32.
/// </summary>
/// <remarks>
/// 36 points are more than there are registers: the maps go through the tile once for each pair of points (or of rows) that are made of the
/// same sums, instead of through memory. Each way is a method that the JIT compiles by itself: all of them together have more calls than it
/// inlines into one, and a call that isn't inlined takes its registers through memory.
/// </remarks>
internal readonly unsafe struct TilesOf4<V> : IWinogradScheme<V>
    where V : unmanaged, IFloats<V>
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

    public static void Input(float* d, nint pixel, nint line, in TileEdges<V> edges, float* v, nint point)
    {
        InputEnds(d, pixel, line, edges, v, point);
        InputPair(d, pixel, line, edges, A, B2, v + point, point);
        InputPair(d, pixel, line, edges, B, A2, v + 3 * point, point);
    }

    public static void Output(float* m, nint point, V offset, float* y, nint pixel, nint line)
    {
        OutputEven(m, 6 * point, point, offset, y, pixel, line);
        OutputOdd(m, 6 * point, point, offset, y + line, pixel, line);
    }

    public static void OutputTransposed(float* y, nint pixel, nint line, float* m, nint point)
    {
        PutTransposed(V.Load(y), V.Load(y + pixel), V.Load(y + 2 * pixel), V.Load(y + 3 * pixel), m, point);
        TransposedPair(y, pixel, line, A, A2, m + 6 * point, point);
        TransposedPair(y, pixel, line, B, B2, m + 18 * point, point);
        y += 3 * line;
        PutTransposed(V.Load(y), V.Load(y + pixel), V.Load(y + 2 * pixel), V.Load(y + 3 * pixel), m + 30 * point, point);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weight(float* g, nint stride, float* u, nint target)
    {
        var (g0, g1, g2) = (V.Load(g), V.Load(g + stride), V.Load(g + 2 * stride));
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
    public static void WeightTransposed(float* u, nint stride, float* g, nint target)
    {
        var (u1, u2, u3, u4) = (V.Load(u + stride), V.Load(u + 2 * stride), V.Load(u + 3 * stride), V.Load(u + 4 * stride));
        var (evenA, oddA, evenB, oddB) = (AtA * (u1 + u2), AtA * A * (u1 - u2), AtB * (u3 + u4), AtB * B * (u3 - u4));
        (AtZero * V.Load(u) + evenA + evenB).Store(g);
        (oddA + oddB).Store(g + target);
        (A2 * evenA + B2 * evenB + V.Load(u + 5 * stride)).Store(g + 2 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ends(float* d, nint pixel, in TileEdges<V> edges, out V first, out V last)
    {
        first = V.MultiplyAdd(
            V.Load(d + edges.FirstPixel) & edges.Left, V.Create(A2 * B2),
            V.MultiplyAdd(V.Load(d + 2 * pixel), V.Create(-A2 - B2), V.Load(d + 4 * pixel)));
        last = V.MultiplyAdd(
            V.Load(d + pixel), V.Create(A2 * B2),
            V.MultiplyAdd(V.Load(d + 3 * pixel), V.Create(-A2 - B2), V.Load(d + edges.LastPixel) & edges.Right));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(float* d, nint stride, float at, float otherSquared, out V plus, out V minus)
    {
        var even = V.MultiplyAdd(V.Load(d + 2 * stride), V.Create(-otherSquared), V.Load(d + 4 * stride));
        var odd = at * V.MultiplyAdd(V.Load(d + stride), V.Create(-otherSquared), V.Load(d + 3 * stride));
        plus = even + odd;
        minus = even - odd;
    }

    [MethodImpl(Compiled.Loop)]
    private static void InputEnds(float* d, nint pixel, nint line, in TileEdges<V> edges, float* v, nint point)
    {
        Ends(d + edges.FirstLine, pixel, edges, out var p0, out var q0);
        Ends(d + line, pixel, edges, out var p1, out var q1);
        Ends(d + 2 * line, pixel, edges, out var p2, out var q2);
        Ends(d + 3 * line, pixel, edges, out var p3, out var q3);
        Ends(d + 4 * line, pixel, edges, out var p4, out var q4);
        Ends(d + edges.LastLine, pixel, edges, out var p5, out var q5);
        PutInput(p0 & edges.Top, p1, p2, p3, p4, p5 & edges.Bottom, v, 6 * point);
        PutInput(q0 & edges.Top, q1, q2, q3, q4, q5 & edges.Bottom, v + 5 * point, 6 * point);
    }

    [MethodImpl(Compiled.Loop)]
    private static void InputPair(
        float* d, nint pixel, nint line, in TileEdges<V> edges, float at, float otherSquared, float* v, nint point)
    {
        Pair(d + edges.FirstLine, pixel, at, otherSquared, out var p0, out var q0);
        Pair(d + line, pixel, at, otherSquared, out var p1, out var q1);
        Pair(d + 2 * line, pixel, at, otherSquared, out var p2, out var q2);
        Pair(d + 3 * line, pixel, at, otherSquared, out var p3, out var q3);
        Pair(d + 4 * line, pixel, at, otherSquared, out var p4, out var q4);
        Pair(d + edges.LastLine, pixel, at, otherSquared, out var p5, out var q5);
        PutInput(p0 & edges.Top, p1, p2, p3, p4, p5 & edges.Bottom, v, 6 * point);
        PutInput(q0 & edges.Top, q1, q2, q3, q4, q5 & edges.Bottom, v + point, 6 * point);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutInput(V d0, V d1, V d2, V d3, V d4, V d5, float* v, nint target)
    {
        V.MultiplyAdd(d0, V.Create(A2 * B2), V.MultiplyAdd(d2, V.Create(-A2 - B2), d4)).Store(v);
        var (even, odd) = (V.MultiplyAdd(d2, V.Create(-B2), d4), A * V.MultiplyAdd(d1, V.Create(-B2), d3));
        (even + odd).Store(v + target);
        (even - odd).Store(v + 2 * target);
        (even, odd) = (V.MultiplyAdd(d2, V.Create(-A2), d4), B * V.MultiplyAdd(d1, V.Create(-A2), d3));
        (even + odd).Store(v + 3 * target);
        (even - odd).Store(v + 4 * target);
        V.MultiplyAdd(d1, V.Create(A2 * B2), V.MultiplyAdd(d3, V.Create(-A2 - B2), d5)).Store(v + 5 * target);
    }

    [MethodImpl(Compiled.Loop)]
    private static void OutputEven(float* m, nint column, nint point, V offset, float* y, nint pixel, nint line)
    {
        Even(m, column, out var p0, out var q0);
        Even(m + point, column, out var p1, out var q1);
        Even(m + 2 * point, column, out var p2, out var q2);
        Even(m + 3 * point, column, out var p3, out var q3);
        Even(m + 4 * point, column, out var p4, out var q4);
        Even(m + 5 * point, column, out var p5, out var q5);
        PutOutput(p0, p1, p2, p3, p4, p5, offset, y, pixel);
        PutOutput(q0, q1, q2, q3, q4, q5, offset, y + 2 * line, pixel);
    }

    [MethodImpl(Compiled.Loop)]
    private static void OutputOdd(float* m, nint column, nint point, V offset, float* y, nint pixel, nint line)
    {
        Odd(m, column, out var p0, out var q0);
        Odd(m + point, column, out var p1, out var q1);
        Odd(m + 2 * point, column, out var p2, out var q2);
        Odd(m + 3 * point, column, out var p3, out var q3);
        Odd(m + 4 * point, column, out var p4, out var q4);
        Odd(m + 5 * point, column, out var p5, out var q5);
        PutOutput(p0, p1, p2, p3, p4, p5, offset, y, pixel);
        PutOutput(q0, q1, q2, q3, q4, q5, offset, y + 2 * line, pixel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Even(float* m, nint stride, out V y0, out V y2)
    {
        var (a, b) = (V.Load(m + stride) + V.Load(m + 2 * stride), V.Load(m + 3 * stride) + V.Load(m + 4 * stride));
        y0 = V.Load(m) + a + b;
        y2 = V.MultiplyAdd(a, V.Create(A2), B2 * b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Odd(float* m, nint stride, out V y1, out V y3)
    {
        var (a, b) = (V.Load(m + stride) - V.Load(m + 2 * stride), V.Load(m + 3 * stride) - V.Load(m + 4 * stride));
        y1 = V.MultiplyAdd(a, V.Create(A), B * b);
        y3 = V.MultiplyAdd(a, V.Create(A2 * A), V.MultiplyAdd(b, V.Create(B2 * B), V.Load(m + 5 * stride)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutOutput(
        V m0, V m1, V m2, V m3, V m4, V m5, V offset, float* y, nint pixel)
    {
        var (evenA, oddA, evenB, oddB) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4);
        (m0 + evenA + evenB + offset).Store(y);
        V.MultiplyAdd(oddA, V.Create(A), V.MultiplyAdd(oddB, V.Create(B), offset)).Store(y + pixel);
        V.MultiplyAdd(evenA, V.Create(A2), V.MultiplyAdd(evenB, V.Create(B2), offset)).Store(y + 2 * pixel);
        V.MultiplyAdd(oddA, V.Create(A2 * A), V.MultiplyAdd(oddB, V.Create(B2 * B), m5 + offset)).Store(y + 3 * pixel);
    }

    [MethodImpl(Compiled.Loop)]
    private static void TransposedPair(float* y, nint pixel, nint line, float at, float squared, float* m, nint point)
    {
        RowPair(y, line, at, squared, out var p0, out var q0);
        RowPair(y + pixel, line, at, squared, out var p1, out var q1);
        RowPair(y + 2 * pixel, line, at, squared, out var p2, out var q2);
        RowPair(y + 3 * pixel, line, at, squared, out var p3, out var q3);
        PutTransposed(p0, p1, p2, p3, m, point);
        PutTransposed(q0, q1, q2, q3, m + 6 * point, point);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RowPair(float* y, nint stride, float at, float squared, out V plus, out V minus)
    {
        var even = V.MultiplyAdd(V.Load(y + 2 * stride), V.Create(squared), V.Load(y));
        var odd = at * V.MultiplyAdd(V.Load(y + 3 * stride), V.Create(squared), V.Load(y + stride));
        plus = even + odd;
        minus = even - odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutTransposed(V y0, V y1, V y2, V y3, float* m, nint target)
    {
        y0.Store(m);
        var (even, odd) = (V.MultiplyAdd(y2, V.Create(A2), y0), A * V.MultiplyAdd(y3, V.Create(A2), y1));
        (even + odd).Store(m + target);
        (even - odd).Store(m + 2 * target);
        (even, odd) = (V.MultiplyAdd(y2, V.Create(B2), y0), B * V.MultiplyAdd(y3, V.Create(B2), y1));
        (even + odd).Store(m + 3 * target);
        (even - odd).Store(m + 4 * target);
        y3.Store(m + 5 * target);
    }
}
