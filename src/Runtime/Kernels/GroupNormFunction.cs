using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>GroupNorm, scale and shift, and SiLU by <see cref="GroupNormSilu"/>, with its gradient.</summary>
internal sealed class GroupNormFunction : KernelFunction<GroupNormFunction>
{
    /// <summary>Whether there is a kernel for this.</summary>
    /// <param name="norm">With weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    public static bool Fits(GroupNorm norm, Tensor x) =>
        x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && x.dim() == 4
        && norm.weight is { dtype: ScalarType.Float32 } && norm.bias is not null
        && GroupNormSilu.Fits(x.shape[1], norm.num_groups) && TensorMemory.IsWithinReach(x.numel());

    /// <summary>The normalised image.</summary>
    /// <param name="norm">Groups, eps, weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="scale">[batch, channels, 1, 1], or null.</param>
    /// <param name="shift">[batch, channels, 1, 1], or null; both or neither.</param>
    /// <param name="silu">Whether SiLU follows.</param>
    /// <param name="spent">Whether nobody reads <paramref name="x"/> again: without gradients it is written over.</param>
    /// <returns>[batch, channels, height, width], channels together.</returns>
    public static Tensor Normalize(GroupNorm norm, Tensor x, Tensor? scale, Tensor? shift, bool silu, bool spent = false)
    {
        using var scope = NewDisposeScope();
        var layer = new GroupNormSilu.Layer((int)norm.num_groups, (float)norm.eps, silu);
        var images = TensorMemory.ChannelsLast(x);
        var (scales, shifts) = (scale?.flatten(1).contiguous(), shift?.flatten(1).contiguous());
        var result = is_grad_enabled()
            ? Run(images, norm.weight, norm.bias, scales, shifts, layer)
            : GroupNormSilu.Forward(images, norm.weight!, norm.bias!, scales, shifts, layer, inPlace: spent).Result;
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, weight, bias, scale, shift) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor?)vars[3], (Tensor?)vars[4]);
        var (result, moments) = GroupNormSilu.Forward(x, weight, bias, scale, shift, (GroupNormSilu.Layer)vars[5]);
        ctx.save_for_backward([x, weight, bias, scale!, shift!, moments]);
        ctx.save_data(nameof(GroupNormSilu.Layer), vars[5]);
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (x, weight, bias, scale, shift, moments) = (saved[0], saved[1], saved[2], (Tensor?)saved[3], (Tensor?)saved[4], saved[5]);
        var layer = (GroupNormSilu.Layer)context.get_data(nameof(GroupNormSilu.Layer));
        var (byInput, sums) = GroupNormSilu.Backward(TensorMemory.ChannelsLast(gradient), x, weight, bias, scale, shift, moments, layer);
        var (ofNormal, ofOffset) = (sums[0], sums[1]); // each [batch, channels]
        if (scale is null)
            return [byInput, ofNormal.sum(dim: 0), ofOffset.sum(dim: 0), null, null, null];
        var factor = scale + 1;
        return [byInput, (ofNormal * factor).sum(dim: 0), (ofOffset * factor).sum(dim: 0), ofNormal * weight + ofOffset * bias, ofOffset, null];
    }
}
