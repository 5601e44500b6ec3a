using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>
/// The linear maps of Winograd's F(2 x 2, 3 x 3) (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", section 4.1): B^T d B of 4 x 4 pixels,
/// G g G^T of a 3 x 3 kernel, A^T m A to 2 x 2 pixels, and the transposes of the last two, which the gradients need. All in whole registers of channels.
/// </summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Products a tile.</summary>
    public const int Points = 16;

    /// <summary>B^T d B of the 4 x 4 pixels around a tile; outside the image lie zeros.</summary>
    /// <param name="image">[height, width, stride] of which <paramref name="channels"/> channels are read.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="stride">Floats from a pixel to the next.</param>
    /// <param name="row">Of the tile: its first pixel is 2 * row.</param>
    /// <param name="column">Of the tile.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="result">[16, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float* image, int height, int width, nint stride, int row, int column, int channels, float* result, nint pointStride)
    {
        var (y, x) = (2 * row - 1, 2 * column - 1);
        var (above, below, left, right) = (y < 0, y + 3 >= height, x < 0, x + 3 >= width);
        var (pixel, line) = (stride, width * stride);
        var start = image + y * line + x * pixel;
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var d = start + channel;
            Column(d, line, above, below, left, out var a0, out var a1, out var a2, out var a3);
            Column(d + pixel, line, above, below, false, out var b0, out var b1, out var b2, out var b3);
            Column(d + 2 * pixel, line, above, below, false, out var c0, out var c1, out var c2, out var c3);
            Column(d + 3 * pixel, line, above, below, right, out var d0, out var d1, out var d2, out var d3);
            var v = result + channel;
            Row(v, pointStride, a0, b0, c0, d0);
            Row(v + 4 * pointStride, pointStride, a1, b1, c1, d1);
            Row(v + 8 * pointStride, pointStride, a2, b2, c2, d2);
            Row(v + 12 * pointStride, pointStride, a3, b3, c3, d3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Column(float* d, nint line, bool above, bool below, bool outside, out Vector512<float> r0, out Vector512<float> r1, out Vector512<float> r2, out Vector512<float> r3)
        {
            var p0 = outside || above ? Vector512<float>.Zero : Load(d);
            var p1 = outside ? Vector512<float>.Zero : Load(d + line);
            var p2 = outside ? Vector512<float>.Zero : Load(d + 2 * line);
            var p3 = outside || below ? Vector512<float>.Zero : Load(d + 3 * line);
            (r0, r1, r2, r3) = (p0 - p2, p1 + p2, p2 - p1, p1 - p3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Row(float* v, nint stride, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
        {
            (a - c).Store(v);
            (b + c).Store(v + stride);
            (c - b).Store(v + 2 * stride);
            (b - d).Store(v + 3 * stride);
        }
    }

    /// <summary>A^T m A + bias: the 2 x 2 pixels of a tile.</summary>
    /// <param name="points">[16, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="bias">[channels], or null.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="result">The tile's first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* points, nint pointStride, float* bias, int channels, float* result, nint pixel, nint line)
    {
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var m = points + channel;
            Column(m, 4 * pointStride, out var a0, out var a1);
            Column(m + pointStride, 4 * pointStride, out var b0, out var b1);
            Column(m + 2 * pointStride, 4 * pointStride, out var c0, out var c1);
            Column(m + 3 * pointStride, 4 * pointStride, out var d0, out var d1);
            var offset = bias is null ? Vector512<float>.Zero : Load(bias + channel);
            var y = result + channel;
            (a0 + b0 + c0 + offset).Store(y);
            (b0 - c0 - d0 + offset).Store(y + pixel);
            (a1 + b1 + c1 + offset).Store(y + line);
            (b1 - c1 - d1 + offset).Store(y + line + pixel);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Column(float* m, nint stride, out Vector512<float> first, out Vector512<float> second)
        {
            var (p0, p1, p2, p3) = (Load(m), Load(m + stride), Load(m + 2 * stride), Load(m + 3 * stride));
            (first, second) = (p0 + p1 + p2, p1 - p2 - p3);
        }
    }

    /// <summary>A y A^T: the transpose of <see cref="Output"/>, from a tile's 2 x 2 gradients to the 16 points; adds the gradients to the bias's.</summary>
    /// <param name="gradient">The tile's first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="points">[16, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="bias">[channels], or null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputTransposed(float* gradient, nint pixel, nint line, int channels, float* points, nint pointStride, float* bias)
    {
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var y = gradient + channel;
            var (y00, y01, y10, y11) = (Load(y), Load(y + pixel), Load(y + line), Load(y + line + pixel));
            if (bias is not null)
                (Load(bias + channel) + (y00 + y01 + (y10 + y11))).Store(bias + channel);
            var m = points + channel;
            Row(m, pointStride, y00, y01);
            Row(m + 4 * pointStride, pointStride, y00 + y10, y01 + y11);
            Row(m + 8 * pointStride, pointStride, y00 - y10, y01 - y11);
            Row(m + 12 * pointStride, pointStride, -y10, -y11);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Row(float* m, nint stride, Vector512<float> left, Vector512<float> right)
        {
            left.Store(m);
            (left + right).Store(m + stride);
            (left - right).Store(m + 2 * stride);
            (-right).Store(m + 3 * stride);
        }
    }

    /// <summary>G g G^T of the kernels of one input channel.</summary>
    /// <param name="taps">[3, 3, ...]: the taps lie <paramref name="tapStride"/> floats apart; less than 0 turns the kernel by 180 degrees if it starts at the last.</param>
    /// <param name="tapStride">Floats from a tap to the next.</param>
    /// <param name="channels">Output channels, a multiple of 16.</param>
    /// <param name="points">[16, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weight(float* taps, nint tapStride, int channels, float* points, nint pointStride)
    {
        var half = Create(0.5f);
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var g = taps + channel;
            Column(g, 3 * tapStride, half, out var a0, out var a1, out var a2, out var a3);
            Column(g + tapStride, 3 * tapStride, half, out var b0, out var b1, out var b2, out var b3);
            Column(g + 2 * tapStride, 3 * tapStride, half, out var c0, out var c1, out var c2, out var c3);
            var u = points + channel;
            Row(u, pointStride, half, a0, b0, c0);
            Row(u + 4 * pointStride, pointStride, half, a1, b1, c1);
            Row(u + 8 * pointStride, pointStride, half, a2, b2, c2);
            Row(u + 12 * pointStride, pointStride, half, a3, b3, c3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Column(float* g, nint stride, Vector512<float> half, out Vector512<float> r0, out Vector512<float> r1, out Vector512<float> r2, out Vector512<float> r3)
        {
            var (p0, p1, p2) = (Load(g), Load(g + stride), Load(g + 2 * stride));
            (r0, r1, r2, r3) = (p0, half * (p0 + p2 + p1), half * (p0 + p2 - p1), p2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Row(float* u, nint stride, Vector512<float> half, Vector512<float> a, Vector512<float> b, Vector512<float> c)
        {
            a.Store(u);
            (half * (a + c + b)).Store(u + stride);
            (half * (a + c - b)).Store(u + 2 * stride);
            c.Store(u + 3 * stride);
        }
    }

    /// <summary>G^T u G: the transpose of <see cref="Weight"/>, from the 16 points' gradients to the 3 x 3 taps'.</summary>
    /// <param name="points">[16, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="channels">Output channels, a multiple of 16.</param>
    /// <param name="taps">[3, 3, ...]: the taps lie <paramref name="tapStride"/> floats apart.</param>
    /// <param name="tapStride">Floats from a tap to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeightTransposed(float* points, nint pointStride, int channels, float* taps, nint tapStride)
    {
        var half = Create(0.5f);
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var u = points + channel;
            Column(u, 4 * pointStride, half, out var a0, out var a1, out var a2);
            Column(u + pointStride, 4 * pointStride, half, out var b0, out var b1, out var b2);
            Column(u + 2 * pointStride, 4 * pointStride, half, out var c0, out var c1, out var c2);
            Column(u + 3 * pointStride, 4 * pointStride, half, out var d0, out var d1, out var d2);
            var g = taps + channel;
            Row(g, tapStride, half, a0, b0, c0, d0);
            Row(g + 3 * tapStride, tapStride, half, a1, b1, c1, d1);
            Row(g + 6 * tapStride, tapStride, half, a2, b2, c2, d2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Column(float* u, nint stride, Vector512<float> half, out Vector512<float> r0, out Vector512<float> r1, out Vector512<float> r2)
        {
            var (p0, p1, p2, p3) = (Load(u), Load(u + stride), Load(u + 2 * stride), Load(u + 3 * stride));
            (r0, r1, r2) = (p0 + half * (p1 + p2), half * (p1 - p2), p3 + half * (p1 + p2));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Row(float* g, nint stride, Vector512<float> half, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
        {
            (a + half * (b + c)).Store(g);
            (half * (b - c)).Store(g + stride);
            (d + half * (b + c)).Store(g + 2 * stride);
        }
    }
}
