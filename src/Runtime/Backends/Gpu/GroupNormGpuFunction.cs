using TorchSharp.Modules;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Norms;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>GroupNorm, scale and shift, and SiLU by <see cref="GroupNormOnGpu"/>, with its gradient.</summary>
internal sealed class GroupNormGpuFunction : KernelFunction<GroupNormGpuFunction>
{
    private const string HasAddend = "has addend";

    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="norm">With weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    public static bool Fits(GroupNorm norm, Tensor x) =>
        GpuKernels.Takes(x) && norm.weight is { dtype: ScalarType.Float32 } && norm.bias is not null;

    /// <summary>The normalised image.</summary>
    /// <param name="kernels">Of the image's device and numbers.</param>
    /// <param name="norm">Groups, eps, weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="offset">Added to the image before the norm, float32, [batch, channels] or [channels]; or null.</param>
    /// <param name="time">Each image's scales, then its shifts, float32, [batch, 2 channels]; or null.</param>
    /// <param name="silu">Whether SiLU follows.</param>
    /// <param name="addend">Shaped like <paramref name="x"/>, added to the result; or null.</param>
    /// <param name="spent">Whether nobody reads <paramref name="x"/> again: without gradients it is written over.</param>
    /// <returns>[batch, channels, height, width], channels together, of the image's type.</returns>
    public static Tensor Normalize(
        GpuKernels kernels, GroupNorm norm, Tensor x, Tensor? offset, Tensor? time, bool silu, Tensor? addend = null,
        bool spent = false)
    {
        using var scope = NewDisposeScope();
        var layer = new GroupNormLayer((int)norm.num_groups, (float)norm.eps, silu);
        var images = TensorMemory.ChannelsLast(x);
        var added = addend is null ? null : TensorMemory.ChannelsLast(addend.to(x.dtype));
        var result = is_grad_enabled()
            ? Run(images, norm.weight, norm.bias, offset, time, added, layer, kernels)
            : GroupNormOnGpu.Forward(
                kernels, images, new(norm.weight!, norm.bias!, offset, time), layer, added, spent ? images.alias() : null).Result;
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext context, object[] vars)
    {
        var (x, operands) = ((Tensor)vars[0], new GroupNormOperands((Tensor)vars[1], (Tensor)vars[2], (Tensor?)vars[3], (Tensor?)vars[4]));
        var (result, moments) = GroupNormOnGpu.Forward((GpuKernels)vars[7], x, operands, (GroupNormLayer)vars[6], (Tensor?)vars[5]);
        context.save_for_backward([x, operands.Weight, operands.Bias, operands.Offset!, operands.Time!, moments]);
        context.save_data(nameof(GroupNormLayer), vars[6]);
        context.save_data(nameof(GpuKernels), vars[7]);
        context.save_data(HasAddend, vars[5] is not null);
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var images = TensorMemory.ChannelsLast(gradient);
        var (byInput, (weight, bias, offset, time)) = GroupNormOnGpu.Backward(
            (GpuKernels)context.get_data(nameof(GpuKernels)), images, saved[0], new(saved[1], saved[2], saved[3], saved[4]),
            (GroupNormLayer)context.get_data(nameof(GroupNormLayer)), saved[5]);
        return [byInput, weight, bias, offset, time, (bool)context.get_data(HasAddend) ? images.alias() : null, null, null];
    }
}
