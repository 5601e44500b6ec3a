using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>The sum of two images and of a bias, by the kernels of Sums.cu, with its gradient.</summary>
internal sealed class SumGpuFunction : KernelFunction<SumGpuFunction>
{
    /// <summary>a + b + bias.</summary>
    /// <param name="kernels">Of the images' device and numbers.</param>
    /// <param name="a">
    /// [batch, channels, height, width], channels together. Not read again: without gradients its memory becomes the sum's.
    /// </param>
    /// <param name="b">Of the same shape and type, channels together.</param>
    /// <param name="bias">[channels], float32.</param>
    /// <returns>As the images.</returns>
    public static Tensor Add(GpuKernels kernels, Tensor a, Tensor b, Tensor bias) =>
        is_grad_enabled() ? Run(a, b, bias, kernels) : Sum(kernels, a, b, bias, a.alias());

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext context, object[] vars)
    {
        context.save_data(nameof(GpuKernels), vars[3]);
        var a = (Tensor)vars[0];
        return Sum((GpuKernels)vars[3], a, (Tensor)vars[1], (Tensor)vars[2], GpuKernels.EmptyImagesLike(a));
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var kernels = (GpuKernels)context.get_data(nameof(GpuKernels));
        var images = TensorMemory.ChannelsLast(gradient);
        var over = kernels.Over(images);
        using var parts = empty([over.Batch, over.Parts, over.Channels], ScalarType.Float32, images.device);
        kernels.Launch("part_sums", over.Grid, over.Block, over.Shared, images, parts, over.Count);
        return [images.alias(), images.alias(), kernels.SumRows(parts, over.Batch * over.Parts, over.Channels), null];
    }

    private static Tensor Sum(GpuKernels kernels, Tensor a, Tensor b, Tensor bias, Tensor result)
    {
        var over = kernels.Over(a);
        kernels.Launch("add", over.Grid, over.Block, 0, a, b, bias, result, over.Count);
        GC.KeepAlive((a, b, bias));
        return result;
    }
}
