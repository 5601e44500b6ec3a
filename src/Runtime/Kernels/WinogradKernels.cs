using System.Runtime.CompilerServices;

namespace UNetGen.Kernels;

/// <summary>
/// A layer's kernels on their way to a <see cref="IWinogradScheme"/>'s points and back, in blocks that fit a core's cache: some input channels to some output channels. A block's points are
/// [points, channels, outputs], each point <see cref="PointStride"/> floats from the last.
/// </summary>
/// <param name="weight">[outputs, channels, 3, 3], or turned [channels, outputs, 3, 3].</param>
/// <param name="channels">Of the convolution's input.</param>
/// <param name="outputs">Of the convolution's output.</param>
/// <param name="turned">Whether the kernels are turned by 180 degrees and lead from output to input channels.</param>
[SkipLocalsInit]
internal readonly unsafe struct WinogradKernels<TScheme>(float* weight, int channels, int outputs, bool turned)
    where TScheme : struct, IWinogradScheme
{
    /// <summary>Input channels in a block; the last may have fewer. Sums over more are made block by block, which is the same for any number of images.</summary>
    public const int MostChannels = 64;

    /// <summary>Output channels in a block: what <see cref="Gemm"/> computes at once. The last may have fewer.</summary>
    public const int MostOutputs = 2 * Gemm.Lanes;

    private const int Taps = 9;

    private readonly float* weight = weight;
    private readonly int channels = channels;
    private readonly int outputs = outputs;
    private readonly bool turned = turned;

    /// <summary>Floats from a point to the next. One register more than is needed: at a distance of some power of two all points would fall on the same few lines of the first cache.</summary>
    public static nint PointStride(int channels, int outputs) => channels * outputs + Gemm.Lanes;

    /// <summary>Floats of a block.</summary>
    public static nint BlockSize(int channels, int outputs) => WinogradTransforms<TScheme>.Points * PointStride(channels, outputs);

    /// <summary>G g G^T of a block.</summary>
    /// <param name="channel">The first.</param>
    /// <param name="channelCount">A multiple of 16, like all that follow.</param>
    /// <param name="output">The first.</param>
    /// <param name="outputCount">How many.</param>
    /// <param name="points">[points, <paramref name="channelCount"/>, <paramref name="outputCount"/>].</param>
    public void ToPoints(int channel, int channelCount, int output, int outputCount, float* points)
    {
        var stride = PointStride(channelCount, outputCount);
        var taps = stackalloc float[Gemm.Lanes * Gemm.Lanes * Taps];
        for (var o = 0; o < outputCount; o += Gemm.Lanes)
        {
            for (var c = 0; c < channelCount; c += Gemm.Lanes)
            {
                Taken(channel + c, output + o, taps);
                for (var i = 0; i < Gemm.Lanes; i++)
                    Forward(taps + i * Taps * Gemm.Lanes, turned, points + (c + i) * outputCount + o, stride);
            }
        }
    }

    /// <summary>G^T u G of a block, to the kernels; the transpose of <see cref="ToPoints"/>, for kernels that aren't turned.</summary>
    /// <param name="points">[points, <paramref name="channelCount"/>, <paramref name="outputCount"/>].</param>
    /// <param name="channel">The first.</param>
    /// <param name="channelCount">A multiple of 16, like all that follow.</param>
    /// <param name="output">The first.</param>
    /// <param name="outputCount">How many.</param>
    public void FromPoints(float* points, int channel, int channelCount, int output, int outputCount)
    {
        var stride = PointStride(channelCount, outputCount);
        var taps = stackalloc float[Gemm.Lanes * Gemm.Lanes * Taps];
        for (var o = 0; o < outputCount; o += Gemm.Lanes)
        {
            for (var c = 0; c < channelCount; c += Gemm.Lanes)
            {
                for (var i = 0; i < Gemm.Lanes; i++)
                    Back(points + (c + i) * outputCount + o, stride, taps + i * Taps * Gemm.Lanes);
                var to = weight + ((nint)(output + o) * channels + channel + c) * Taps;
                for (var i = 0; i < Taps; i++)
                    Transposition.Square(taps + i * Gemm.Lanes * Gemm.Lanes, Gemm.Lanes, to + i * Gemm.Lanes, (nint)channels * Taps);
            }
        }
    }

    /// <summary>[16 channels, 9 taps, 16 outputs] of the kernels from a channel and an output on.</summary>
    private void Taken(int channel, int output, float* taps)
    {
        if (!turned)
        {
            // Of each output all taps of 16 channels lie together.
            var from = weight + ((nint)output * channels + channel) * Taps;
            for (var i = 0; i < Taps; i++)
                Transposition.Square(from + i * Gemm.Lanes, (nint)channels * Taps, taps + i * Gemm.Lanes * Gemm.Lanes, Gemm.Lanes);
            return;
        }

        float* square = stackalloc float[Gemm.Lanes * Gemm.Lanes], last = stackalloc float[Gemm.Lanes * Taps + Gemm.Lanes];
        for (var i = 0; i < Gemm.Lanes; i++, taps += Taps * Gemm.Lanes)
        {
            var from = weight + ((nint)(channel + i) * outputs + output) * Taps;
            if (channel + i == channels - 1 && output + Gemm.Lanes == outputs)
            {
                // 16 numbers from the last output's kernel on would be read beyond the weight's end.
                new Span<float>(from, Gemm.Lanes * Taps).CopyTo(new(last, Gemm.Lanes * Taps));
                from = last;
            }
            Transposition.Square(from, Taps, square, Gemm.Lanes);
            new Span<float>(square, Taps * Gemm.Lanes).CopyTo(new(taps, Taps * Gemm.Lanes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward(float* taps, bool turned, float* result, nint stride)
    {
        var points = TScheme.Points;
        var half = stackalloc float[6 * 3 * Gemm.Lanes];
        var first = turned ? taps + (Taps - 1) * Gemm.Lanes : taps;
        var step = turned ? -Gemm.Lanes : Gemm.Lanes;
        for (var i = 0; i < 3; i++)
            TScheme.Weight(first + i * step, 3 * step, half + i * Gemm.Lanes, 3 * Gemm.Lanes);
        for (var i = 0; i < points; i++)
            TScheme.Weight(half + i * 3 * Gemm.Lanes, Gemm.Lanes, result + i * points * stride, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Back(float* gradients, nint stride, float* taps)
    {
        var points = TScheme.Points;
        var half = stackalloc float[6 * 3 * Gemm.Lanes];
        for (var i = 0; i < points; i++)
            TScheme.WeightTransposed(gradients + i * stride, points * stride, half + i * Gemm.Lanes, points * Gemm.Lanes);
        for (var i = 0; i < 3; i++)
            TScheme.WeightTransposed(half + i * points * Gemm.Lanes, Gemm.Lanes, taps + i * 3 * Gemm.Lanes, Gemm.Lanes);
    }
}
