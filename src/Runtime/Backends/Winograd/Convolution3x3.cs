using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Winograd;

/// <summary>A 3 x 3 convolution of stride 1 and padding 1 by <see cref="Winograd{V}"/>, with its gradient.</summary>
internal sealed class Convolution3x3<V> : KernelFunction<Convolution3x3<V>>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Whether it is faster here than libtorch's.</summary>
    /// <param name="x">
    /// Images of the size and type that are convolved, [batch, ..., height, width]; how many channels, <paramref name="weight"/> says, and
    /// who asks sees to it that the images have as many.
    /// </param>
    /// <param name="weight">[out channels, channels, height, width of the kernel].</param>
    public static bool Fits(Tensor x, Tensor weight)
    {
        if (x.device_type != DeviceType.CPU || x.dtype != ScalarType.Float32 || weight.dtype != ScalarType.Float32)
            return false;
        var (height, width, channels, outputs) = (x.size(2), x.size(3), weight.size(1), weight.size(0));
        return weight.size(2) == 3 && weight.size(3) == 3 && Winograd<V>.Fits(channels, outputs, height, width)
            // With fewer pixels transforming the kernels is most of the work. The batch doesn't decide: the same image gives the same
            // numbers in any.
            && height * width >= 64
            && TensorMemory.IsWithinReach(x.size(0) * Math.Max(channels, outputs) * height * width);
    }

    /// <summary>The convolution.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[out channels, channels, 3, 3].</param>
    /// <param name="bias">[out channels], or null.</param>
    /// <returns>[batch, out channels, height, width], channels together.</returns>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var images = TensorMemory.ChannelsLast(x);
        var result = is_grad_enabled() ? Run(images, weight, bias) : Winograd<V>.Convolve(images, weight, bias);
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (x, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2]);
        ctx.save_for_backward([x, weight]);
        ctx.save_data(nameof(x), x.requires_grad);
        ctx.save_data(nameof(bias), bias is not null);
        return Winograd<V>.Convolve(x, weight, bias);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var (x, weight) = (saved[0], saved[1]);
        var images = TensorMemory.ChannelsLast(gradient);
        var byInput = (bool)context.get_data(nameof(x)) ? Winograd<V>.InputGradient(images, weight) : null;
        var (byWeight, byBias) = Winograd<V>.ParameterGradients(x, images, (bool)context.get_data("bias"));
        return [byInput, byWeight, byBias];
    }
}
