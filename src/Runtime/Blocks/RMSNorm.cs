using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// x / max(|x|, 1e-12) * g * sqrt(channels), the norm |x| taken over the channels of each pixel (denoising-diffusion-pytorch's RMSNorm).
/// </summary>
public sealed class RMSNorm : ExplicitModule
{
    /// <summary>The gain, [1, channels, 1, 1], at first 1.</summary>
    public readonly Parameter g;

    /// <param name="channels">Channels of the input.</param>
    public RMSNorm(long channels) : base(nameof(RMSNorm))
    {
        g = Owned("g", ones(1, channels, 1, 1));
    }

    /// <summary>As a backend is given them.</summary>
    internal RmsNormWeights Weights => new(g);

    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x) => Compute.Backend.Normalize(x, Weights);
}
