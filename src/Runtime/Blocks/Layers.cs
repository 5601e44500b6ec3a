using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>The plain layers, with the initial values that PyTorch gives them.</summary>
internal static class Layers
{
    /// <summary>GroupNorm with weight 1 and bias 0. TorchSharp's own starts with uninitialised memory.</summary>
    public static GroupNorm GroupNorm(long groups, long channels, double eps)
    {
        var norm = nn.GroupNorm(groups, channels, eps);
        nn.init.ones_(norm.weight!);
        nn.init.zeros_(norm.bias!);
        return norm;
    }

    /// <summary>Sets a convolution to zero, so that what it ends starts as nothing.</summary>
    public static void Zero(Parameter weight, Parameter? bias)
    {
        nn.init.zeros_(weight);
        if (bias is not null)
            nn.init.zeros_(bias);
    }

    /// <summary>The nonlinearity, elementwise.</summary>
    public static Tensor Activate(Tensor x, Activation activation) => activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.Gelu => nn.functional.gelu(x),
        Activation.Relu => nn.functional.relu(x),
        Activation.Mish => nn.functional.mish(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };
}
