using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>
/// The maps of Winograd's algorithm for a kernel of 3 and several results at once, for 16 channels: in one dimension y = A^T [(G g) * (B^T d)] (Lavin and Gray 2016, section 4). In two dimensions
/// each is applied to the columns and then to the rows; those of images do so within registers.
/// </summary>
internal unsafe interface IWinogradScheme
{
    /// <summary>Results at once, in one dimension.</summary>
    static abstract int Outputs { get; }

    /// <summary>Inputs, and products: <see cref="Outputs"/> + 2, in one dimension.</summary>
    static abstract int Points { get; }

    /// <summary>B^T d B.</summary>
    /// <param name="d">The first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="edges">Which of the outer pixels lie outside the image, and are zeros.</param>
    /// <param name="v">The first point.</param>
    /// <param name="point">Floats from a point to the next.</param>
    static abstract void Input(float* d, nint pixel, nint line, in TileEdges edges, float* v, nint point);

    /// <summary>A^T m A + offset.</summary>
    /// <param name="m">The first point.</param>
    /// <param name="point">Floats from a point to the next.</param>
    /// <param name="offset">Added to each pixel.</param>
    /// <param name="y">The first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    static abstract void Output(float* m, nint point, Vector512<float> offset, float* y, nint pixel, nint line);

    /// <summary>A y A^T, by which gradients go back.</summary>
    /// <param name="y">The first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="m">The first point.</param>
    /// <param name="point">Floats from a point to the next.</param>
    static abstract void OutputTransposed(float* y, nint pixel, nint line, float* m, nint point);

    /// <summary>G g, in one dimension.</summary>
    static abstract void Weight(float* g, nint stride, float* u, nint target);

    /// <summary>G^T u, in one dimension, by which gradients go back.</summary>
    static abstract void WeightTransposed(float* u, nint stride, float* g, nint target);
}

/// <summary>F(2, 3) with the points 0, 1, -1 and infinity: 4 products for 2 results instead of 6, in two dimensions 16 for 4 instead of 36.</summary>
internal readonly unsafe struct TilesOf2 : IWinogradScheme
{
    public static int Outputs => 2;

    public static int Points => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(float* d, nint pixel, nint line, in TileEdges edges, float* v, nint point)
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
        static void Put(Vector512<float> d0, Vector512<float> d1, Vector512<float> d2, Vector512<float> d3, float* v, nint target)
        {
            (d0 - d2).Store(v);
            (d1 + d2).Store(v + target);
            (d2 - d1).Store(v + 2 * target);
            (d1 - d3).Store(v + 3 * target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint point, Vector512<float> offset, float* y, nint pixel, nint line)
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
        var (a0, a1, b0, b1) = (Load(y), Load(y + pixel), Load(y + line), Load(y + line + pixel));
        Put(a0, a1, m, point);
        Put(a0 + b0, a1 + b1, m + 4 * point, point);
        Put(a0 - b0, a1 - b1, m + 8 * point, point);
        Put(-b0, -b1, m + 12 * point, point);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(Vector512<float> y0, Vector512<float> y1, float* m, nint target)
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
        var (g0, g1, g2) = (Load(g), Load(g + stride), Load(g + 2 * stride));
        var (even, odd) = (0.5f * (g0 + g2), 0.5f * g1);
        g0.Store(u);
        (even + odd).Store(u + target);
        (even - odd).Store(u + 2 * target);
        g2.Store(u + 3 * target);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Inputs(float* d, nint pixel, in TileEdges edges, out Vector512<float> v0, out Vector512<float> v1, out Vector512<float> v2, out Vector512<float> v3)
    {
        var (d1, d2) = (Load(d + pixel), Load(d + 2 * pixel));
        v0 = (Load(d + edges.FirstPixel) & edges.Left) - d2;
        v1 = d1 + d2;
        v2 = d2 - d1;
        v3 = d1 - (Load(d + edges.LastPixel) & edges.Right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Outputs2(float* m, nint stride, out Vector512<float> y0, out Vector512<float> y1)
    {
        var (m1, m2) = (Load(m + stride), Load(m + 2 * stride));
        y0 = Load(m) + (m1 + m2);
        y1 = m1 - m2 - Load(m + 3 * stride);
    }
}

/// <summary>
/// F(4, 3) with the points 0, 3/4, -3/4, 3/2, -3/2 and infinity: 6 products for 4 results instead of 12, in two dimensions 36 for 16 instead of 144. With the usual points
/// 0, 1, -1, 2, -2 the results would be four times as far from exact; with these they are twice as far as the textbook's sum itself, and all numbers in the maps of the input and the output are exact in float32.
/// </summary>
/// <remarks>
/// 36 points are more than there are registers: the maps go through the tile once for each pair of points (or of rows) that are made of the same sums, instead of through memory.
/// </remarks>
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
    public static void Input(float* d, nint pixel, nint line, in TileEdges edges, float* v, nint point)
    {
        Ends(d + edges.FirstLine, pixel, edges, out var p0, out var q0);
        Ends(d + line, pixel, edges, out var p1, out var q1);
        Ends(d + 2 * line, pixel, edges, out var p2, out var q2);
        Ends(d + 3 * line, pixel, edges, out var p3, out var q3);
        Ends(d + 4 * line, pixel, edges, out var p4, out var q4);
        Ends(d + edges.LastLine, pixel, edges, out var p5, out var q5);
        Put(p0 & edges.Top, p1, p2, p3, p4, p5 & edges.Bottom, v, 6 * point);
        Put(q0 & edges.Top, q1, q2, q3, q4, q5 & edges.Bottom, v + 5 * point, 6 * point);
        Pairs(d, pixel, line, edges, A, B2, v + point, point);
        Pairs(d, pixel, line, edges, B, A2, v + 3 * point, point);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Pairs(float* d, nint pixel, nint line, in TileEdges edges, float at, float otherSquared, float* v, nint point)
        {
            Pair(d + edges.FirstLine, pixel, at, otherSquared, out var p0, out var q0);
            Pair(d + line, pixel, at, otherSquared, out var p1, out var q1);
            Pair(d + 2 * line, pixel, at, otherSquared, out var p2, out var q2);
            Pair(d + 3 * line, pixel, at, otherSquared, out var p3, out var q3);
            Pair(d + 4 * line, pixel, at, otherSquared, out var p4, out var q4);
            Pair(d + edges.LastLine, pixel, at, otherSquared, out var p5, out var q5);
            Put(p0 & edges.Top, p1, p2, p3, p4, p5 & edges.Bottom, v, 6 * point);
            Put(q0 & edges.Top, q1, q2, q3, q4, q5 & edges.Bottom, v + point, 6 * point);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(Vector512<float> d0, Vector512<float> d1, Vector512<float> d2, Vector512<float> d3, Vector512<float> d4, Vector512<float> d5, float* v, nint target)
        {
            FusedMultiplyAdd(d0, Create(A2 * B2), FusedMultiplyAdd(d2, Create(-A2 - B2), d4)).Store(v);
            var (even, odd) = (FusedMultiplyAdd(d2, Create(-B2), d4), A * FusedMultiplyAdd(d1, Create(-B2), d3));
            (even + odd).Store(v + target);
            (even - odd).Store(v + 2 * target);
            (even, odd) = (FusedMultiplyAdd(d2, Create(-A2), d4), B * FusedMultiplyAdd(d1, Create(-A2), d3));
            (even + odd).Store(v + 3 * target);
            (even - odd).Store(v + 4 * target);
            FusedMultiplyAdd(d1, Create(A2 * B2), FusedMultiplyAdd(d3, Create(-A2 - B2), d5)).Store(v + 5 * target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output(float* m, nint point, Vector512<float> offset, float* y, nint pixel, nint line)
    {
        Even(m, 6 * point, out var p0, out var q0);
        Even(m + point, 6 * point, out var p1, out var q1);
        Even(m + 2 * point, 6 * point, out var p2, out var q2);
        Even(m + 3 * point, 6 * point, out var p3, out var q3);
        Even(m + 4 * point, 6 * point, out var p4, out var q4);
        Even(m + 5 * point, 6 * point, out var p5, out var q5);
        Put(p0, p1, p2, p3, p4, p5, offset, y, pixel);
        Put(q0, q1, q2, q3, q4, q5, offset, y + 2 * line, pixel);
        Odd(m, 6 * point, out p0, out q0);
        Odd(m + point, 6 * point, out p1, out q1);
        Odd(m + 2 * point, 6 * point, out p2, out q2);
        Odd(m + 3 * point, 6 * point, out p3, out q3);
        Odd(m + 4 * point, 6 * point, out p4, out q4);
        Odd(m + 5 * point, 6 * point, out p5, out q5);
        Put(p0, p1, p2, p3, p4, p5, offset, y + line, pixel);
        Put(q0, q1, q2, q3, q4, q5, offset, y + 3 * line, pixel);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Even(float* m, nint stride, out Vector512<float> y0, out Vector512<float> y2)
        {
            var (a, b) = (Load(m + stride) + Load(m + 2 * stride), Load(m + 3 * stride) + Load(m + 4 * stride));
            y0 = Load(m) + a + b;
            y2 = FusedMultiplyAdd(a, Create(A2), B2 * b);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Odd(float* m, nint stride, out Vector512<float> y1, out Vector512<float> y3)
        {
            var (a, b) = (Load(m + stride) - Load(m + 2 * stride), Load(m + 3 * stride) - Load(m + 4 * stride));
            y1 = FusedMultiplyAdd(a, Create(A), B * b);
            y3 = FusedMultiplyAdd(a, Create(A2 * A), FusedMultiplyAdd(b, Create(B2 * B), Load(m + 5 * stride)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(
            Vector512<float> m0, Vector512<float> m1, Vector512<float> m2, Vector512<float> m3, Vector512<float> m4, Vector512<float> m5, Vector512<float> offset, float* y, nint pixel)
        {
            var (evenA, oddA, evenB, oddB) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4);
            (m0 + evenA + evenB + offset).Store(y);
            FusedMultiplyAdd(oddA, Create(A), FusedMultiplyAdd(oddB, Create(B), offset)).Store(y + pixel);
            FusedMultiplyAdd(evenA, Create(A2), FusedMultiplyAdd(evenB, Create(B2), offset)).Store(y + 2 * pixel);
            FusedMultiplyAdd(oddA, Create(A2 * A), FusedMultiplyAdd(oddB, Create(B2 * B), m5 + offset)).Store(y + 3 * pixel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputTransposed(float* y, nint pixel, nint line, float* m, nint point)
    {
        Put(Load(y), Load(y + pixel), Load(y + 2 * pixel), Load(y + 3 * pixel), m, point);
        Pairs(y, pixel, line, A, A2, m + 6 * point, point);
        Pairs(y, pixel, line, B, B2, m + 18 * point, point);
        y += 3 * line;
        Put(Load(y), Load(y + pixel), Load(y + 2 * pixel), Load(y + 3 * pixel), m + 30 * point, point);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Pairs(float* y, nint pixel, nint line, float at, float squared, float* m, nint point)
        {
            Pair(y, line, at, squared, out var p0, out var q0);
            Pair(y + pixel, line, at, squared, out var p1, out var q1);
            Pair(y + 2 * pixel, line, at, squared, out var p2, out var q2);
            Pair(y + 3 * pixel, line, at, squared, out var p3, out var q3);
            Put(p0, p1, p2, p3, m, point);
            Put(q0, q1, q2, q3, m + 6 * point, point);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Pair(float* y, nint stride, float at, float squared, out Vector512<float> plus, out Vector512<float> minus)
        {
            var even = FusedMultiplyAdd(Load(y + 2 * stride), Create(squared), Load(y));
            var odd = at * FusedMultiplyAdd(Load(y + 3 * stride), Create(squared), Load(y + stride));
            plus = even + odd;
            minus = even - odd;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(Vector512<float> y0, Vector512<float> y1, Vector512<float> y2, Vector512<float> y3, float* m, nint target)
        {
            y0.Store(m);
            var (even, odd) = (FusedMultiplyAdd(y2, Create(A2), y0), A * FusedMultiplyAdd(y3, Create(A2), y1));
            (even + odd).Store(m + target);
            (even - odd).Store(m + 2 * target);
            (even, odd) = (FusedMultiplyAdd(y2, Create(B2), y0), B * FusedMultiplyAdd(y3, Create(B2), y1));
            (even + odd).Store(m + 3 * target);
            (even - odd).Store(m + 4 * target);
            y3.Store(m + 5 * target);
        }
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
    public static void WeightTransposed(float* u, nint stride, float* g, nint target)
    {
        var (u1, u2, u3, u4) = (Load(u + stride), Load(u + 2 * stride), Load(u + 3 * stride), Load(u + 4 * stride));
        var (evenA, oddA, evenB, oddB) = (AtA * (u1 + u2), AtA * A * (u1 - u2), AtB * (u3 + u4), AtB * B * (u3 - u4));
        (AtZero * Load(u) + evenA + evenB).Store(g);
        (oddA + oddB).Store(g + target);
        (A2 * evenA + B2 * evenB + Load(u + 5 * stride)).Store(g + 2 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ends(float* d, nint pixel, in TileEdges edges, out Vector512<float> first, out Vector512<float> last)
    {
        first = FusedMultiplyAdd(Load(d + edges.FirstPixel) & edges.Left, Create(A2 * B2), FusedMultiplyAdd(Load(d + 2 * pixel), Create(-A2 - B2), Load(d + 4 * pixel)));
        last = FusedMultiplyAdd(Load(d + pixel), Create(A2 * B2), FusedMultiplyAdd(Load(d + 3 * pixel), Create(-A2 - B2), Load(d + edges.LastPixel) & edges.Right));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(float* d, nint stride, float at, float otherSquared, out Vector512<float> plus, out Vector512<float> minus)
    {
        var even = FusedMultiplyAdd(Load(d + 2 * stride), Create(-otherSquared), Load(d + 4 * stride));
        var odd = at * FusedMultiplyAdd(Load(d + stride), Create(-otherSquared), Load(d + 3 * stride));
        plus = even + odd;
        minus = even - odd;
    }
}
