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
    // A block's tiles and their products stay in a core's second cache.
    private const int FloatsInCache = 1 << 18;

    // Pixels in each part of a weight gradient's sum: as many parts as this gives, however many threads there are, so that the sum is the same for all.
    private const int PixelsInASum = 4096;

    private static int Points => WinogradTransforms<TScheme>.Points;

    /// <summary>See <see cref="Winograd.ParameterGradients"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="withBias">Whether there is a bias.</param>
    /// <returns>[out channels, channels, 3, 3], and [out channels] or null.</returns>
    public static (Tensor Weight, Tensor? Bias) ParameterGradients(Tensor x, Tensor gradient, bool withBias)
    {
        var size = TScheme.Outputs;
        var (batch, height, width) = (x.shape[0], (int)x.shape[2], (int)x.shape[3]);
        var (channels, outputs) = ((int)x.shape[1], (int)gradient.shape[1]);
        var tiling = new Tiling(batch, height, width);
        var sums = (int)Math.Clamp(batch * height * width / PixelsInASum, 1, 8);
        var tilesInASum = (tiling.Count + sums - 1) / sums;
        var channelsAtOnce = channels >= 128 ? 2 * Gemm.Lanes : Gemm.Lanes;
        var slices = (channels + channelsAtOnce - 1) / channelsAtOnce;

        using var scope = NewDisposeScope();
        var points = empty(sums, Points, channels, outputs);
        var biases = withBias ? zeros(sums, outputs) : null;
        float* source = TensorMemory.OfImages(x), target = TensorMemory.OfImages(gradient), sum = TensorMemory.Of(points), biasSum = TensorMemory.Of(biases);
        Workers.Run(sums * slices, part =>
        {
            var (which, first) = (part / slices, part % slices * channelsAtOnce);
            var count = Math.Min(channelsAtOnce, channels - first);
            var atOnce = TilesAtOnce(count + outputs, tiling.Count);
            var v = Scratch.Take((long)Points * atOnce * (count + outputs));
            var m = v + Points * atOnce * count;
            var end = Math.Min(tiling.Count, (which + 1) * tilesInASum);
            for (var start = which * tilesInASum; start < end; start += atOnce)
            {
                var tiles = Math.Min(atOnce, end - start);
                for (var i = 0; i < tiles; i++)
                {
                    var (image, row, column) = tiling[start + i];
                    WinogradTransforms<TScheme>.Input(source + image * height * width * channels + first, height, width, channels, row, column, count, v + i * count, atOnce * count);
                    WinogradTransforms<TScheme>.OutputTransposed(target + (image * height + size * row) * width * outputs + size * column * outputs, outputs, width * outputs, outputs,
                        m + i * outputs, atOnce * outputs, first == 0 && biasSum is not null ? biasSum + which * outputs : null);
                }

                for (var point = 0; point < Points; point++)
                {
                    Gemm.Multiply(v + point * atOnce * count, 1, count, m + point * atOnce * outputs, outputs,
                        sum + ((long)(which * Points + point) * channels + first) * outputs, outputs, count, tiles, outputs, add: start > which * tilesInASum);
                }
            }
        });

        var total = sums == 1 ? points[0] : points.sum(dim: 0);
        var taps = empty(3, 3, channels, outputs);
        float* from = TensorMemory.Of(total), to = TensorMemory.Of(taps);
        Workers.Run(channels / Gemm.Lanes, part =>
        {
            for (var channel = part * Gemm.Lanes; channel < (part + 1) * Gemm.Lanes; channel++)
                WinogradTransforms<TScheme>.WeightTransposed(from + channel * outputs, channels * outputs, outputs, to + channel * outputs, channels * outputs);
        });
        var weight = taps.permute(3, 2, 0, 1).contiguous();
        return (weight.MoveToOuterDisposeScope(), biases?.sum(dim: 0).MoveToOuterDisposeScope());
    }

    /// <summary>See <see cref="Winograd.Convolve"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[outputs, channels, 3, 3], or turned [channels, outputs, 3, 3].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="turned">Whether the kernels are turned by 180 degrees and lead from output to input channels.</param>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, bool turned)
    {
        using var scope = NewDisposeScope();
        var size = TScheme.Outputs;
        var (batch, height, width) = (x.shape[0], (int)x.shape[2], (int)x.shape[3]);
        var (channels, outputs) = ((int)x.shape[1], (int)weight.shape[turned ? 1 : 0]);
        var u = Transformed(weight, channels, outputs, turned);
        var y = TensorMemory.EmptyImages(batch, outputs, height, width);
        var tiling = new Tiling(batch, height, width);
        var atOnce = TilesAtOnce(channels + outputs, tiling.Count);
        float* source = TensorMemory.OfImages(x), kernel = TensorMemory.Of(u), offset = TensorMemory.Of(bias), result = TensorMemory.OfImages(y);
        Workers.Run((tiling.Count + atOnce - 1) / atOnce, part =>
        {
            var start = part * atOnce;
            var tiles = Math.Min(atOnce, tiling.Count - start);
            var v = Scratch.Take((long)Points * atOnce * (channels + outputs));
            var m = v + Points * atOnce * channels;
            for (var i = 0; i < tiles; i++)
            {
                var (image, row, column) = tiling[start + i];
                WinogradTransforms<TScheme>.Input(source + image * height * width * channels, height, width, channels, row, column, channels, v + i * channels, atOnce * channels);
            }

            for (var point = 0; point < Points; point++)
            {
                Gemm.Multiply(v + point * atOnce * channels, channels, 1, kernel + (long)point * channels * outputs, outputs,
                    m + point * atOnce * outputs, outputs, tiles, channels, outputs, add: false);
            }

            for (var i = 0; i < tiles; i++)
            {
                var (image, row, column) = tiling[start + i];
                WinogradTransforms<TScheme>.Output(m + i * outputs, atOnce * outputs, offset, outputs,
                    result + (image * height + size * row) * width * outputs + size * column * outputs, outputs, width * outputs);
            }
        });
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>G g G^T of all kernels, [points, channels, outputs].</summary>
    private static Tensor Transformed(Tensor weight, int channels, int outputs, bool turned)
    {
        using var scope = NewDisposeScope();
        var taps = weight.detach().permute(2, 3, turned ? 0 : 1, turned ? 1 : 0).contiguous(); // [3, 3, channels, outputs]
        var points = empty(Points, channels, outputs);
        nint both = channels * outputs;
        float* from = TensorMemory.Of(taps), to = TensorMemory.Of(points);
        var start = turned ? from + 8 * both : from;
        var stride = turned ? -both : both;
        Workers.Run(channels / Gemm.Lanes, part =>
        {
            for (var channel = part * Gemm.Lanes; channel < (part + 1) * Gemm.Lanes; channel++)
                WinogradTransforms<TScheme>.Weight(start + channel * outputs, stride, outputs, to + channel * outputs, both);
        });
        return points.MoveToOuterDisposeScope();
    }

    /// <summary>As many as fit the cache, in whole groups of rows that are multiplied together.</summary>
    private static int TilesAtOnce(int channels, int tiles)
    {
        var fitting = Math.Clamp(FloatsInCache / (Points * channels) / Gemm.Rows * Gemm.Rows, 2 * Gemm.Rows, 12 * Gemm.Rows);
        return Math.Min(fitting, (tiles + Gemm.Rows - 1) / Gemm.Rows * Gemm.Rows);
    }

    /// <summary>The tiles of a batch, row by row.</summary>
    private readonly struct Tiling(long batch, int height, int width)
    {
        private readonly int columns = width / TScheme.Outputs;
        private readonly int inAnImage = height / TScheme.Outputs * (width / TScheme.Outputs);

        public int Count { get; } = checked((int)(batch * (height / TScheme.Outputs) * (width / TScheme.Outputs)));

        public (long Image, int Row, int Column) this[int tile]
        {
            get
            {
                var place = tile % inAnImage;
                return (tile / inAnImage, place / columns, place % columns);
            }
        }
    }
}
