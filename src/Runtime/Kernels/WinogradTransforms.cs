using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>The maps of a <see cref="IWinogradScheme"/> in two dimensions: on the columns of a tile, then on its rows, for any number of channels.</summary>
[SkipLocalsInit]
internal static unsafe class WinogradTransforms<TScheme>
    where TScheme : struct, IWinogradScheme
{
    // A tile's points for one register of channels.
    private const int MostFloats = 6 * 6 * Gemm.Lanes;

    /// <summary>Products a tile.</summary>
    public static int Points => TScheme.Points * TScheme.Points;

    /// <summary>B^T d B of the pixels of a tile and one more on each side; outside the image lie zeros.</summary>
    /// <param name="image">[height, width, stride] of which <paramref name="channels"/> channels are read.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="stride">Floats from a pixel to the next.</param>
    /// <param name="row">The tile's, from 0.</param>
    /// <param name="column">The tile's, from 0.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="result">[points, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float* image, int height, int width, nint stride, int row, int column, int channels, float* result, nint pointStride)
    {
        var points = TScheme.Points;
        var (top, left) = (row * TScheme.Outputs - 1, column * TScheme.Outputs - 1);
        var inside = top >= 0 && left >= 0 && top + points <= height && left + points <= width;
        var padded = stackalloc float[MostFloats];
        if (!inside)
            new Span<float>(padded, MostFloats).Clear();
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var d = image + (top * width + left) * stride + channel;
            var (pixel, line) = (stride, width * stride);
            if (!inside)
            {
                // Which pixels lie outside is the same for all channels: they stay zeros.
                Inside(image + channel, height, width, stride, top, left, points, padded);
                d = padded;
                (pixel, line) = (Gemm.Lanes, points * Gemm.Lanes);
            }
            TScheme.Input(d, pixel, line, result + channel, pointStride);
        }
    }

    /// <summary>A^T m A + bias: a tile's pixels.</summary>
    /// <param name="products">[points, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="bias">[channels], or null.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="result">The tile's first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* products, nint pointStride, float* bias, int channels, float* result, nint pixel, nint line)
    {
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
            TScheme.Output(products + channel, pointStride, bias is null ? Vector512<float>.Zero : Load(bias + channel), result + channel, pixel, line);
    }

    /// <summary>A y A^T: the transpose of <see cref="Output"/>, from a tile's gradients to the points'; adds the gradients to the bias's.</summary>
    /// <param name="gradient">The tile's first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="result">[points, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="bias">[channels], or null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputTransposed(float* gradient, nint pixel, nint line, int channels, float* result, nint pointStride, float* bias)
    {
        var outputs = TScheme.Outputs;
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
        {
            var y = gradient + channel;
            if (bias is not null)
            {
                var sum = Vector512<float>.Zero;
                for (var i = 0; i < outputs; i++)
                {
                    for (var j = 0; j < outputs; j++)
                        sum += Load(y + i * line + j * pixel);
                }
                (Load(bias + channel) + sum).Store(bias + channel);
            }
            TScheme.OutputTransposed(y, pixel, line, result + channel, pointStride);
        }
    }

    /// <summary>The pixels of a tile and those around it that lie within the image; the others of <paramref name="padded"/> are left as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Inside(float* image, int height, int width, nint stride, int top, int left, int points, float* padded)
    {
        var (firstRow, endRow) = (Math.Max(top, 0), Math.Min(top + points, height));
        var (firstColumn, endColumn) = (Math.Max(left, 0), Math.Min(left + points, width));
        for (var row = firstRow; row < endRow; row++)
        {
            var from = image + ((nint)row * width + firstColumn) * stride;
            var to = padded + ((row - top) * points + firstColumn - left) * Gemm.Lanes;
            for (var column = firstColumn; column < endColumn; column++, from += stride, to += Gemm.Lanes)
                Load(from).Store(to);
        }
    }
}
