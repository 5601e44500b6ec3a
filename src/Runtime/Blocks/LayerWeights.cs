using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>Layers as a backend is given them, with the parameters that they have at the time.</summary>
internal static class LayerWeights
{
    /// <summary>Of a linear layer.</summary>
    public static LinearWeights Of(Linear layer) => new(layer.weight!, layer.bias);

    /// <summary>Of a linear layer, or of a 1 x 1 convolution as one.</summary>
    public static LinearWeights OfPixels(nn.Module<Tensor, Tensor> layer) => layer is Linear linear
        ? Of(linear)
        : new(((Conv2d)layer).weight.flatten(1), ((Conv2d)layer).bias);

    /// <summary>Of a norm over features.</summary>
    public static LayerNormWeights Of(LayerNorm layer) => new(layer.weight!, layer.bias!, layer.eps);

    /// <summary>Of a convolution of one group, undilated, with zeros around the image.</summary>
    public static ConvolutionWeights Of(Conv2d layer) => new(layer.weight, layer.bias, layer.stride, layer.padding!);

    /// <summary>Of a transposed convolution of one group, undilated.</summary>
    public static ConvolutionWeights Of(ConvTranspose2d layer) => new(layer.weight, layer.bias, layer.stride, layer.padding!);

    /// <summary>Of what <see cref="Layers.Conv3x3"/> makes.</summary>
    public static ConvolutionWeights OfConvolution(nn.Module<Tensor, Tensor> layer) =>
        layer is WeightStandardizedConv2d standardized ? standardized.Weights : Of((Conv2d)layer);

    /// <summary>Of what <see cref="Layers.Normalization"/> makes.</summary>
    public static NormWeights OfNorm(nn.Module<Tensor, Tensor> layer) =>
        layer is RMSNorm rms ? rms.Weights : new GroupNormWeights((GroupNorm)layer);
}
