using UNetGen.Backends.Memory;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// 3 x 3 convolutions of stride 1 and padding 1, and their gradients, by Winograd's algorithm (Lavin and Gray 2016, "Fast Algorithms for
/// Convolutional Neural Networks"): with a tile's pixels and one more on each side d, the kernel g and the tile's results y, y = A^T [(G g
/// G^T) * (B^T d B)] A. For tiles of 2 x 2 the elementwise product takes 16 multiplications where the sum over the kernel's taps takes 36,
/// for tiles of 4 x 4 36 instead of 144; over all channels and tiles it is one product of matrices for each of these points. Each block of
/// tiles goes through all three steps while it is in the cache. The results differ from the textbook's sum by rounding alone.
/// </summary>
/// <remarks>
/// Images are [batch, channels, height, width] with the channels together (see <see cref="TensorMemory.ChannelsLast"/>), float32, on the
/// CPU.
/// </remarks>
internal static class Winograd<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Whether there are kernels for this: on this processor, for whole registers of channels and whole tiles.</summary>
    public static bool Fits(long channels, long outChannels, long height, long width) =>
        channels % Gemm<V>.Unit == 0 && outChannels % Gemm<V>.Unit == 0 && height % 2 == 0 && width % 2 == 0;

    /// <summary>The convolution.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[out channels, channels, 3, 3].</param>
    /// <param name="bias">[out channels], or null.</param>
    /// <returns>[batch, out channels, height, width], channels together.</returns>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias) =>
        InTilesOf4(x)
            ? Winograd<V, TilesOf4<V>>.Convolve(x, weight, bias, turned: false)
            : Winograd<V, TilesOf2<V>>.Convolve(x, weight, bias, turned: false);

    /// <summary>
    /// The gradient of <see cref="Convolve"/> by its input: the convolution with the kernels turned by 180 degrees, from output to input
    /// channels.
    /// </summary>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="weight">[out channels, channels, 3, 3].</param>
    /// <returns>[batch, channels, height, width], channels together.</returns>
    public static Tensor InputGradient(Tensor gradient, Tensor weight) =>
        InTilesOf4(gradient)
            ? Winograd<V, TilesOf4<V>>.Convolve(gradient, weight, null, turned: true)
            : Winograd<V, TilesOf2<V>>.Convolve(gradient, weight, null, turned: true);

    /// <summary>The gradients of <see cref="Convolve"/> by its parameters.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="withBias">Whether there is a bias.</param>
    /// <returns>[out channels, channels, 3, 3], and [out channels] or null.</returns>
    public static (Tensor Weight, Tensor? Bias) ParameterGradients(Tensor x, Tensor gradient, bool withBias) =>
        InTilesOf4(x)
            ? Winograd<V, TilesOf4<V>>.ParameterGradients(x, gradient, withBias)
            : Winograd<V, TilesOf2<V>>.ParameterGradients(x, gradient, withBias);

    private static bool InTilesOf4(Tensor images) => images.size(2) % 4 == 0 && images.size(3) % 4 == 0;
}

/// <summary><see cref="Winograd{V}"/> with tiles of one size.</summary>
/// <remarks>
/// Where there are few tiles, as of small images with many channels, the kernels are most of what is read: all tiles' points are made
/// first, then each part takes some output channels and transforms their kernels where it needs them. Where there are many, the kernels are
/// transformed first, and each part takes some tiles through all steps.
/// </remarks>
internal static unsafe class Winograd<V, TScheme>
    where V : unmanaged, IFloats<V>
    where TScheme : struct, IWinogradScheme<V>
{
    // In floats. What one core works on stays in its second cache; few tiles are those whose points fit the cache that all share.
    private const int OfACore = 1 << 17;
    private const int OfAll = 1 << 20;

    // Pixels in each part of a weight gradient's sum: as many parts as this gives, however many threads there are, so that the sum is the
    // same for all.
    private const int PixelsInASum = 2048;
    private const int MostSums = 8;

    private const int MostChannels = WinogradFilters<V, TScheme>.MostChannels;
    private const int MostOutputs = WinogradFilters<V, TScheme>.MostOutputs;

    private static int Points => WinogradTransforms<V, TScheme>.Points;

    /// <summary>See <see cref="Winograd{V}.Convolve(Tensor, Tensor, Tensor?)"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[outputs, channels, 3, 3], or turned [channels, outputs, 3, 3].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="turned">Whether the kernels are turned by 180 degrees and lead from output to input channels.</param>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, bool turned)
    {
        using var scope = NewDisposeScope();
        var (channels, outputs) = ((int)x.size(1), (int)weight.size(turned ? 1 : 0));
        var tiles = new WinogradTiles<V, TScheme>(x);
        using var taps = weight.is_contiguous() ? null : weight.contiguous();
        var kernels = new WinogradFilters<V, TScheme>(TensorMemory.Of(taps ?? weight), channels, outputs, turned);
        var y = TensorMemory.EmptyImages(x.size(0), outputs, x.size(2), x.size(3));
        float* images = TensorMemory.OfImages(x), offset = TensorMemory.Of(bias), results = TensorMemory.OfImages(y);
        if (SizeOf(tiles.Count, channels) <= OfAll)
        {
            var v = Scratch.TakeForAll(SizeOf(tiles.Count, channels));
            Workers.Run(Groups(tiles.Count), group => tiles.ToPoints(
                images, channels, 0, channels, group * Gemm<V>.Rows, Gemm<V>.Rows, v + group * Gemm<V>.Rows * channels,
                PointStride(tiles.Count, channels)));
            // Half as wide where there would be too few parts.
            var width = outputs >= get_num_threads() * MostOutputs ? MostOutputs : V.Lanes;
            Workers.Run((outputs + width - 1) / width, part =>
            {
                var count = Math.Min(width, outputs - part * width);
                var m = Scratch.Take(
                    SizeOf(tiles.Count, count) + WinogradFilters<V, TScheme>.BlockSize(Math.Min(channels, MostChannels), count));
                var block = m + SizeOf(tiles.Count, count);
                for (var channel = 0; channel < channels; channel += MostChannels)
                {
                    var depth = Math.Min(MostChannels, channels - channel);
                    kernels.ToPoints(channel, depth, part * width, count, block);
                    Multiply(
                        v + channel, PointStride(tiles.Count, channels), channels, block, depth, count, m, tiles.Count, add: channel > 0);
                }
                tiles.FromPoints(m, PointStride(tiles.Count, count), offset, outputs, part * width, count, 0, tiles.Count, results);
            });
        }
        else
        {
            var blocks = ImageMemory.Empty(
                Points * (channels * (long)outputs + (long)Blocks(channels, MostChannels) * Blocks(outputs, MostOutputs) * V.Lanes));
            var all = TensorMemory.Of(blocks);
            Workers.Run(Blocks(channels, MostChannels) * Blocks(outputs, MostOutputs), part =>
            {
                var (output, channel) = (
                    part / Blocks(channels, MostChannels) * MostOutputs, part % Blocks(channels, MostChannels) * MostChannels);
                kernels.ToPoints(
                    channel, Math.Min(MostChannels, channels - channel), output, Math.Min(MostOutputs, outputs - output),
                    all + PlaceOf(channel, output));
            });
            var atOnce = AtOnce(channels + MostOutputs);
            Workers.Run((tiles.Count + atOnce - 1) / atOnce, part =>
            {
                var v = Scratch.Take(SizeOf(atOnce, channels) + SizeOf(atOnce, MostOutputs));
                var m = v + SizeOf(atOnce, channels);
                tiles.ToPoints(images, channels, 0, channels, part * atOnce, atOnce, v, PointStride(atOnce, channels));
                for (var output = 0; output < outputs; output += MostOutputs)
                {
                    var count = Math.Min(MostOutputs, outputs - output);
                    for (var channel = 0; channel < channels; channel += MostChannels)
                    {
                        Multiply(
                            v + channel, PointStride(atOnce, channels), channels, all + PlaceOf(channel, output),
                            Math.Min(MostChannels, channels - channel), count, m, atOnce,
                            add: channel > 0);
                    }
                    tiles.FromPoints(m, PointStride(atOnce, count), offset, outputs, output, count, part * atOnce, atOnce, results);
                }
            });
        }
        GC.KeepAlive((x, weight, bias));
        return y.MoveToOuterDisposeScope();

        // Blocks lie in the order of their outputs, those of the same outputs in the order of their channels.
        nint PlaceOf(int channel, int output)
        {
            var before = output / MostOutputs * Blocks(channels, MostChannels) + channel / MostChannels;
            var width = Math.Min(MostOutputs, outputs - output);
            return Points * ((nint)output * channels + (nint)channel * width + before * V.Lanes);
        }
    }

    /// <summary>See <see cref="Winograd{V}.ParameterGradients"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gradient">[batch, out channels, height, width].</param>
    /// <param name="withBias">Whether there is a bias.</param>
    /// <returns>[out channels, channels, 3, 3], and [out channels] or null.</returns>
    public static (Tensor Weight, Tensor? Bias) ParameterGradients(Tensor x, Tensor gradient, bool withBias)
    {
        using var scope = NewDisposeScope();
        var (channels, outputs) = ((int)x.size(1), (int)gradient.size(1));
        var tiles = new WinogradTiles<V, TScheme>(x);
        float* images = TensorMemory.OfImages(x), gradients = TensorMemory.OfImages(gradient);
        var few = SizeOf(tiles.Count, channels) + SizeOf(tiles.Count, outputs) <= OfAll;
        var sums = few ? 1 : (int)Math.Clamp(tiles.Pixels / PixelsInASum, 1, MostSums);
        // One sum is the result itself, several are gone at once.
        Tensor weights = sums == 1 ? empty(outputs, channels, 3, 3) : ImageMemory.Empty(sums, outputs, channels, 3, 3);
        Tensor biases = zeros(few ? Groups(tiles.Count) : sums, outputs);
        float* weight = TensorMemory.Of(weights), bias = TensorMemory.Of(biases);
        if (few)
        {
            var v = Scratch.TakeForAll(SizeOf(tiles.Count, channels) + SizeOf(tiles.Count, outputs));
            var m = v + SizeOf(tiles.Count, channels);
            Workers.Run(Groups(tiles.Count), group =>
            {
                var first = group * Gemm<V>.Rows;
                tiles.ToPoints(
                    images, channels, 0, channels, first, Gemm<V>.Rows, v + first * channels, PointStride(tiles.Count, channels));
                tiles.GradientsToPoints(
                    gradients, outputs, 0, outputs, first, Gemm<V>.Rows, m + first * outputs, PointStride(tiles.Count, outputs),
                    bias + group * outputs);
            });
            Workers.Run(Blocks(channels, MostChannels) * Blocks(outputs, MostOutputs), part =>
            {
                var (output, channel) = (
                    part / Blocks(channels, MostChannels) * MostOutputs, part % Blocks(channels, MostChannels) * MostChannels);
                var (depth, count) = (Math.Min(MostChannels, channels - channel), Math.Min(MostOutputs, outputs - output));
                var block = Scratch.Take(WinogradFilters<V, TScheme>.BlockSize(depth, count));
                Correlate(
                    v + channel, PointStride(tiles.Count, channels), channels, m + output, PointStride(tiles.Count, outputs), outputs,
                    block, depth, count, tiles.Count, add: false);
                new WinogradFilters<V, TScheme>(weight, channels, outputs, turned: false).FromPoints(block, channel, depth, output, count);
            });
        }
        else
        {
            const int OutputsInAPart = 2 * MostOutputs;
            var tilesInASum = (tiles.Count + sums - 1) / sums;
            var (slices, panels) = (Blocks(channels, MostChannels), Blocks(outputs, OutputsInAPart));
            Workers.Run(sums * slices * panels, part =>
            {
                var (which, channel, output) = (
                    part / (slices * panels), part / panels % slices * MostChannels, part % panels * OutputsInAPart);
                var depth = Math.Min(MostChannels, channels - channel);
                var atOnce = AtOnce(depth + MostOutputs);
                var size = WinogradFilters<V, TScheme>.BlockSize(depth, MostOutputs);
                var blocks = Scratch.Take(2 * size + SizeOf(atOnce, depth) + SizeOf(atOnce, MostOutputs));
                var v = blocks + 2 * size;
                var m = v + SizeOf(atOnce, depth);
                var (first, end) = (which * tilesInASum, Math.Min(tiles.Count, (which + 1) * tilesInASum));
                for (var start = first; start < end; start += atOnce)
                {
                    var rows = Math.Min(atOnce, end - start);
                    tiles.ToPoints(images, channels, channel, depth, start, rows, v, PointStride(atOnce, depth));
                    for (var at = output; at < Math.Min(output + OutputsInAPart, outputs); at += MostOutputs)
                    {
                        var block = blocks + (at - output) / MostOutputs * size;
                        var count = Math.Min(MostOutputs, outputs - at);
                        tiles.GradientsToPoints(
                            gradients, outputs, at, count, start, rows, m, PointStride(atOnce, count),
                            channel == 0 ? bias + which * outputs + at : null);
                        Correlate(
                            v, PointStride(atOnce, depth), depth, m, PointStride(atOnce, count), count, block, depth, count, rows,
                            add: start > first);
                    }
                }
                var kernels = new WinogradFilters<V, TScheme>(
                    weight + which * (nint)outputs * channels * 9, channels, outputs, turned: false);
                for (var at = output; at < Math.Min(output + OutputsInAPart, outputs); at += MostOutputs)
                    kernels.FromPoints(
                        blocks + (at - output) / MostOutputs * size, channel, depth, at, Math.Min(MostOutputs, outputs - at));
            });
        }

        GC.KeepAlive((x, gradient));
        var total = sums == 1 ? weights : weights.sum(dim: 0);
        return (total.MoveToOuterDisposeScope(), withBias ? biases.sum(dim: 0).MoveToOuterDisposeScope() : null);
    }

    /// <summary>Of each point [tiles, depth] times [depth, count] to [tiles, count].</summary>
    private static void Multiply(
        float* v, nint pointStride, int channels, float* block, int depth, int count, float* m, int tiles, bool add)
    {
        for (var point = 0; point < Points; point++)
        {
            Gemm<V>.Multiply(
                v + point * pointStride, channels, 1, block + point * WinogradFilters<V, TScheme>.PointStride(depth, count), count,
                m + point * PointStride(tiles, count), count,
                tiles, depth, count, add);
        }
    }

    /// <summary>Of each point [tiles, depth] transposed times [tiles, count] to [depth, count].</summary>
    private static void Correlate(
        float* v, nint pointsOfV, int channels, float* m, nint pointsOfM, int outputs, float* block, int depth, int count, int tiles,
        bool add)
    {
        for (var point = 0; point < Points; point++)
        {
            Gemm<V>.Multiply(
                v + point * pointsOfV, 1, channels, m + point * pointsOfM, outputs,
                block + point * WinogradFilters<V, TScheme>.PointStride(depth, count), count,
                depth, tiles, count, add);
        }
    }

    private static int Blocks(int count, int atOnce) => (count + atOnce - 1) / atOnce;

    private static int Groups(int tiles) => Blocks(tiles, Gemm<V>.Rows);

    // A register more than is needed between the points: see WinogradFilters.
    private static nint PointStride(int tiles, int channels) => (nint)Groups(tiles) * Gemm<V>.Rows * channels + V.Lanes;

    private static long SizeOf(int tiles, int channels) => Points * (long)PointStride(tiles, channels);

    /// <summary>Tiles whose points fit a core's cache, in whole groups of rows that are multiplied together.</summary>
    private static int AtOnce(int channels) =>
        Math.Clamp(OfACore / (Points * channels) / Gemm<V>.Rows * Gemm<V>.Rows, 2 * Gemm<V>.Rows, 12 * Gemm<V>.Rows);
}
