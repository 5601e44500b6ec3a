using UNetGen.Backends.Nodes;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>RMSNorm by the kernels of RmsNorm.cu, with its gradient. Between forward and backward pass only the image is kept.</summary>
internal sealed class RmsNormGpuFunction : KernelFunction<RmsNormGpuFunction>
{
    private const int Threads = 256;
    private const int BlocksOfGradient = 264;

    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="x">[batch, channels, height, width], channels together.</param>
    /// <param name="gain">[channels].</param>
    public static bool Fits(Tensor x, Tensor gain) =>
        GpuKernels.Takes(x) && gain.dtype == ScalarType.Float32 && x.size(0) * x.size(2) * x.size(3) <= int.MaxValue;

    /// <summary>The normalised image.</summary>
    /// <param name="kernels">Of the image's device and numbers.</param>
    /// <param name="x">[batch, channels, height, width], channels together.</param>
    /// <param name="gain">[channels], times the root of their number.</param>
    /// <returns>As <paramref name="x"/>, of its type.</returns>
    public static Tensor Normalize(GpuKernels kernels, Tensor x, Tensor gain) =>
        is_grad_enabled() ? Run(x, gain, kernels) : Forward(kernels, x, gain);

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext context, object[] vars)
    {
        context.save_for_backward([(Tensor)vars[0], (Tensor)vars[1]]);
        context.save_data(nameof(GpuKernels), vars[2]);
        return Forward((GpuKernels)vars[2], (Tensor)vars[0], (Tensor)vars[1]);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (kernels, x, gain) = ((GpuKernels)context.get_data(nameof(GpuKernels)), saved[0], saved[1]);
        var (pixels, packets, block) = Rows(x);
        var channels = (int)x.size(1);
        // Each row of threads adds up its own gradient by the gain.
        while (block.Y > 1 && (block.X * block.Y + block.Y * channels) * sizeof(float) > GpuKernels.MostShared)
            block.Y /= 2;
        var blocks = Math.Clamp((pixels + block.Y - 1) / block.Y, 1, BlocksOfGradient);
        var result = GpuKernels.EmptyImagesLike(x);
        using var shares = empty([blocks, channels], ScalarType.Float32, x.device);
        var images = Memory.TensorMemory.ChannelsLast(gradient);
        kernels.Launch(
            "rms_gradient", (blocks, 1), block, block.X * block.Y + block.Y * channels, x, images, result, gain, shares, pixels, packets);
        var byGain = kernels.SumRows(shares, blocks, channels);
        GC.KeepAlive((x, gain, images));
        return [result, byGain, null];
    }

    private static Tensor Forward(GpuKernels kernels, Tensor x, Tensor gain)
    {
        var (pixels, packets, block) = Rows(x);
        var blocks = Math.Clamp((pixels + block.Y - 1) / block.Y, 1, 16 * kernels.Blocks);
        var result = GpuKernels.EmptyImagesLike(x);
        kernels.Launch("rms_normalize", (blocks, 1), block, block.X * block.Y, x, result, gain, pixels, packets);
        GC.KeepAlive((x, gain));
        return result;
    }

    private static (int Pixels, int Packets, (int X, int Y) Block) Rows(Tensor x)
    {
        var packets = (int)x.size(1) / GpuKernels.Lanes(x.dtype);
        var threads = 1;
        while (threads < packets && threads < 32)
            threads *= 2;
        return ((int)(x.size(0) * x.size(2) * x.size(3)), packets, (threads, Threads / threads));
    }
}
