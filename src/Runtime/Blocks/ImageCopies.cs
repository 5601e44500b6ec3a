using TorchSharp;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>What only copies pixels. Where no gradient is asked for, the fast form (<see cref="KernelForm.Fast"/>) puts the copies in <see cref="ImageMemory"/>.</summary>
internal static class ImageCopies
{
    /// <summary>Whether what is made of <paramref name="x"/> can lie there.</summary>
    public static bool InImageMemory(Tensor x) =>
        Compute.Kernels == KernelForm.Fast && !is_grad_enabled() && x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && TensorMemory.IsWithinReach(x.numel());

    /// <summary>[batch, a, height, width] and [batch, b, height, width] to [batch, a + b, height, width], in this order.</summary>
    public static Tensor Concat(Tensor first, Tensor second)
    {
        if (!InImageMemory(first) || !InImageMemory(second))
            return cat([first, second], 1);
        using var scope = NewDisposeScope();
        var (shape, added) = (first.shape, second.shape[1]);
        var both = TensorMemory.EmptyImages(shape[0], shape[1] + added, shape[2], shape[3]);
        both.narrow(1, 0, shape[1]).copy_(first);
        both.narrow(1, shape[1], added).copy_(second);
        return both.MoveToOuterDisposeScope();
    }

    /// <summary>Each pixel four times.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>[batch, channels, 2 height, 2 width].</returns>
    public static Tensor Doubled(Tensor x)
    {
        if (!InImageMemory(x))
            return nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var result = TensorMemory.EmptyImages(batch, channels, 2 * height, 2 * width);
        result.view(batch, channels, height, 2, width, 2).copy_(x.unsqueeze(3).unsqueeze(5));
        return result.MoveToOuterDisposeScope();
    }
}
