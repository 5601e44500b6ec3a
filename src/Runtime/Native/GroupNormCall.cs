using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Native;

/// <summary>libtorch's GroupNorm, without its fault.</summary>
internal static class GroupNormCall
{
    /// <summary>The norm of images.</summary>
    /// <param name="layer">Groups, weight and bias.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    public static Tensor Forward(GroupNorm layer, Tensor x)
    {
        if (!is_grad_enabled() || x.requires_grad || layer.weight is not { } weight || layer.bias is not { } bias || x.is_contiguous())
            return layer.forward(x);
        // Of images whose channels lie together, as after a frozen convolution, libtorch's backward pass ends the process where a gradient
        // by the layer's weights is asked for, and none by the images. The norm alone needs none.
        using var scope = NewDisposeScope();
        var normed = nn.functional.group_norm(x, layer.num_groups, null, null, layer.eps);
        var shape = new long[] { 1, -1, 1, 1 };
        return (normed * weight.reshape(shape)).add(bias.reshape(shape), Number.One).MoveToOuterDisposeScope();
    }
}
