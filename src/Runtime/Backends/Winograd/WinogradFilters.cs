using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// A layer's kernels on their way to a <see cref="IWinogradScheme{V}"/>'s points and back, in blocks that fit a core's cache: some input
/// channels to some output channels. A block's points are [points, channels, outputs], each point <see cref="PointStride"/> floats from the
/// last.
/// </summary>
/// <param name="weight">[outputs, channels, 3, 3], or turned [channels, outputs, 3, 3].</param>
/// <param name="channels">Of the convolution's input.</param>
/// <param name="outputs">Of the convolution's output.</param>
/// <param name="turned">Whether the kernels are turned by 180 degrees and lead from output to input channels.</param>
[SkipLocalsInit]
internal readonly unsafe struct WinogradFilters<V, TScheme>(float* weight, int channels, int outputs, bool turned)
    where V : unmanaged, IFloats<V>
    where TScheme : struct, IWinogradScheme<V>
{
    /// <summary>
    /// Input channels in a block; the last may have fewer. Sums over more are made block by block, which is the same for any number of
    /// images.
    /// </summary>
    public const int MostChannels = 64;

    /// <summary>Output channels in a block: The last may have fewer.</summary>
    public const int MostOutputs = 32;

    private const int Taps = 9;

    private readonly float* weight = weight;
    private readonly int channels = channels;
    private readonly int outputs = outputs;
    private readonly bool turned = turned;

    /// <summary>
    /// Floats from a point to the next. One register more than is needed: at a distance of some power of two all points would fall on the
    /// same few lines of the first cache.
    /// </summary>
    public static nint PointStride(int channels, int outputs) => channels * outputs + V.Lanes;

    /// <summary>Floats of a block.</summary>
    public static nint BlockSize(int channels, int outputs) => WinogradTransforms<V, TScheme>.Points * PointStride(channels, outputs);

    /// <summary>G g G^T of a block.</summary>
    /// <param name="channel">The first.</param>
    /// <param name="channelCount">Whole registers, like all that follow.</param>
    /// <param name="output">The first.</param>
    /// <param name="outputCount">How many.</param>
    /// <param name="points">[points, <paramref name="channelCount"/>, <paramref name="outputCount"/>].</param>
    public void ToPoints(int channel, int channelCount, int output, int outputCount, float* points)
    {
        var stride = PointStride(channelCount, outputCount);
        var taps = stackalloc float[V.Lanes * V.Lanes * Taps];
        for (var o = 0; o < outputCount; o += V.Lanes)
        {
            for (var c = 0; c < channelCount; c += V.Lanes)
            {
                Taken(channel + c, output + o, taps);
                for (var i = 0; i < V.Lanes; i++)
                    Forward(taps + i * Taps * V.Lanes, turned, points + (c + i) * outputCount + o, stride);
            }
        }
    }

    /// <summary>G^T u G of a block, to the kernels; the transpose of <see cref="ToPoints"/>, for kernels that aren't turned.</summary>
    /// <param name="points">[points, <paramref name="channelCount"/>, <paramref name="outputCount"/>].</param>
    /// <param name="channel">The first.</param>
    /// <param name="channelCount">Whole registers, like all that follow.</param>
    /// <param name="output">The first.</param>
    /// <param name="outputCount">How many.</param>
    public void FromPoints(float* points, int channel, int channelCount, int output, int outputCount)
    {
        var stride = PointStride(channelCount, outputCount);
        var taps = stackalloc float[V.Lanes * V.Lanes * Taps];
        for (var o = 0; o < outputCount; o += V.Lanes)
        {
            for (var c = 0; c < channelCount; c += V.Lanes)
            {
                for (var i = 0; i < V.Lanes; i++)
                    Back(points + (c + i) * outputCount + o, stride, taps + i * Taps * V.Lanes);
                var to = weight + ((nint)(output + o) * channels + channel + c) * Taps;
                for (var i = 0; i < Taps; i++)
                    V.Transpose(taps + i * V.Lanes * V.Lanes, V.Lanes, to + i * V.Lanes, (nint)channels * Taps);
            }
        }
    }

    /// <summary>[channels, taps, outputs] of the kernels from a channel and an output on, a register of either.</summary>
    private void Taken(int channel, int output, float* taps)
    {
        if (!turned)
        {
            // Of each output all taps of all channels lie together.
            var from = weight + ((nint)output * channels + channel) * Taps;
            for (var i = 0; i < Taps; i++)
                V.Transpose(from + i * V.Lanes, (nint)channels * Taps, taps + i * V.Lanes * V.Lanes, V.Lanes);
            return;
        }

        // Rows of taps become columns, a register of taps at a time; what is read beyond the taps is read for nothing.
        float* columns = stackalloc float[(Taps + V.Lanes) * V.Lanes], last = stackalloc float[(Taps + 1) * V.Lanes];
        for (var i = 0; i < V.Lanes; i++, taps += Taps * V.Lanes)
        {
            var from = weight + ((nint)(channel + i) * outputs + output) * Taps;
            if (channel + i == channels - 1 && output + V.Lanes == outputs)
            {
                // Beyond the last output's taps the weight ends.
                new Span<float>(from, V.Lanes * Taps).CopyTo(new(last, V.Lanes * Taps));
                from = last;
            }
            for (var tap = 0; tap < Taps; tap += V.Lanes)
                V.Transpose(from + tap, Taps, columns + tap * V.Lanes, V.Lanes);
            new Span<float>(columns, Taps * V.Lanes).CopyTo(new(taps, Taps * V.Lanes));
        }
    }

    [MethodImpl(Compiled.Loop)]
    private static void Forward(float* taps, bool turned, float* result, nint stride)
    {
        var points = TScheme.Points;
        var half = stackalloc float[6 * 3 * V.Lanes];
        var first = turned ? taps + (Taps - 1) * V.Lanes : taps;
        var step = turned ? -V.Lanes : V.Lanes;
        for (var i = 0; i < 3; i++)
            TScheme.Weight(first + i * step, 3 * step, half + i * V.Lanes, 3 * V.Lanes);
        for (var i = 0; i < points; i++)
            TScheme.Weight(half + i * 3 * V.Lanes, V.Lanes, result + i * points * stride, stride);
    }

    [MethodImpl(Compiled.Loop)]
    private static void Back(float* gradients, nint stride, float* taps)
    {
        var points = TScheme.Points;
        var half = stackalloc float[6 * 3 * V.Lanes];
        for (var i = 0; i < points; i++)
            TScheme.WeightTransposed(gradients + i * stride, points * stride, half + i * V.Lanes, points * V.Lanes);
        for (var i = 0; i < 3; i++)
            TScheme.WeightTransposed(half + i * points * V.Lanes, V.Lanes, taps + i * 3 * V.Lanes, V.Lanes);
    }
}
