using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// A convolution whose filters are brought to mean 0 and variance 1 before each use (Qiao et al. 2019, "Weight Standardization"),
/// (w - mean(w)) / sqrt(var(w) + eps) with the biased variance and eps 1e-5, in less than 32 bits 1e-3, as in The Annotated Diffusion
/// Model.
/// </summary>
public sealed class WeightStandardizedConv2d : ExplicitModule
{
    /// <summary>As learned, not standardised, [out, in, kernel, kernel].</summary>
    public readonly Parameter weight;

    /// <summary>[out].</summary>
    public readonly Parameter bias;

    private static readonly long[] Stride = [1, 1];
    private readonly long[] padding;

    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernelSize">Pixels, odd: the output is as large as the input.</param>
    public WeightStandardizedConv2d(long inChannels, long outChannels, long kernelSize) : base(nameof(WeightStandardizedConv2d))
    {
        // A plain convolution draws the initial values, so that they are PyTorch's.
        using (var plain = nn.Conv2d(inChannels, outChannels, kernelSize))
        {
            weight = Owned("weight", plain.weight.detach().clone());
            bias = Owned("bias", plain.bias!.detach().clone());
        }

        padding = [kernelSize / 2, kernelSize / 2];
    }

    /// <summary>As a backend is given them.</summary>
    internal ConvolutionWeights Weights => new(weight, bias, Stride, padding, Standardized: true);

    /// <param name="x">[batch, in, height, width].</param>
    /// <returns>[batch, out, height, width].</returns>
    public override Tensor forward(Tensor x) => Compute.Backend.Convolve(x, Weights);
}
