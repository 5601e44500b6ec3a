using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Backends.Winograd;

namespace UNetGen.Arithmetic;

/// <summary>The maps of Winograd's algorithm.</summary>
internal static unsafe class WinogradChecks<V>
    where V : unmanaged, IFloats<V>
{
    public static IEnumerable<(string Name, Action Run)> All =>
    [
        ("tiles of 2 x 2: the maps make the sum over a kernel's taps", () => Convolution<TilesOf2<V>>(turned: false)),
        ("tiles of 4 x 4: the maps make the sum over a kernel's taps", () => Convolution<TilesOf4<V>>(turned: false)),
        ("tiles of 2 x 2: so they do with turned kernels", () => Convolution<TilesOf2<V>>(turned: true)),
        ("tiles of 4 x 4: so they do with turned kernels", () => Convolution<TilesOf4<V>>(turned: true)),
        ("tiles of 2 x 2: gradients go back by the transposed maps", Transposed<TilesOf2<V>>),
        ("tiles of 4 x 4: gradients go back by the transposed maps", Transposed<TilesOf4<V>>),
    ];

    /// <summary>A whole image of 2 x 3 tiles, tile by tile, at its edges too.</summary>
    private static void Convolution<TScheme>(bool turned)
        where TScheme : struct, IWinogradScheme<V>
    {
        var (channels, outputs, points) = (Gemm<V>.Unit, 2 * Gemm<V>.Unit, WinogradTransforms<V, TScheme>.Points);
        var (tile, height, width) = (TScheme.Outputs, 2 * TScheme.Outputs, 3 * TScheme.Outputs);
        using Numbers image = Numbers.Random(height * width * channels, 1), weight = Numbers.Random(channels * outputs * 9, 2, 0.2),
        bias = Numbers.Random(outputs, 3);
        using Numbers y = new(height * width * outputs), v = new(points * Gemm<V>.Rows * channels),
        m = new(points * Gemm<V>.Rows * outputs);
        var stride = WinogradFilters<V, TScheme>.PointStride(channels, outputs);
        using var u = new Numbers((int)WinogradFilters<V, TScheme>.BlockSize(channels, outputs));
        new WinogradFilters<V, TScheme>(weight.At, channels, outputs, turned).ToPoints(0, channels, 0, outputs, u.At);
        for (var at = 0; at < 6; at++)
        {
            var (row, column) = (at / 3, at % 3);
            WinogradTransforms<V, TScheme>.Input(image.At, height, width, channels, row, column, channels, v.At, Gemm<V>.Rows * channels);
            for (var point = 0; point < points; point++)
            {
                Gemm<V>.Multiply(
                    v.At + point * Gemm<V>.Rows * channels, channels, 1, u.At + point * stride, outputs,
                    m.At + point * Gemm<V>.Rows * outputs, outputs,
                    Gemm<V>.Rows, channels, outputs, add: false);
            }
            var first = y.At + (row * tile * width + column * tile) * outputs;
            WinogradTransforms<V, TScheme>.Output(m.At, Gemm<V>.Rows * outputs, bias.At, outputs, first, outputs, width * outputs);
        }

        y.Expect(i =>
        {
            var (row, column, output) = (i / outputs / width, i / outputs % width, i % outputs);
            var sum = (double)bias.At[output];
            for (var tap = 0; tap < 9; tap++)
            {
                var (h, w) = (row + tap / 3 - 1, column + tap % 3 - 1);
                for (var channel = 0; h >= 0 && h < height && w >= 0 && w < width && channel < channels; channel++)
                {
                    var kernel = turned ? (channel * outputs + output) * 9 + 8 - tap : (output * channels + channel) * 9 + tap;
                    sum += (double)image.At[(h * width + w) * channels + channel] * weight.At[kernel];
                }
            }
            return sum;
        }, 2e-5);
    }

    /// <summary>(M x) . y = x . (M^T y), for the maps of results and of kernels.</summary>
    private static void Transposed<TScheme>()
        where TScheme : struct, IWinogradScheme<V>
    {
        var (channels, outputs, points, tile) = (Gemm<V>.Unit, 2 * Gemm<V>.Unit, WinogradTransforms<V, TScheme>.Points, TScheme.Outputs);
        using Numbers m = Numbers.Random(points * channels, 1), y = new(tile * tile * channels);
        WinogradTransforms<V, TScheme>.Output(m.At, channels, null, channels, y.At, channels, tile * channels);
        using Numbers dY = Numbers.Random(tile * tile * channels, 2), dM = new(points * channels), byBias = new(channels);
        WinogradTransforms<V, TScheme>.OutputTransposed(dY.At, channels, tile * channels, channels, dM.At, channels, byBias.At);
        Same(Product(y, dY), Product(m, dM));
        byBias.Expect(channel => Enumerable.Range(0, tile * tile).Sum(pixel => (double)dY.At[pixel * channels + channel]), 1e-5);

        // Between the points lie numbers that belong to none.
        var size = (int)WinogradFilters<V, TScheme>.BlockSize(channels, outputs);
        var stride = (int)WinogradFilters<V, TScheme>.PointStride(channels, outputs);
        using Numbers weight = Numbers.Random(channels * outputs * 9, 3), u = new(size), dU = Numbers.Random(size, 4),
        dWeight = new(channels * outputs * 9);
        new WinogradFilters<V, TScheme>(weight.At, channels, outputs, turned: false).ToPoints(0, channels, 0, outputs, u.At);
        new WinogradFilters<V, TScheme>(dWeight.At, channels, outputs, turned: false).FromPoints(dU.At, 0, channels, 0, outputs);
        Same(Enumerable.Range(0, size).Where(i => i % stride < channels * outputs).Sum(i => (double)u.At[i] * dU.At[i]), Product(
            weight, dWeight));

        static double Product(Numbers a, Numbers b) => Enumerable.Range(0, a.Count).Sum(i => (double)a.At[i] * b.At[i]);

        static void Same(double expected, double actual)
        {
            if (!(Math.Abs(expected - actual) <= 1e-4 * Math.Max(1, Math.Abs(expected))))
                throw new ArithmeticException($"{actual:g9} instead of {expected:g9}");
        }
    }
}
