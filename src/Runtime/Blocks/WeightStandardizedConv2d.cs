using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// A convolution whose filters are brought to mean 0 and variance 1 before each use (Qiao et al. 2019, "Weight Standardization"),
/// with the biased variance and eps 1e-5, in less than 32 bits 1e-3, as in The Annotated Diffusion Model; in one kernel where <see cref="Compute"/> says so.
/// </summary>
public sealed class WeightStandardizedConv2d : ExplicitModule
{
    /// <summary>Added to a filter's variance, in 32 bits or more.</summary>
    internal const double Eps = 1e-5;

    /// <summary>As learned, not standardised, [out, in, kernel, kernel].</summary>
    public readonly Parameter weight;

    /// <summary>[out].</summary>
    public readonly Parameter bias;

    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernelSize">Pixels, odd: the output is as large as the input.</param>
    public WeightStandardizedConv2d(long inChannels, long outChannels, long kernelSize) : base(nameof(WeightStandardizedConv2d))
    {
        // A plain convolution draws the initial values, so that they are PyTorch's.
        using (var plain = nn.Conv2d(inChannels, outChannels, kernelSize))
        {
            weight = nn.Parameter(plain.weight.detach().clone());
            bias = nn.Parameter(plain.bias!.detach().clone());
        }

        register_parameter("weight", weight);
        register_parameter("bias", bias);
    }

    /// <param name="x">[batch, in, height, width].</param>
    /// <returns>[batch, out, height, width].</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return Layers.Convolve(x, Standardized(), bias).MoveToOuterDisposeScope();
    }

    private Tensor Standardized()
    {
        if (Compute.Kernels == KernelForm.Fast && WeightStandardization.Fits(weight))
            return WeightStandardization.Standardize(weight, Eps);
        var eps = weight.dtype is ScalarType.Float32 or ScalarType.Float64 ? Eps : 1e-3;
        var mean = weight.mean([1, 2, 3], keepdim: true);
        var variance = weight.var([1, 2, 3], unbiased: false, keepdim: true);
        return (weight - mean) * (variance + eps).rsqrt();
    }
}
