using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>Doubles height and width.</summary>
/// <remarks>
/// The convolution's key differs between the references: <c>1</c> in a Sequential of upsampling and convolution, <c>conv</c> in diffusers
/// and guided-diffusion.
/// </remarks>
public sealed class Upsample : ExplicitModule
{
    /// <summary>A <see cref="TorchSharp.Modules.Conv2d"/> or a <see cref="TorchSharp.Modules.ConvTranspose2d"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> conv;

    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="kind">How.</param>
    /// <param name="key">The convolution's key.</param>
    public Upsample(long dim, long dimOut, UpsampleKind kind = UpsampleKind.NearestConv, string key = "1") : base(nameof(Upsample))
    {
        ArgumentNullException.ThrowIfNull(key);
        conv = kind switch
        {
            UpsampleKind.NearestConv => nn.Conv2d(dim, dimOut, 3, padding: 1),
            UpsampleKind.ConvTranspose => nn.ConvTranspose2d(dim, dimOut, 4, stride: 2, padding: 1),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
        register_module(key, conv);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <returns>[batch, dimOut, 2 height, 2 width].</returns>
    public override Tensor forward(Tensor x) => conv is ConvTranspose2d transposed
        ? Compute.Backend.ConvolveTransposed(x, LayerWeights.Of(transposed))
        : Compute.Backend.Upsample(x, LayerWeights.OfConvolution(conv));
}
