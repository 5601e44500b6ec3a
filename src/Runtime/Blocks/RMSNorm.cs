using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>x / max(|x|, 1e-12) * g * sqrt(channels), the norm |x| taken over the channels of each pixel (denoising-diffusion-pytorch's RMSNorm).</summary>
/// <remarks>The fast form (<see cref="KernelForm.Fast"/>) differs by rounding alone: one pass over the pixels (<see cref="RmsNormFunction"/>).</remarks>
public sealed class RMSNorm : ExplicitModule
{
    /// <summary>The gain, [1, channels, 1, 1], at first 1.</summary>
    public readonly Parameter g;

    private readonly double scale;

    /// <param name="channels">Channels of the input.</param>
    public RMSNorm(long channels) : base(nameof(RMSNorm))
    {
        g = nn.Parameter(ones(1, channels, 1, 1));
        scale = Math.Sqrt(channels);
        register_parameter("g", g);
    }

    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var gain = g * scale;
        if (Compute.Kernels == KernelForm.Reference)
            return (nn.functional.normalize(x.to(g.dtype), dim: 1) * gain).MoveToOuterDisposeScope();
        var images = TensorMemory.ChannelsLast(x.to(g.dtype));
        gain = gain.flatten();
        var result = RmsNormFunction.Fits(images, gain)
            ? RmsNormFunction.Normalize(images, gain)
            : nn.functional.normalize(images, dim: 1) * gain.unsqueeze(-1).unsqueeze(-1);
        return result.MoveToOuterDisposeScope();
    }
}
