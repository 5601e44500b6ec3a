using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>What all residual blocks of a network have in common.</summary>
public sealed record ResnetBlockOptions
{
    /// <summary>GroupNorm or RMSNorm after each convolution.</summary>
    public Norm Norm { get; init; } = Norm.Group;

    /// <summary>Groups of the GroupNorm.</summary>
    public long Groups { get; init; } = 8;

    /// <summary>Added to the variance by the GroupNorm.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Whether the 3 x 3 convolutions are <see cref="WeightStandardizedConv2d"/>.</summary>
    public bool WeightStandardization { get; init; }

    /// <summary>The nonlinearity, also before the projection of the time embedding.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>Probability, at the end of the first half.</summary>
    public double Dropout { get; init; }

    /// <summary>How the time embedding enters.</summary>
    public TimeConditioning Conditioning { get; init; } = TimeConditioning.ScaleShift;

    /// <summary>The last convolution starts at 0, so that the block starts as the identity (or as its 1 x 1 convolution).</summary>
    public bool ZeroInit { get; init; }
}

/// <summary>
/// The residual block of The Annotated Diffusion Model and denoising-diffusion-pytorch: two <see cref="Block"/>s f and g, the time
/// embedding between them, and the input added, through a 1 x 1 convolution where the width changes: y = shortcut(x) + g(f(x, scale,
/// shift)), or shortcut(x) + g(f(x) + time).
/// </summary>
public sealed class ResnetBlock : nn.Module<Tensor, Tensor?, Tensor>
{
    /// <summary>
    /// Time embedding to scale and shift (or to what is added), [batch, timeEmbDim] to [batch, 2 dimOut] (or dimOut); key <c>mlp.1</c>.
    /// Null without time embedding.
    /// </summary>
    public readonly Linear? mlp;

    /// <summary>dim to dimOut.</summary>
    public readonly Block block1;

    /// <summary>dimOut to dimOut.</summary>
    public readonly Block block2;

    /// <summary>1 x 1, dim to dimOut; null where they are the same.</summary>
    public readonly Conv2d? res_conv;

    private readonly Activation activation;
    private readonly TimeConditioning conditioning;
    private readonly double dropout;

    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="timeEmbDim">Width of the time embedding; null for a block without one.</param>
    /// <param name="groups">Groups of the GroupNorms.</param>
    public ResnetBlock(long dim, long dimOut, long? timeEmbDim = null, long groups = 8)
        : this(dim, dimOut, timeEmbDim, new ResnetBlockOptions { Groups = groups })
    {
    }

    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="timeEmbDim">Width of the time embedding; null for a block without one.</param>
    /// <param name="options">The rest.</param>
    public ResnetBlock(long dim, long dimOut, long? timeEmbDim, ResnetBlockOptions options) : base(nameof(ResnetBlock))
    {
        ArgumentNullException.ThrowIfNull(options);
        activation = options.Activation;
        conditioning = options.Conditioning;
        dropout = options.Dropout;
        mlp = timeEmbDim is { } width ? nn.Linear(width, conditioning == TimeConditioning.ScaleShift ? 2 * dimOut : dimOut) : null;
        block1 = new Block(dim, dimOut, options, last: false);
        block2 = new Block(dimOut, dimOut, options, last: true);
        res_conv = dim == dimOut ? null : nn.Conv2d(dim, dimOut, 1);

        if (mlp is not null)
            ModuleGroup.Register(this, "mlp.1", mlp);
        register_module("block1", block1);
        register_module("block2", block2);
        if (res_conv is not null)
            register_module("res_conv", res_conv);
    }

    /// <summary>As a backend is given them.</summary>
    internal ResidualWeights Weights => new(NormFirst: false, block1.Weights, block2.Weights,
        res_conv is null ? null : LayerWeights.Of(res_conv), mlp is null ? null : LayerWeights.Of(mlp),
        conditioning == TimeConditioning.Add, activation, training ? dropout : 0);

    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="timeEmb">[batch, timeEmbDim]; null leaves scale, shift and sum out, as the references do.</param>
    /// <returns>[batch, dimOut, height, width].</returns>
    public override Tensor forward(Tensor x, Tensor? timeEmb = null) => Compute.Backend.Residual(x, timeEmb, Weights);

    /// <summary>Nothing: the constructor registered the layers under PyTorch's keys.</summary>
    protected override void RegisterComponents()
    {
    }
}
