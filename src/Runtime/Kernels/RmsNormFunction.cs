using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static System.Runtime.Intrinsics.Vector512;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// x / max(|x|, 1e-12) * gain over the channels of each pixel, in one pass. With u = gradient * gain and r = 1 / |x| the gradient by x is r (u - x r^2 (u . x)), and that by the gain is the
/// sum over the pixels of gradient * x * r.
/// </summary>
internal sealed unsafe class RmsNormFunction : KernelFunction<RmsNormFunction>
{
    private const float Least = 1e-12f;

    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gain">[channels].</param>
    public static bool Fits(Tensor x, Tensor gain) =>
        Vector512.IsHardwareAccelerated && x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && gain.dtype == ScalarType.Float32
        && x.shape[1] % Gemm.Lanes == 0 && TensorMemory.IsWithinReach(x.numel());

    /// <summary>The normalised images.</summary>
    /// <param name="x">[batch, channels, height, width], as <see cref="Fits"/> asks, channels together.</param>
    /// <param name="gain">[channels].</param>
    /// <returns>[batch, channels, height, width], channels together.</returns>
    public static Tensor Normalize(Tensor x, Tensor gain) => is_grad_enabled() ? Run(x, gain) : Forward(x, gain);

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (x, gain) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([x, gain]);
        return Forward(x, gain);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (x, gain, given) = (saved[0], saved[1], TensorMemory.ChannelsLast(gradient));
        var shape = x.shape;
        var (channels, pixels) = ((int)shape[1], shape[2] * shape[3]);
        var (byInput, byGain) = (TensorMemory.EmptyImages(shape[0], shape[1], shape[2], shape[3]), zeros(shape[0], channels));
        float* from = TensorMemory.OfImages(x), g = TensorMemory.Of(gain), dY = TensorMemory.OfImages(given), dX = TensorMemory.OfImages(byInput), dG = TensorMemory.Of(byGain);
        Workers.Run((int)shape[0], image =>
        {
            var start = image * pixels * channels;
            Gradients(from + start, g, dY + start, dX + start, dG + image * channels, pixels, channels);
        });
        return [byInput, byGain.sum(dim: 0)];
    }

    private static Tensor Forward(Tensor x, Tensor gain)
    {
        var shape = x.shape;
        var (channels, pixels) = ((int)shape[1], shape[2] * shape[3]);
        var result = TensorMemory.EmptyImages(shape[0], shape[1], shape[2], shape[3]);
        float* from = TensorMemory.OfImages(x), g = TensorMemory.Of(gain), to = TensorMemory.OfImages(result);
        Workers.Run((int)shape[0], image => Scale(from + image * pixels * channels, g, to + image * pixels * channels, pixels, channels));
        GC.KeepAlive((x, gain));
        return result;
    }

    /// <summary>Normalises rows of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* x, float* gain, float* y, long pixels, int channels)
    {
        for (var end = x + pixels * channels; x < end; x += channels, y += channels)
        {
            var inverse = Create(1 / Norm(x, channels));
            for (var channel = 0; channel < channels; channel += Gemm.Lanes)
                (Load(x + channel) * inverse * Load(gain + channel)).Store(y + channel);
        }
    }

    /// <summary>The gradient by rows of channels, which may be where these rows or their results' gradients are; that by the gain is added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients(float* x, float* gain, float* dY, float* dX, float* dGain, long pixels, int channels)
    {
        for (var end = x + pixels * channels; x < end; x += channels, dY += channels, dX += channels)
        {
            var norm = Norm(x, channels);
            var product = Vector512<float>.Zero;
            for (var channel = 0; channel < channels; channel += Gemm.Lanes)
                product = FusedMultiplyAdd(Load(dY + channel) * Load(gain + channel), Load(x + channel), product);
            // Under the least norm it is the constant that divides.
            var along = Create(norm > Least ? Sum(product) / norm / norm : 0);
            var inverse = Create(1 / norm);
            for (var channel = 0; channel < channels; channel += Gemm.Lanes)
            {
                var (value, given) = (Load(x + channel), Load(dY + channel));
                ((given * Load(gain + channel) - value * along) * inverse).Store(dX + channel);
                FusedMultiplyAdd(given * inverse, value, Load(dGain + channel)).Store(dGain + channel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Norm(float* x, int channels)
    {
        var squares = Vector512<float>.Zero;
        for (var channel = 0; channel < channels; channel += Gemm.Lanes)
            squares = FusedMultiplyAdd(Load(x + channel), Load(x + channel), squares);
        return MathF.Max(MathF.Sqrt(Sum(squares)), Least);
    }
}
