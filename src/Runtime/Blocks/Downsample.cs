using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>Halves height and width.</summary>
/// <remarks>
/// The convolution's key differs between the references: <c>1</c> in a Sequential of rearrangement and convolution, <c>conv</c> in
/// diffusers, <c>op</c> in guided-diffusion.
/// </remarks>
public sealed class Downsample : ExplicitModule
{
    /// <summary>What learns; its kernel depends on the kind.</summary>
    public readonly Conv2d conv;

    private readonly DownsampleKind kind;

    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="kind">How.</param>
    /// <param name="key">The convolution's key.</param>
    public Downsample(long dim, long dimOut, DownsampleKind kind = DownsampleKind.Unshuffle, string key = "1") : base(nameof(Downsample))
    {
        ArgumentNullException.ThrowIfNull(key);
        this.kind = kind;
        conv = kind switch
        {
            DownsampleKind.Unshuffle => nn.Conv2d(4 * dim, dimOut, 1),
            DownsampleKind.Conv => nn.Conv2d(dim, dimOut, 3, stride: 2, padding: 1),
            DownsampleKind.ConvAsymmetric => nn.Conv2d(dim, dimOut, 3, stride: 2),
            DownsampleKind.AvgPool => nn.Conv2d(dim, dimOut, 1),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
        register_module(key, conv);
    }

    /// <param name="x">[batch, dim, height, width], height and width even.</param>
    /// <returns>[batch, dimOut, height / 2, width / 2].</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = kind switch
        {
            DownsampleKind.Unshuffle => nn.functional.pixel_unshuffle(x, 2),
            DownsampleKind.ConvAsymmetric => nn.functional.pad(x, (0, 1, 0, 1)),
            DownsampleKind.AvgPool => nn.functional.avg_pool2d(x, 2),
            _ => x,
        };
        return Compute.Backend.Convolve(h, LayerWeights.Of(conv)).MoveToOuterDisposeScope();
    }
}
