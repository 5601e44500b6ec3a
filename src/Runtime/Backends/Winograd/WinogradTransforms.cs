using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// The maps of a <see cref="IWinogradScheme{V}"/> in two dimensions: on the columns of a tile, then on its rows, for any number of
/// channels.
/// </summary>
internal static unsafe class WinogradTransforms<V, TScheme>
    where V : unmanaged, IFloats<V>
    where TScheme : struct, IWinogradScheme<V>
{
    /// <summary>Products a tile.</summary>
    public static int Points => TScheme.Points * TScheme.Points;

    /// <summary>B^T d B of the pixels of a tile and one more on each side; outside the image lie zeros.</summary>
    /// <param name="image">[height, width, stride] of which <paramref name="channels"/> channels are read.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="stride">Floats from a pixel to the next.</param>
    /// <param name="row">The tile's, from 0.</param>
    /// <param name="column">The tile's, from 0.</param>
    /// <param name="channels">Whole registers.</param>
    /// <param name="result">[points, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    [MethodImpl(Compiled.Loop)]
    public static void Input(
        float* image, int height, int width, nint stride, int row, int column, int channels, float* result, nint pointStride)
    {
        var tile = TScheme.Outputs;
        var (pixel, line) = (stride, width * stride);
        var edges = new TileEdges<V>(
            TScheme.Points, pixel, line, row == 0, (row + 1) * tile == height, column == 0, (column + 1) * tile == width);
        // One up and one to the left: where that lies outside the image, the edges lead back into it.
        var first = image + ((nint)row * tile - 1) * line + ((nint)column * tile - 1) * pixel;
        for (var channel = 0; channel < channels; channel += V.Lanes)
            TScheme.Input(first + channel, pixel, line, edges, result + channel, pointStride);
    }

    /// <summary>A^T m A + bias: a tile's pixels.</summary>
    /// <param name="products">[points, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="bias">[channels], or null.</param>
    /// <param name="channels">Whole registers.</param>
    /// <param name="result">The tile's first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    [MethodImpl(Compiled.Loop)]
    public static void Output(float* products, nint pointStride, float* bias, int channels, float* result, nint pixel, nint line)
    {
        for (var channel = 0; channel < channels; channel += V.Lanes)
            TScheme.Output(products + channel, pointStride, bias is null ? V.Zero : V.Load(bias + channel), result + channel, pixel, line);
    }

    /// <summary>
    /// A y A^T: the transpose of <see cref="Output"/>, from a tile's gradients to the points'; adds the gradients to the bias's.
    /// </summary>
    /// <param name="gradient">The tile's first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="channels">Whole registers.</param>
    /// <param name="result">[points, ...]: the points lie <paramref name="pointStride"/> floats apart.</param>
    /// <param name="pointStride">Floats from a point to the next.</param>
    /// <param name="bias">[channels], or null.</param>
    [MethodImpl(Compiled.Loop)]
    public static void OutputTransposed(float* gradient, nint pixel, nint line, int channels, float* result, nint pointStride, float* bias)
    {
        var outputs = TScheme.Outputs;
        for (var channel = 0; channel < channels; channel += V.Lanes)
        {
            var y = gradient + channel;
            if (bias is not null)
            {
                var sum = V.Zero;
                for (var i = 0; i < outputs; i++)
                {
                    for (var j = 0; j < outputs; j++)
                        sum += V.Load(y + i * line + j * pixel);
                }
                (V.Load(bias + channel) + sum).Store(bias + channel);
            }
            TScheme.OutputTransposed(y, pixel, line, result + channel, pointStride);
        }
    }
}
