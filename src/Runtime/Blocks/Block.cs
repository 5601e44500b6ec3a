using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Half of a <see cref="ResnetBlock"/>: 3 x 3 convolution, norm, optionally x * (scale + 1) + shift, activation, dropout.
/// </summary>
public sealed class Block : nn.Module<Tensor, Tensor?, Tensor?, Tensor>
{
    /// <summary>3 x 3, dim to dimOut; a <see cref="TorchSharp.Modules.Conv2d"/> or a <see cref="WeightStandardizedConv2d"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> proj;

    /// <summary>A <see cref="TorchSharp.Modules.GroupNorm"/> or an <see cref="RMSNorm"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> norm;

    private readonly Activation activation;
    private readonly double dropout;

    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="options">The rest, common to all residual blocks of a network.</param>
    /// <param name="last">
    /// Second half of a residual block: it has no dropout, and with <see cref="ResnetBlockOptions.ZeroInit"/> its convolution starts at 0.
    /// </param>
    public Block(long dim, long dimOut, ResnetBlockOptions options, bool last) : base(nameof(Block))
    {
        ArgumentNullException.ThrowIfNull(options);
        proj = Layers.Conv3x3(dim, dimOut, options, last);
        norm = Layers.Normalization(dimOut, options);
        activation = options.Activation;
        dropout = last ? 0 : options.Dropout;
        register_module("proj", proj);
        register_module("norm", norm);
    }

    /// <summary>As a backend is given them.</summary>
    internal HalfWeights Weights => new(LayerWeights.OfConvolution(proj), LayerWeights.OfNorm(norm));

    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="scale">[batch, dimOut, 1, 1], or null.</param>
    /// <param name="shift">[batch, dimOut, 1, 1], or null, both or neither.</param>
    /// <returns>[batch, dimOut, height, width].</returns>
    public override Tensor forward(Tensor x, Tensor? scale = null, Tensor? shift = null) =>
        Compute.Backend.ResidualHalf(x, scale, shift, Weights, activation, training ? dropout : 0);

    /// <summary>Nothing: the constructor registered the layers under PyTorch's keys.</summary>
    protected override void RegisterComponents()
    {
    }
}
