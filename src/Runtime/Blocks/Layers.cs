using TorchSharp.Modules;
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

    /// <summary>LayerNorm with weight 1 and bias 0.</summary>
    /// <param name="features">Of each token, [..., features].</param>
    /// <param name="eps">Added to the variance.</param>
    internal static LayerNorm LayerNorm(long features, double eps)
    {
        var norm = nn.LayerNorm([features], eps);
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
}
