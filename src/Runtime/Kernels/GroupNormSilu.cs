using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// GroupNorm (Wu and He 2018), then x * (scale + 1) + shift, then SiLU, in one pass: with the mean m and the deviation's inverse r of a group the first two are
/// x * a + b, where a = r * weight * (scale + 1) and b = (bias - m * r * weight) * (scale + 1) + shift are one number per image and channel. Between forward and backward pass
/// only x, m and r are kept.
/// </summary>
/// <remarks>
/// Images are [batch, channels, height, width] with the channels together, float32, on the CPU. The gradient, with z = a x + b, h = (x - m) r and g the result's gradient:
/// dz = g silu'(z), dx = r (w dz - mean(w dz) - h mean(w dz h)), with w = weight * (scale + 1) and means over the group. All parameters' gradients follow from
/// the sums of dz and of dz h over the pixels.
/// </remarks>
internal static unsafe class GroupNormSilu
{
    /// <summary>What is fixed for a layer.</summary>
    /// <param name="Groups">Of channels.</param>
    /// <param name="Eps">Added to the variance.</param>
    /// <param name="Silu">Whether SiLU follows.</param>
    public sealed record Layer(int Groups, float Eps, bool Silu);

    /// <summary>Whether there are kernels for this: on this processor, for whole registers of channels.</summary>
    public static bool Fits(long channels) => Vector512.IsHardwareAccelerated && channels % Gemm.Lanes == 0;

    /// <summary>The fewest channels that are whole registers and whole groups.</summary>
    private static long Slice(long channels, long groups)
    {
        var inAGroup = channels / groups;
        var slice = inAGroup;
        while (slice % Gemm.Lanes != 0)
            slice += inAGroup;
        return slice;
    }

    /// <summary>What an image is scaled and shifted with.</summary>
    /// <param name="Weight">[channels].</param>
    /// <param name="Bias">[channels].</param>
    /// <param name="Time">[batch, 2 channels], each image's scale, then its shift; or null.</param>
    public readonly record struct Parameters(Tensor Weight, Tensor Bias, Tensor? Time);

    /// <summary>The gradients by <see cref="Parameters"/>, of the same shapes.</summary>
    public readonly record struct ParameterGradients(Tensor Weight, Tensor Bias, Tensor? Time);

    /// <summary>The result, and what the gradient needs.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="parameters">Of the layer.</param>
    /// <param name="layer">The rest.</param>
    /// <param name="residual">[batch, channels, height, width], added to the result; or null.</param>
    /// <param name="result">Where the result goes, which may be <paramref name="x"/> or <paramref name="residual"/>; null for memory of its own.</param>
    /// <returns>[batch, channels, height, width], and [batch, 2, channels]: mean and inverse deviation, of each channel's group.</returns>
    public static (Tensor Result, Tensor Moments) Forward(Tensor x, Parameters parameters, Layer layer, Tensor? residual = null, Tensor? result = null)
    {
        var (batch, channels, height, width) = ((int)x.size(0), (int)x.size(1), (int)x.size(2), (int)x.size(3));
        var pixels = height * width;
        result ??= TensorMemory.EmptyImages(batch, channels, height, width);
        var moments = empty(batch, 2, channels);
        var affine = new Affine(parameters, moments, channels);
        float* source = TensorMemory.OfImages(x), target = TensorMemory.OfImages(result), groups = TensorMemory.Of(moments), addend = residual is null ? null : TensorMemory.OfImages(residual);
        var inAGroup = channels / layer.Groups;
        var slice = (int)Slice(channels, layer.Groups);
        var slices = channels / slice;
        Workers.Run(batch * slices, part =>
        {
            var (image, first) = (part / slices, part % slices * slice);
            var start = (nint)image * pixels * channels + first;
            var moment = groups + (nint)image * 2 * channels + first;
            Moments(source + start, pixels, channels, slice, inAGroup, layer.Eps, moment, moment + channels);
            for (var channel = 0; channel < slice; channel += Gemm.Lanes)
            {
                affine.At(image, first + channel, out var a, out var b);
                Apply(source + start + channel, target + start + channel, addend is null ? null : addend + start + channel, pixels, channels, a, b, layer.Silu);
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
    /// <param name="activated">[batch, channels, height, width], to be written: the forward pass's result, which the gradient computes on its way; or null.</param>
    /// <returns>[batch, channels, height, width], and the parameters' gradients.</returns>
    public static (Tensor ByInput, ParameterGradients ByParameters) Backward(Tensor gradient, Tensor x, Parameters parameters, Layer layer, Tensor moments, bool inPlace = false, Tensor? activated = null)
    {
        var (batch, channels, height, width) = ((int)x.size(0), (int)x.size(1), (int)x.size(2), (int)x.size(3));
        var pixels = height * width;
        var result = inPlace ? gradient : TensorMemory.EmptyImages(batch, channels, height, width);
        using var sums = empty(2, batch, channels);
        var affine = new Affine(parameters, moments, channels);
        float* source = TensorMemory.OfImages(x), incoming = TensorMemory.OfImages(gradient), target = TensorMemory.OfImages(result), sum = TensorMemory.Of(sums), again = activated is null ? null : TensorMemory.OfImages(activated);
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
            for (var channel = 0; channel < slice; channel += Gemm.Lanes)
            {
                affine.At(image, first + channel, out var a, out var b);
                affine.Normal(image, first + channel, out var r, out var negativeMean);
                Activation(incoming + start + channel, source + start + channel, target + start + channel, again is null ? null : again + start + channel, pixels, channels, a, b, r, negativeMean, layer.Silu,
                    out var normal, out var offset);
                normal.Store(byNormal + channel);
                offset.Store(byOffset + channel);
                var w = affine.Weight(image, first + channel);
                (w * offset).Store(means + channel);
                (w * normal).Store(meansOfNormal + channel);
            }

            GroupMeans(means, slice, inAGroup, pixels);
            GroupMeans(meansOfNormal, slice, inAGroup, pixels);
            for (var channel = 0; channel < slice; channel += Gemm.Lanes)
            {
                affine.Normal(image, first + channel, out var r, out var negativeMean);
                // dx = r w dz - r mean - r^2 (x - m) meanOfNormal, as dz p + x q + s.
                var (p, q) = (r * affine.Weight(image, first + channel), -(r * r * Load(meansOfNormal + channel)));
                var s = -(r * Load(means + channel)) + q * negativeMean;
                Combine(target + start + channel, source + start + channel, pixels, channels, p, q, s);
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
    private static ParameterGradients OfParameters(float* sums, Affine affine, Parameters parameters, int batch, int channels)
    {
        var (weight, bias, time) = (zeros(channels), zeros(channels), parameters.Time is null ? null : empty(batch, 2 * channels));
        float* byWeight = TensorMemory.Of(weight), byBias = TensorMemory.Of(bias), byTime = TensorMemory.Of(time);
        for (var image = 0; image < batch; image++)
        {
            for (var channel = 0; channel < channels; channel += Gemm.Lanes)
            {
                var (normal, offset) = (Load(sums + image * channels + channel), Load(sums + (batch + image) * channels + channel));
                var scale = affine.Scale(image, channel);
                FusedMultiplyAdd(normal, scale, Load(byWeight + channel)).Store(byWeight + channel);
                FusedMultiplyAdd(offset, scale, Load(byBias + channel)).Store(byBias + channel);
                if (byTime is not null)
                {
                    affine.OfScale(channel, normal, offset).Store(byTime + image * 2 * channels + channel);
                    offset.Store(byTime + (image * 2 + 1) * channels + channel);
                }
            }
        }
        return new(weight, bias, time);
    }

    private static void Moments(float* x, int pixels, int stride, int slice, int inAGroup, float eps, float* mean, float* inverse)
    {
        for (var channel = 0; channel < slice; channel += Gemm.Lanes)
            Sum(x + channel, pixels, stride, Vector512<float>.Zero, squares: false).Store(mean + channel);
        GroupMeans(mean, slice, inAGroup, pixels);
        // The variance by the differences from the mean: that of the squares would lose its digits where the mean is large.
        for (var channel = 0; channel < slice; channel += Gemm.Lanes)
            Sum(x + channel, pixels, stride, Load(mean + channel), squares: true).Store(inverse + channel);
        GroupMeans(inverse, slice, inAGroup, pixels);
        for (var channel = 0; channel < slice; channel += Gemm.Lanes)
            (Vector512<float>.One / Sqrt(Load(inverse + channel) + Create(eps))).Store(inverse + channel);
    }

    /// <summary>Each channel's sum over the pixels to the mean over its group's channels and pixels.</summary>
    private static void GroupMeans(float* sums, int channels, int inAGroup, int pixels)
    {
        for (var first = 0; first < channels; first += inAGroup)
        {
            var sum = 0d;
            for (var channel = first; channel < first + inAGroup; channel++)
                sum += sums[channel];
            new Span<float>(sums + first, inAGroup).Fill((float)(sum / ((double)inAGroup * pixels)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<float> Sum(float* x, int pixels, int stride, Vector512<float> center, bool squares)
    {
        var (even, odd) = (Vector512<float>.Zero, Vector512<float>.Zero);
        for (var pixel = 0; pixel < pixels; pixel += 2, x += 2 * stride)
        {
            var first = Load(x) - center;
            var second = pixel + 1 < pixels ? Load(x + stride) - center : Vector512<float>.Zero;
            even = squares ? FusedMultiplyAdd(first, first, even) : even + first;
            odd = squares ? FusedMultiplyAdd(second, second, odd) : odd + second;
        }
        return even + odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply(float* x, float* y, float* residual, int pixels, int stride, Vector512<float> a, Vector512<float> b, bool silu)
    {
        for (var pixel = 0; pixel < pixels; pixel++, x += stride, y += stride)
        {
            var z = FusedMultiplyAdd(Load(x), a, b);
            if (silu)
                z *= Elementary.Sigmoid(z);
            if (residual is not null)
            {
                z += Load(residual);
                residual += stride;
            }
            z.Store(y);
        }
    }

    /// <summary>dz to <paramref name="dz"/>, the forward pass's result to <paramref name="y"/> unless it is null, and dz's sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Activation(float* gradient, float* x, float* dz, float* y, int pixels, int stride, Vector512<float> a, Vector512<float> b, Vector512<float> r, Vector512<float> negativeMean, bool silu,
        out Vector512<float> normal, out Vector512<float> offset)
    {
        normal = offset = Vector512<float>.Zero;
        for (var pixel = 0; pixel < pixels; pixel++, gradient += stride, x += stride, dz += stride)
        {
            var value = Load(x);
            var d = Load(gradient);
            var z = FusedMultiplyAdd(value, a, b);
            if (silu)
            {
                var sigmoid = Elementary.Sigmoid(z);
                z *= sigmoid;
                d *= FusedMultiplyAdd(z, Vector512<float>.One - sigmoid, sigmoid);
            }
            if (y is not null)
            {
                z.Store(y);
                y += stride;
            }
            d.Store(dz);
            offset += d;
            normal = FusedMultiplyAdd(d, (value + negativeMean) * r, normal);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Combine(float* dz, float* x, int pixels, int stride, Vector512<float> p, Vector512<float> q, Vector512<float> s)
    {
        for (var pixel = 0; pixel < pixels; pixel++, dz += stride, x += stride)
            FusedMultiplyAdd(Load(dz), p, FusedMultiplyAdd(Load(x), q, s)).Store(dz);
    }

    /// <summary>What x is multiplied with and what is added to it, for 16 channels of an image.</summary>
    private readonly struct Affine(Parameters parameters, Tensor moments, int channels)
    {
        private readonly float* weight = TensorMemory.Of(parameters.Weight), bias = TensorMemory.Of(parameters.Bias), time = TensorMemory.Of(parameters.Time), moments = TensorMemory.Of(moments);

        public void At(int image, int channel, out Vector512<float> a, out Vector512<float> b)
        {
            Normal(image, channel, out var r, out var negativeMean);
            a = r * Weight(image, channel);
            b = Load(bias + channel) * Scale(image, channel) + negativeMean * a;
            if (time is not null)
                b += Load(time + ((nint)image * 2 + 1) * channels + channel);
        }

        public void Normal(int image, int channel, out Vector512<float> r, out Vector512<float> negativeMean)
        {
            var moment = moments + (nint)image * 2 * channels + channel;
            r = Load(moment + channels);
            negativeMean = -Load(moment);
        }

        public Vector512<float> Weight(int image, int channel) => Load(weight + channel) * Scale(image, channel);

        public Vector512<float> Scale(int image, int channel) =>
            time is null ? Vector512<float>.One : Load(time + (nint)image * 2 * channels + channel) + Vector512<float>.One;

        /// <summary>The gradient by the scale.</summary>
        public Vector512<float> OfScale(int channel, Vector512<float> normal, Vector512<float> offset) => normal * Load(weight + channel) + offset * Load(bias + channel);
    }
}
