using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Norms;

/// <summary>RMSNorm over the channels of each pixel (<see cref="RmsNorm{V}"/>) with its gradient.</summary>
internal sealed unsafe class RmsNormFunction<V> : KernelFunction<RmsNormFunction<V>>
    where V : unmanaged, IFloats<V>
{
    private const int PixelsInAPart = 256;

    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="gain">[channels].</param>
    public static bool Fits(Tensor x, Tensor gain) =>
        x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && gain.dtype == ScalarType.Float32
        && x.shape[1] % Gemm<V>.Unit == 0 && TensorMemory.IsWithinReach(x.numel());

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
        float* from = TensorMemory.OfImages(x), g = TensorMemory.Of(gain), dY = TensorMemory.OfImages(given);
        float* dX = TensorMemory.OfImages(byInput), dG = TensorMemory.Of(byGain);
        Workers.Run((int)shape[0], image =>
        {
            var start = image * pixels * channels;
            RmsNorm<V>.Gradients(from + start, g, dY + start, dX + start, dG + image * channels, pixels, channels);
        });
        return [byInput, byGain.sum(dim: 0)];
    }

    private static Tensor Forward(Tensor x, Tensor gain)
    {
        var (channels, pixels) = ((int)x.size(1), x.size(0) * x.size(2) * x.size(3));
        var result = TensorMemory.EmptyImages(x.size(0), channels, x.size(2), x.size(3));
        float* from = TensorMemory.OfImages(x), g = TensorMemory.Of(gain), to = TensorMemory.OfImages(result);
        Workers.Run((int)((pixels + PixelsInAPart - 1) / PixelsInAPart), part =>
        {
            var start = (long)part * PixelsInAPart;
            RmsNorm<V>.Scale(from + start * channels, g, to + start * channels, Math.Min(PixelsInAPart, pixels - start), channels);
        });
        GC.KeepAlive((x, gain));
        return result;
    }
}
