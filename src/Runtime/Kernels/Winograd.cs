using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// 3 x 3 convolutions of stride 1 and padding 1, and their gradients, by Winograd's algorithm (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"):
/// with a tile's pixels and one more on each side d, the kernel g and the tile's results y, y = A^T [(G g G^T) * (B^T d B)] A. For tiles of 2 x 2 the elementwise product takes
/// 16 multiplications where the sum over the kernel's taps takes 36, for tiles of 4 x 4 36 instead of 144; over all channels and tiles it is one product of matrices for each
/// of these points. Each block of tiles goes through all three steps while it is in the cache. The results differ from the textbook's sum by rounding alone.
/// </summary>
/// <remarks>Images are [batch, channels, height, width] with the channels together (see <see cref="TensorMemory.ChannelsLast"/>), float32, on the CPU.</remarks>
internal static class Winograd
{
    /// <summary>Whether there are kernels for this: on this processor, for whole registers of channels and whole tiles.</summary>
    public static bool Fits(long channels, long outChannels, long height, long width) =>
        Vector512.IsHardwareAccelerated && channels % Gemm.Lanes == 0 && outChannels % Gemm.Lanes == 0 && height % 2 == 0 && width % 2 == 0;

    /// <summary>The convolution.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[out channels, channels, 3, 3].</param>
    /// <param name="bias">[out channels], or null.</param>
    /// <returns>[batch, out channels, height, width], channels together.</returns>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias) =>
        InTilesOf4(x) ? Winograd<TilesOf4>.Convolve(x, weight, bias, turned: false) : Winograd<TilesOf2>.Convolve(x, weight, bias, turned: false);

    /// <summary>The gradient of <see cref="Convolve"/> by its input: the convolution with the kernels turned by 180 degrees, from output to input channels.</summary>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="weight">[out channels, channels, 3, 3].</param>
    /// <returns>[batch, channels, height, width], channels together.</returns>
    public static Tensor InputGradient(Tensor gradient, Tensor weight) =>
        InTilesOf4(gradient) ? Winograd<TilesOf4>.Convolve(gradient, weight, null, turned: true) : Winograd<TilesOf2>.Convolve(gradient, weight, null, turned: true);

    /// <summary>The gradients of <see cref="Convolve"/> by its parameters.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="withBias">Whether there is a bias.</param>
    /// <returns>[out channels, channels, 3, 3], and [out channels] or null.</returns>
    public static (Tensor Weight, Tensor? Bias) ParameterGradients(Tensor x, Tensor gradient, bool withBias) =>
        InTilesOf4(x) ? Winograd<TilesOf4>.ParameterGradients(x, gradient, withBias) : Winograd<TilesOf2>.ParameterGradients(x, gradient, withBias);

    private static bool InTilesOf4(Tensor images) => images.shape[2] % 4 == 0 && images.shape[3] % 4 == 0;
}

/// <summary><see cref="Winograd"/> with tiles of one size.</summary>
internal static unsafe class Winograd<TScheme>
    where TScheme : struct, IWinogradScheme
{
    // In floats. What one core works on stays in its second cache; what fits the cache that all share goes through each step as a whole, which leaves more to share out.
    private const int OfACore = 1 << 18;
    private const int OfAll = 1 << 20;

    // Pixels in each part of a weight gradient's sum: as many parts as this gives, however many threads there are, so that the sum is the same for all.
    private const int PixelsInASum = 2048;
    private const int MostSums = 8;

    private static int Points => WinogradTransforms<TScheme>.Points;

    /// <summary>See <see cref="Winograd.Convolve"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[outputs, channels, 3, 3], or turned [channels, outputs, 3, 3].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="turned">Whether the kernels are turned by 180 degrees and lead from output to input channels.</param>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, bool turned)
    {
        using var scope = NewDisposeScope();
        var (channels, outputs) = ((int)x.shape[1], (int)weight.shape[turned ? 1 : 0]);
        var tiles = new WinogradTiles<TScheme>(x);
        var u = Transformed(weight, channels, outputs, turned);
        var y = TensorMemory.EmptyImages(x.shape[0], outputs, x.shape[2], x.shape[3]);
        float* images = TensorMemory.OfImages(x), kernels = TensorMemory.Of(u), offset = TensorMemory.Of(bias), results = TensorMemory.OfImages(y);
        if (SizeOf(tiles.Count, channels) + SizeOf(tiles.Count, outputs) <= OfAll)
        {
            var both = empty(SizeOf(tiles.Count, channels) + SizeOf(tiles.Count, outputs));
            var v = TensorMemory.Of(both);
            var m = v + SizeOf(tiles.Count, channels);
            var groups = (tiles.Count + Gemm.Rows - 1) / Gemm.Rows;
            Workers.Run(groups, group => tiles.ToPoints(images, channels, 0, channels, group * Gemm.Rows, Gemm.Rows, v + group * Gemm.Rows * channels, PointStride(tiles.Count, channels)));
            Workers.Run(Points, point => Multiply(v, m, point, tiles.Count));
            Workers.Run(groups, group => tiles.FromPoints(m + group * Gemm.Rows * outputs, PointStride(tiles.Count, outputs), offset, outputs, group * Gemm.Rows, Gemm.Rows, results));
        }
        else
        {
            var atOnce = AtOnce(channels + outputs);
            Workers.Run((tiles.Count + atOnce - 1) / atOnce, part =>
            {
                var v = Scratch.Take(SizeOf(atOnce, channels) + SizeOf(atOnce, outputs));
                var m = v + SizeOf(atOnce, channels);
                tiles.ToPoints(images, channels, 0, channels, part * atOnce, atOnce, v, PointStride(atOnce, channels));
                for (var point = 0; point < Points; point++)
                    Multiply(v, m, point, atOnce);
                tiles.FromPoints(m, PointStride(atOnce, outputs), offset, outputs, part * atOnce, atOnce, results);
            });
        }
        return y.MoveToOuterDisposeScope();

        void Multiply(float* v, float* m, int point, int rows) => Gemm.Multiply(
            v + point * PointStride(rows, channels), channels, 1, kernels + point * KernelStride(channels, outputs), outputs, m + point * PointStride(rows, outputs), outputs,
            rows, channels, outputs, add: false);
    }

    /// <summary>See <see cref="Winograd.ParameterGradients"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="withBias">Whether there is a bias.</param>
    /// <returns>[out channels, channels, 3, 3], and [out channels] or null.</returns>
    public static (Tensor Weight, Tensor? Bias) ParameterGradients(Tensor x, Tensor gradient, bool withBias)
    {
        using var scope = NewDisposeScope();
        var (channels, outputs) = ((int)x.shape[1], (int)gradient.shape[1]);
        var tiles = new WinogradTiles<TScheme>(x);
        var stride = KernelStride(channels, outputs);
        float* images = TensorMemory.OfImages(x), gradients = TensorMemory.OfImages(gradient);
        Tensor points, biases;
        if (SizeOf(tiles.Count, channels) + SizeOf(tiles.Count, outputs) <= OfAll)
        {
            var both = empty(SizeOf(tiles.Count, channels) + SizeOf(tiles.Count, outputs));
            var v = TensorMemory.Of(both);
            var m = v + SizeOf(tiles.Count, channels);
            var groups = (tiles.Count + Gemm.Rows - 1) / Gemm.Rows;
            points = empty(1, Points * stride);
            biases = zeros(groups, outputs);
            float* sum = TensorMemory.Of(points), biasSum = TensorMemory.Of(biases);
            Workers.Run(groups, group =>
            {
                tiles.ToPoints(images, channels, 0, channels, group * Gemm.Rows, Gemm.Rows, v + group * Gemm.Rows * channels, PointStride(tiles.Count, channels));
                tiles.GradientsToPoints(gradients, outputs, group * Gemm.Rows, Gemm.Rows, m + group * Gemm.Rows * outputs, PointStride(tiles.Count, outputs), biasSum + group * outputs);
            });
            Workers.Run(Points, point => Gemm.Multiply(
                v + point * PointStride(tiles.Count, channels), 1, channels, m + point * PointStride(tiles.Count, outputs), outputs, sum + point * stride, outputs,
                channels, tiles.Count, outputs, add: false));
        }
        else
        {
            var sums = (int)Math.Clamp(tiles.Pixels / PixelsInASum, 1, MostSums);
            var tilesInASum = (tiles.Count + sums - 1) / sums;
            var channelsAtOnce = Math.Min(channels, 4 * Gemm.Lanes);
            var slices = (channels + channelsAtOnce - 1) / channelsAtOnce;
            points = empty(sums, Points * stride);
            biases = zeros(sums, outputs);
            float* sum = TensorMemory.Of(points), biasSum = TensorMemory.Of(biases);
            Workers.Run(sums * slices, part =>
            {
                var (which, first) = (part / slices, part % slices * channelsAtOnce);
                var count = Math.Min(channelsAtOnce, channels - first);
                var atOnce = AtOnce(count + outputs);
                var v = Scratch.Take(SizeOf(atOnce, count) + SizeOf(atOnce, outputs));
                var m = v + SizeOf(atOnce, count);
                var end = Math.Min(tiles.Count, (which + 1) * tilesInASum);
                for (var start = which * tilesInASum; start < end; start += atOnce)
                {
                    var rows = Math.Min(atOnce, end - start);
                    tiles.ToPoints(images, channels, first, count, start, rows, v, PointStride(atOnce, count));
                    tiles.GradientsToPoints(gradients, outputs, start, rows, m, PointStride(atOnce, outputs), first == 0 ? biasSum + which * outputs : null);
                    for (var point = 0; point < Points; point++)
                    {
                        Gemm.Multiply(v + point * PointStride(atOnce, count), 1, count, m + point * PointStride(atOnce, outputs), outputs,
                            sum + (which * Points + point) * stride + first * outputs, outputs, count, rows, outputs, add: start > which * tilesInASum);
                    }
                }
            });
        }

        var total = points.shape[0] == 1 ? points : points.sum(dim: 0);
        var weight = empty(outputs, channels, 3, 3);
        float* from = TensorMemory.Of(total), to = TensorMemory.Of(weight);
        Workers.Run(channels / Gemm.Lanes, part =>
        {
            for (var channel = part * Gemm.Lanes; channel < (part + 1) * Gemm.Lanes; channel++)
                WinogradTransforms<TScheme>.WeightTransposed(from + channel * outputs, stride, outputs, to + channel * 9, channels * 9);
        });
        return (weight.MoveToOuterDisposeScope(), withBias ? biases.sum(dim: 0).MoveToOuterDisposeScope() : null);
    }

    /// <summary>G g G^T of all kernels, [points, channels, outputs], the points <see cref="KernelStride"/> apart.</summary>
    private static Tensor Transformed(Tensor weight, int channels, int outputs, bool turned)
    {
        using var scope = NewDisposeScope();
        var stride = KernelStride(channels, outputs);
        var points = empty(Points * stride);
        var taps = weight.detach().contiguous();
        float* from = TensorMemory.Of(taps), to = TensorMemory.Of(points);
        var (ofChannel, ofOutput) = turned ? (9 * outputs, 9) : (9, 9 * channels);
        Workers.Run(channels / Gemm.Lanes, part =>
        {
            for (var channel = part * Gemm.Lanes; channel < (part + 1) * Gemm.Lanes; channel++)
                WinogradTransforms<TScheme>.Weight(from + channel * ofChannel, ofOutput, turned, outputs, to + channel * outputs, stride);
        });
        return points.MoveToOuterDisposeScope();
    }

    // A register more than is needed between the points: at a distance of some power of two they would all fall on the same few lines of the first cache.
    private static nint PointStride(int tiles, int channels) => (tiles + Gemm.Rows - 1) / Gemm.Rows * Gemm.Rows * channels + Gemm.Lanes;

    private static nint KernelStride(int channels, int outputs) => channels * outputs + Gemm.Lanes;

    private static long SizeOf(int tiles, int channels) => Points * (long)PointStride(tiles, channels);

    /// <summary>Tiles whose points fit a core's cache, in whole groups of rows that are multiplied together.</summary>
    private static int AtOnce(int channels) => Math.Clamp(OfACore / (Points * channels) / Gemm.Rows * Gemm.Rows, 2 * Gemm.Rows, 12 * Gemm.Rows);
}
