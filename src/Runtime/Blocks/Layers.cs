using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>The plain layers, with the initial values that PyTorch gives them.</summary>
public static class Layers
{
    /// <summary>GroupNorm with weight 1 and bias 0. TorchSharp's own starts with uninitialised memory.</summary>
    /// <param name="groups">Must divide <paramref name="channels"/>.</param>
    /// <param name="channels">Channels of input and output, [batch, channels, height, width].</param>
    /// <param name="eps">Added to the variance.</param>
    public static GroupNorm GroupNorm(long groups, long channels, double eps)
    {
        var norm = nn.GroupNorm(groups, channels, eps);
        nn.init.ones_(norm.weight!);
        nn.init.zeros_(norm.bias!);
        return norm;
    }

    /// <summary>What normalises in residual blocks of these options, [batch, channels, height, width] to the same.</summary>
    internal static nn.Module<Tensor, Tensor> Normalization(long channels, ResnetBlockOptions options) =>
        options.Norm == Norm.Group ? GroupNorm(options.Groups, channels, options.NormEps) : new RMSNorm(channels);

    /// <summary>A residual block's 3 x 3 convolution.</summary>
    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="options">Of the block.</param>
    /// <param name="last">The last of its branch, which <see cref="ResnetBlockOptions.ZeroInit"/> lets start at 0.</param>
    internal static nn.Module<Tensor, Tensor> Conv3x3(long dim, long dimOut, ResnetBlockOptions options, bool last)
    {
        if (options.WeightStandardization)
        {
            var standardized = new WeightStandardizedConv2d(dim, dimOut, 3);
            if (last && options.ZeroInit)
                Zero(standardized.weight, standardized.bias);
            return standardized;
        }

        var conv = nn.Conv2d(dim, dimOut, 3, padding: 1);
        if (last && options.ZeroInit)
            Zero(conv.weight, conv.bias);
        return conv;
    }

    /// <summary>Sets a convolution to zero, so that what it ends starts as nothing.</summary>
    internal static void Zero(Parameter weight, Parameter? bias)
    {
        nn.init.zeros_(weight);
        if (bias is not null)
            nn.init.zeros_(bias);
    }

    /// <summary>A convolution as <see cref="Compute"/> says: by the kernel that is fastest here, or the textbook's; its channels lie together unless the kernels are the reference's.</summary>
    /// <param name="conv">Its weights, stride and padding.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>[batch, out channels, ...].</returns>
    internal static Tensor Convolve(Conv2d conv, Tensor x)
    {
        var square = conv.stride is [1, 1] && conv.padding is [1, 1];
        return Compute.Kernels == KernelForm.Fast && square && Convolution3x3.Fits(x, conv.weight)
            ? Convolution3x3.Convolve(x, conv.weight, conv.bias)
            : conv.forward(Compute.Kernels == KernelForm.Fast ? TensorMemory.ChannelsLast(x) : x);
    }

    /// <summary>A convolution of stride 1 whose output is as large as its input, as <see cref="Convolve(Conv2d, Tensor)"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[out channels, channels, kernel, kernel], an odd kernel.</param>
    /// <param name="bias">[out channels].</param>
    /// <returns>[batch, out channels, height, width].</returns>
    internal static Tensor Convolve(Tensor x, Tensor weight, Tensor bias)
    {
        var padding = weight.shape[2] / 2;
        return Compute.Kernels == KernelForm.Fast && Convolution3x3.Fits(x, weight)
            ? Convolution3x3.Convolve(x, weight, bias)
            : nn.functional.conv2d(Compute.Kernels == KernelForm.Fast ? TensorMemory.ChannelsLast(x) : x, weight, bias, padding: [padding, padding]);
    }

    /// <summary>What <see cref="Conv3x3"/> made, as <see cref="Convolve(Conv2d, Tensor)"/>.</summary>
    internal static Tensor Convolve(nn.Module<Tensor, Tensor> conv, Tensor x) => conv is Conv2d plain ? Convolve(plain, x) : conv.forward(x);

    /// <summary>A linear layer of the last axis.</summary>
    internal static Tensor Project(Linear linear, Tensor x) => linear.forward(x);

    /// <summary>A product of (batches of) matrices that a block writes out.</summary>
    internal static Tensor Product(Tensor a, Tensor b) => matmul(a, b);

    /// <summary>A norm as <see cref="Compute"/> says; with the fast kernels the result's channels lie together.</summary>
    /// <param name="norm">A <see cref="TorchSharp.Modules.GroupNorm"/>, an <see cref="RMSNorm"/> or another that keeps the shape.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    internal static Tensor Normalize(nn.Module<Tensor, Tensor> norm, Tensor x) =>
        Compute.Kernels == KernelForm.Fast && norm is GroupNorm group && GroupNormFunction.Fits(group, x)
            ? GroupNormFunction.Normalize(group, x, null, null, silu: false)
            : norm.forward(x);

    /// <summary>activation(norm(x) * (scale + 1) + shift), in one pass where there is a kernel for it.</summary>
    /// <param name="norm">As in <see cref="Normalize"/>.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="scale">[batch, channels, 1, 1], or null.</param>
    /// <param name="shift">[batch, channels, 1, 1], or null; both or neither.</param>
    /// <param name="activation">The nonlinearity.</param>
    /// <returns>[batch, channels, height, width].</returns>
    internal static Tensor NormActivate(nn.Module<Tensor, Tensor> norm, Tensor x, Tensor? scale, Tensor? shift, Activation activation)
    {
        if (Compute.Kernels == KernelForm.Fast && activation == Activation.Silu && norm is GroupNorm group && GroupNormFunction.Fits(group, x))
            return GroupNormFunction.Normalize(group, x, scale, shift, silu: true);
        var h = norm.forward(x);
        return Activate(scale is null || shift is null ? h : h * (scale + 1) + shift, activation);
    }

    /// <summary>branch + shortcut, the end of a residual block; with the fast kernels in the branch's own memory, which no gradient needs.</summary>
    internal static Tensor Add(Tensor branch, Tensor shortcut) => Compute.Kernels == KernelForm.Fast ? branch.add_(shortcut) : branch + shortcut;

    /// <summary>The nonlinearity, elementwise.</summary>
    internal static Tensor Activate(Tensor x, Activation activation) => activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.Gelu => nn.functional.gelu(x),
        Activation.Relu => nn.functional.relu(x),
        Activation.Mish => nn.functional.mish(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };
}
