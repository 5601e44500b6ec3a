using System.Runtime.CompilerServices;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Norms;

/// <summary>
/// GroupNorm (Wu and He 2018), then x * (scale + 1) + shift, then SiLU, in one pass: with the mean m and the deviation's inverse r of a
/// group the first two are x * a + b, where a = r * weight * (scale + 1) and b = (bias - m * r * weight) * (scale + 1) + shift are one
/// number per image and channel. Between forward and backward pass only x, m and r are kept.
/// </summary>
/// <remarks>
/// Images are [batch, channels, height, width] with the channels together, float32, on the CPU. The gradient, with z = a x + b, h = (x - m)
/// r and g the result's gradient: dz = g silu'(z), dx = r (w dz - mean(w dz) - h mean(w dz h)), with w = weight * (scale + 1) and means
/// over the group. All parameters' gradients follow from the sums of dz and of dz h over the pixels.
/// </remarks>
internal static unsafe class GroupNormSilu<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Whether there are kernels for this: on this processor, for whole registers of channels.</summary>
    public static bool Fits(long channels) => channels % Gemm<V>.Unit == 0;

    /// <summary>The fewest channels that are whole registers and whole groups.</summary>
    private static long Slice(long channels, long groups)
    {
        var inAGroup = channels / groups;
        var slice = inAGroup;
        while (slice % V.Lanes != 0)
            slice += inAGroup;
        return slice;
    }

    /// <summary>The result, and what the gradient needs.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="parameters">Of the layer.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="residual">[batch, channels, height, width], added to the result; or null.</param>
    /// <param name="result">
    /// Where the result goes, which may be <paramref name="x"/> or <paramref name="residual"/>; null for memory of its own.
    /// </param>
    /// <returns>[batch, channels, height, width], and [batch, 2, channels]: mean and inverse deviation, of each channel's group.</returns>
    public static (Tensor Result, Tensor Moments) Forward(
        Tensor x, GroupNormParameters parameters, GroupNormLayer layer, Tensor? residual = null, Tensor? result = null)
    {
        var (batch, channels, height, width) = ((int)x.size(0), (int)x.size(1), (int)x.size(2), (int)x.size(3));
        var pixels = height * width;
        result ??= TensorMemory.EmptyImages(batch, channels, height, width);
        var moments = empty(batch, 2, channels);
        var affine = new Affine(parameters, moments, channels);
        float* source = TensorMemory.OfImages(x), target = TensorMemory.OfImages(result), groups = TensorMemory.Of(moments);
        float* addend = residual is null ? null : TensorMemory.OfImages(residual);
        var inAGroup = channels / layer.Groups;
        var slice = (int)Slice(channels, layer.Groups);
        var slices = channels / slice;
        Workers.Run(batch * slices, part =>
        {
            var (image, first) = (part / slices, part % slices * slice);
            var start = (nint)image * pixels * channels + first;
            var moment = groups + (nint)image * 2 * channels + first;
            GroupNormArithmetic<V>.Moments(source + start, pixels, channels, slice, inAGroup, layer.Eps, moment, moment + channels);
            for (var channel = 0; channel < slice; channel += V.Lanes)
            {
                affine.At(image, first + channel, out var a, out var b);
                GroupNormArithmetic<V>.Apply(
                    source + start + channel, target + start + channel, addend is null ? null : addend + start + channel, pixels, channels,
                    a, b, layer.Silu);
            }
        });
        GC.KeepAlive((x, parameters, residual));
        return (result, moments);
    }

    /// <summary>The gradients.</summary>
    /// <param name="gradient">[batch, channels, height, width].</param>
    /// <param name="x">As in <see cref="Forward"/>, like all that follow.</param>
    /// <param name="parameters">Of the layer.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="moments">[batch, 2, channels].</param>
    /// <param name="inPlace">Whether <paramref name="gradient"/> is written over with the gradient by the image.</param>
    /// <param name="activated">
    /// [batch, channels, height, width], to be written: the forward pass's result, which the gradient computes on its way; or null.
    /// </param>
    /// <returns>[batch, channels, height, width], and the parameters' gradients.</returns>
    public static (Tensor ByInput, GroupNormGradients ByParameters) Backward(
        Tensor gradient, Tensor x, GroupNormParameters parameters, GroupNormLayer layer, Tensor moments, bool inPlace = false,
        Tensor? activated = null)
    {
        var (batch, channels, height, width) = ((int)x.size(0), (int)x.size(1), (int)x.size(2), (int)x.size(3));
        var pixels = height * width;
        var result = inPlace ? gradient : TensorMemory.EmptyImages(batch, channels, height, width);
        using var sums = empty(2, batch, channels);
        var affine = new Affine(parameters, moments, channels);
        float* source = TensorMemory.OfImages(x), incoming = TensorMemory.OfImages(gradient), target = TensorMemory.OfImages(result);
        float* sum = TensorMemory.Of(sums), again = activated is null ? null : TensorMemory.OfImages(activated);
        var inAGroup = channels / layer.Groups;
        var slice = (int)Slice(channels, layer.Groups);
        var slices = channels / slice;
        Workers.Run(batch * slices, part =>
        {
            var (image, first) = (part / slices, part % slices * slice);
            var start = (nint)image * pixels * channels + first;
            var byNormal = sum + (nint)image * channels + first;
            var byOffset = byNormal + (nint)batch * channels;
            float* means = Scratch.Take(2 * slice), meansOfNormal = means + slice;
            for (var channel = 0; channel < slice; channel += V.Lanes)
            {
                affine.At(image, first + channel, out var a, out var b);
                affine.Normal(image, first + channel, out var r, out var negativeMean);
                GroupNormArithmetic<V>.Activation(
                    incoming + start + channel, source + start + channel, target + start + channel,
                    again is null ? null : again + start + channel, pixels, channels, a, b, r, negativeMean, layer.Silu,
                    out var normal, out var offset);
                normal.Store(byNormal + channel);
                offset.Store(byOffset + channel);
                var w = affine.Weight(image, first + channel);
                (w * offset).Store(means + channel);
                (w * normal).Store(meansOfNormal + channel);
            }

            GroupNormArithmetic<V>.GroupMeans(means, slice, inAGroup, pixels);
            GroupNormArithmetic<V>.GroupMeans(meansOfNormal, slice, inAGroup, pixels);
            for (var channel = 0; channel < slice; channel += V.Lanes)
            {
                affine.Normal(image, first + channel, out var r, out var negativeMean);
                // dx = r w dz - r mean - r^2 (x - m) meanOfNormal, as dz p + x q + s.
                var (p, q) = (r * affine.Weight(image, first + channel), -(r * r * V.Load(meansOfNormal + channel)));
                var s = -(r * V.Load(means + channel)) + q * negativeMean;
                GroupNormArithmetic<V>.Combine(target + start + channel, source + start + channel, pixels, channels, p, q, s);
            }
        });
        GC.KeepAlive((gradient, x, parameters, moments, activated));
        return (result, OfParameters(sum, affine, parameters, batch, channels));
    }

    /// <summary>The parameters' gradients.</summary>
    /// <param name="sums">[2, batch, channels]: of each image the sums over the pixels of dz h and of dz.</param>
    /// <param name="affine">The parameters' memory.</param>
    /// <param name="parameters">Their shapes.</param>
    /// <param name="batch">Images.</param>
    /// <param name="channels">Of an image.</param>
    [MethodImpl(Compiled.Loop)]
    private static GroupNormGradients OfParameters(float* sums, Affine affine, GroupNormParameters parameters, int batch, int channels)
    {
        var (weight, bias, time) = (zeros(channels), zeros(channels), parameters.Time is null ? null : empty(batch, 2 * channels));
        float* byWeight = TensorMemory.Of(weight), byBias = TensorMemory.Of(bias), byTime = TensorMemory.Of(time);
        for (var image = 0; image < batch; image++)
        {
            for (var channel = 0; channel < channels; channel += V.Lanes)
            {
                var (normal, offset) = (V.Load(sums + image * channels + channel), V.Load(sums + (batch + image) * channels + channel));
                var scale = affine.Scale(image, channel);
                V.MultiplyAdd(normal, scale, V.Load(byWeight + channel)).Store(byWeight + channel);
                V.MultiplyAdd(offset, scale, V.Load(byBias + channel)).Store(byBias + channel);
                if (byTime is not null)
                {
                    affine.OfScale(channel, normal, offset).Store(byTime + image * 2 * channels + channel);
                    offset.Store(byTime + (image * 2 + 1) * channels + channel);
                }
            }
        }
        return new(weight, bias, time);
    }

    /// <summary>What x is multiplied with and what is added to it, for 16 channels of an image.</summary>
    private readonly struct Affine(GroupNormParameters parameters, Tensor moments, int channels)
    {
        private readonly float* weight = TensorMemory.Of(parameters.Weight), bias = TensorMemory.Of(parameters.Bias);
        private readonly float* time = TensorMemory.Of(parameters.Time), moments = TensorMemory.Of(moments);

        public void At(int image, int channel, out V a, out V b)
        {
            Normal(image, channel, out var r, out var negativeMean);
            a = r * Weight(image, channel);
            b = V.Load(bias + channel) * Scale(image, channel) + negativeMean * a;
            if (time is not null)
                b += V.Load(time + ((nint)image * 2 + 1) * channels + channel);
        }

        public void Normal(int image, int channel, out V r, out V negativeMean)
        {
            var moment = moments + (nint)image * 2 * channels + channel;
            r = V.Load(moment + channels);
            negativeMean = -V.Load(moment);
        }

        public V Weight(int image, int channel) => V.Load(weight + channel) * Scale(image, channel);

        public V Scale(int image, int channel) =>
            time is null ? V.One : V.Load(time + (nint)image * 2 * channels + channel) + V.One;

        /// <summary>The gradient by the scale.</summary>
        public V OfScale(int channel, V normal, V offset) => normal * V.Load(weight + channel) + offset * V.Load(bias + channel);
    }
}
