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
    /// <param name="conv">Its weights, stride and padding; of one group, undilated, with zeros around the image.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>[batch, out channels, ...].</returns>
    internal static Tensor Convolve(Conv2d conv, Tensor x) => Convolve(x, conv.weight, conv.bias, conv.stride, conv.padding!);

    /// <summary>A convolution of stride 1 whose output is as large as its input, as <see cref="Convolve(Conv2d, Tensor)"/>.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="weight">[out channels, channels, kernel, kernel], an odd kernel.</param>
    /// <param name="bias">[out channels].</param>
    /// <returns>[batch, out channels, height, width].</returns>
    internal static Tensor Convolve(Tensor x, Tensor weight, Tensor bias)
    {
        var padding = weight.shape[2] / 2;
        return Convolve(x, weight, bias, [1, 1], [padding, padding]);
    }

    /// <summary>What <see cref="Conv3x3"/> made, or a transposed convolution, as <see cref="Convolve(Conv2d, Tensor)"/>.</summary>
    internal static Tensor Convolve(nn.Module<Tensor, Tensor> conv, Tensor x) => conv switch
    {
        Conv2d plain => Convolve(plain, x),
        ConvTranspose2d transposed when Compute.Precision != Precision.Float32 => InPrecision(x, transposed.weight, transposed.bias, (images, weight, bias) =>
            nn.functional.conv_transpose2d(images, weight, bias, transposed.stride, transposed.padding)),
        _ => conv.forward(x),
    };

    /// <summary>A convolution over positions of one axis, kernel 1, in the numbers that <see cref="Compute"/> says.</summary>
    /// <param name="conv">Its weights.</param>
    /// <param name="x">[batch, channels, positions].</param>
    /// <returns>[batch, out channels, positions].</returns>
    internal static Tensor Convolve(Conv1d conv, Tensor x) => InPrecision(x, conv.weight, conv.bias, (pixels, weight, bias) => nn.functional.conv1d(pixels, weight, bias));

    /// <summary>A linear layer of the last axis, in the numbers that <see cref="Compute"/> says.</summary>
    /// <param name="linear">Its weights.</param>
    /// <param name="x">[..., in].</param>
    /// <returns>[..., out].</returns>
    internal static Tensor Project(Linear linear, Tensor x) => Project(x, linear.weight, linear.bias);

    /// <summary>x weight^T + bias over the last axis, in the numbers that <see cref="Compute"/> says.</summary>
    /// <param name="x">[..., in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out], or null.</param>
    /// <returns>[..., out].</returns>
    internal static Tensor Project(Tensor x, Tensor weight, Tensor? bias) => InPrecision(x, weight, bias, (features, matrix, offset) =>
        ImageCopies.InImageMemory(features) ? ProjectInImageMemory(features, matrix, offset) : nn.functional.linear(features, matrix, offset));

    private static Tensor ProjectInImageMemory(Tensor features, Tensor matrix, Tensor? offset)
    {
        using var scope = NewDisposeScope();
        var rows = features.flatten(0, -2).contiguous();
        var (count, from, to) = (rows.size(0), (int)matrix.size(1), (int)matrix.size(0));
        var result = ImageMemory.Empty(count, to);
        if (offset is null)
            result.zero_();
        else
            result.copy_(offset);
        if (rows.size(1) == from && matrix.dtype == ScalarType.Float32 && PixelProduct.Fits(from, to))
            PixelProduct.Add(rows, matrix.contiguous(), result);
        else
            result.addmm_(rows, matrix.t());
        return result.view([.. features.shape[..^1], to]).MoveToOuterDisposeScope();
    }

    /// <summary>The product of (batches of) matrices, in the numbers that <see cref="Compute"/> says.</summary>
    internal static Tensor Product(Tensor a, Tensor b) => InPrecision(a, b, null, (first, second, _) => matmul(first, second));

    /// <summary>softmax(q k^T / sqrt(features)) v, in the numbers that <see cref="Compute"/> says.</summary>
    /// <param name="q">[batch, heads, positions, features].</param>
    /// <param name="k">[batch, heads, positions of k, features].</param>
    /// <param name="v">[batch, heads, positions of k, features].</param>
    /// <returns>[batch, heads, positions, features].</returns>
    internal static Tensor Attend(Tensor q, Tensor k, Tensor v) => InPrecision(q, k, v, (queries, keys, values) => nn.functional.scaled_dot_product_attention(queries, keys, values!));

    private static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] stride, long[] padding) => InPrecision(x, weight, bias, (images, kernel, offset) =>
    {
        var fast = Compute.Kernels == KernelForm.Fast;
        return fast && stride is [1, 1] && padding is [1, 1] && images.size(1) == kernel.size(1) && Convolution3x3.Fits(images, kernel)
            ? Convolution3x3.Convolve(images, kernel, offset)
            : nn.functional.conv2d(fast ? TensorMemory.ChannelsLast(images) : images, kernel, offset, stride, padding);
    });

    /// <summary>What a layer computes of its input and weights, these as <see cref="Compute.Precision"/> says: rounded at each call, so that the weights themselves stay what the optimiser moves.</summary>
    private static Tensor InPrecision(Tensor x, Tensor weight, Tensor? bias, Func<Tensor, Tensor, Tensor?, Tensor> layer)
    {
        if (Compute.Precision == Precision.Float32)
            return layer(x, weight, bias);
        using var scope = NewDisposeScope();
        return layer(As(ScalarType.BFloat16, x), As(ScalarType.BFloat16, weight), bias is null ? null : As(ScalarType.BFloat16, bias)).MoveToOuterDisposeScope();
    }

    /// <summary>A norm as <see cref="Compute"/> says; with the fast kernels the result's channels lie together.</summary>
    /// <param name="norm">A <see cref="TorchSharp.Modules.GroupNorm"/>, an <see cref="RMSNorm"/> or another that keeps the shape.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    internal static Tensor Normalize(nn.Module<Tensor, Tensor> norm, Tensor x)
    {
        using var scope = NewDisposeScope();
        x = AsNormed(norm, x);
        var result = Compute.Kernels == KernelForm.Fast && norm is GroupNorm group && GroupNormFunction.Fits(group, x)
            ? GroupNormFunction.Normalize(group, x, null, null, silu: false)
            : norm.forward(x);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>activation(norm(x) * (scale + 1) + shift), in one pass where there is a kernel for it.</summary>
    /// <param name="norm">As in <see cref="Normalize"/>.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="scale">[batch, channels, 1, 1], or null.</param>
    /// <param name="shift">[batch, channels, 1, 1], or null; both or neither.</param>
    /// <param name="activation">The nonlinearity.</param>
    /// <param name="spent">Whether nobody reads <paramref name="x"/> again: then its memory may be the result's.</param>
    /// <returns>[batch, channels, height, width].</returns>
    internal static Tensor NormActivate(nn.Module<Tensor, Tensor> norm, Tensor x, Tensor? scale, Tensor? shift, Activation activation, bool spent = false)
    {
        using var scope = NewDisposeScope();
        x = AsNormed(norm, x);
        (scale, shift) = (scale is null ? null : As(x.dtype, scale), shift is null ? null : As(x.dtype, shift));
        if (Compute.Kernels == KernelForm.Fast && activation == Activation.Silu && norm is GroupNorm group && GroupNormFunction.Fits(group, x))
            return GroupNormFunction.Normalize(group, x, scale, shift, silu: true, spent).MoveToOuterDisposeScope();
        var h = norm.forward(x);
        return Activate(scale is null || shift is null ? h : h * (scale + 1) + shift, activation).MoveToOuterDisposeScope();
    }

    /// <summary>A norm's input in the type of its weights: sums over pixels need more than the 8 bits of bfloat16.</summary>
    private static Tensor AsNormed(nn.Module<Tensor, Tensor> norm, Tensor x) => norm is GroupNorm { weight: { } weight } ? As(weight.dtype, x) : x;

    private static Tensor As(ScalarType type, Tensor x) => x.dtype == type ? x : x.to(type);

    /// <summary>branch + shortcut, the end of a residual block; with the fast kernels in the branch's own memory, which no gradient needs, if it can hold the sum.</summary>
    internal static Tensor Add(Tensor branch, Tensor shortcut) => Compute.Kernels == KernelForm.Fast && branch.dtype == shortcut.dtype ? branch.add_(shortcut) : branch + shortcut;

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
