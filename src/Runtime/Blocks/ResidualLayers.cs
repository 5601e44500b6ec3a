using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>A residual block's layers, for its fast form as a whole (<see cref="ResidualFunction"/>).</summary>
/// <param name="NormFirst">Whether norm and activation stand before each convolution instead of behind it.</param>
/// <param name="Time">Projects the time embedding; or null.</param>
/// <param name="FirstConvolution">As <see cref="Layers.Conv3x3"/> makes them.</param>
/// <param name="FirstNorm">As <see cref="Layers.Normalization"/> makes them.</param>
/// <param name="SecondConvolution">Of the second half.</param>
/// <param name="SecondNorm">Of the second half.</param>
/// <param name="Shortcut">1 x 1; null where the width stays.</param>
/// <param name="Options">Of the block.</param>
internal sealed record ResidualLayers(bool NormFirst, Linear? Time, nn.Module<Tensor, Tensor> FirstConvolution, nn.Module<Tensor, Tensor> FirstNorm,
    nn.Module<Tensor, Tensor> SecondConvolution, nn.Module<Tensor, Tensor> SecondNorm, Conv2d? Shortcut, ResnetBlockOptions Options)
{
    /// <summary>What is fixed.</summary>
    public ResidualForm Form { get; } = new(NormFirst, Options.Conditioning == TimeConditioning.Add, Options.WeightStandardization ? WeightStandardizedConv2d.Eps : null,
        new((int)Options.Groups, (float)Options.NormEps, Silu: true));

    /// <summary>The block's result; null where it has to be computed layer by layer: without kernels for its layers, sizes and numbers, and where there is dropout between them.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="timeEmb">[batch, timeEmbDim], or null.</param>
    /// <param name="training">Of the block.</param>
    /// <returns>[batch, out channels, height, width], channels together.</returns>
    public Tensor? Forward(Tensor x, Tensor? timeEmb, bool training)
    {
        if (Compute.Kernels != KernelForm.Fast || Compute.Precision != Precision.Float32 || Options.Activation != Activation.Silu || (training && Options.Dropout > 0)
            || FirstNorm is not GroupNorm firstNorm || SecondNorm is not GroupNorm secondNorm)
            return null;
        var (first, second, time) = (Half(FirstConvolution, firstNorm), Half(SecondConvolution, secondNorm), Time is null ? null : timeEmb);
        if (!Fits(first.Weight, x) || !Convolution3x3.Fits(x, second.Weight) || !GroupNormFunction.Fits(firstNorm, x) || !GroupNormFunction.Fits(secondNorm, x)
            || (time is not null && (time.dtype != ScalarType.Float32 || time.dim() != 2 || time.size(0) != x.size(0))))
            return null;
        return ResidualFunction.Forward(x, time, time is null ? null : new(Time!.weight!, Time.bias), first, second, Shortcut is null ? null : new(Shortcut.weight!, Shortcut.bias), Form);
    }

    private bool Fits(Tensor firstWeight, Tensor x) =>
        x.dim() == 4 && x.size(1) == firstWeight.size(1) && Convolution3x3.Fits(x, firstWeight)
        && (!Options.WeightStandardization || WeightStandardization.Fits(firstWeight));

    /// <summary>The parameters of a half.</summary>
    internal static ResidualFunction.Half Half(nn.Module<Tensor, Tensor> convolution, GroupNorm norm) => convolution switch
    {
        WeightStandardizedConv2d standardized => new(standardized.weight, standardized.bias, norm.weight!, norm.bias!),
        _ => new(((Conv2d)convolution).weight!, ((Conv2d)convolution).bias, norm.weight!, norm.bias!),
    };
}
