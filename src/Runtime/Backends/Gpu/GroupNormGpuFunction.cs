using TorchSharp.Modules;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Norms;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>GroupNorm, scale and shift, and SiLU by <see cref="GroupNormOnGpu"/>, with its gradient.</summary>
internal sealed class GroupNormGpuFunction : KernelFunction<GroupNormGpuFunction>
{
    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="norm">With weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    public static bool Fits(GroupNorm norm, Tensor x) =>
        GpuKernels.Takes(x) && norm.weight is { dtype: ScalarType.Float32 } && norm.bias is not null;

    /// <summary>The normalised image.</summary>
    /// <param name="kernels">Of the image's device and numbers.</param>
    /// <param name="norm">Groups, eps, weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="scale">[batch, channels, 1, 1], or null.</param>
    /// <param name="shift">[batch, channels, 1, 1], or null; both or neither.</param>
    /// <param name="silu">Whether SiLU follows.</param>
    /// <param name="spent">Whether nobody reads <paramref name="x"/> again: without gradients it is written over.</param>
    /// <returns>[batch, channels, height, width], channels together, of the image's type.</returns>
    public static Tensor Normalize(
        GpuKernels kernels, GroupNorm norm, Tensor x, Tensor? scale, Tensor? shift, bool silu, bool spent = false)
    {
        using var scope = NewDisposeScope();
        var layer = new GroupNormLayer((int)norm.num_groups, (float)norm.eps, silu);
        var images = TensorMemory.ChannelsLast(x);
        var time = scale is null || shift is null ? null : cat([scale, shift], 1).flatten(1).to(ScalarType.Float32);
        var result = is_grad_enabled()
            ? Run(images, norm.weight, norm.bias, time, layer, kernels)
            : GroupNormOnGpu.Forward(kernels, images, new(norm.weight!, norm.bias!, time), layer, spent ? images.alias() : null).Result;
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext context, object[] vars)
    {
        var (x, weight, bias, time) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor?)vars[3]);
        var (result, moments) = GroupNormOnGpu.Forward((GpuKernels)vars[5], x, new(weight, bias, time), (GroupNormLayer)vars[4]);
        context.save_for_backward([x, weight, bias, time!, moments]);
        context.save_data(nameof(GroupNormLayer), vars[4]);
        context.save_data(nameof(GpuKernels), vars[5]);
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (byInput, (weight, bias, time)) = GroupNormOnGpu.Backward(
            (GpuKernels)context.get_data(nameof(GpuKernels)), TensorMemory.ChannelsLast(gradient), saved[0],
            new(saved[1], saved[2], saved[3]), (GroupNormLayer)context.get_data(nameof(GroupNormLayer)), saved[4]);
        return [byInput, weight, bias, time, null, null];
    }
}
