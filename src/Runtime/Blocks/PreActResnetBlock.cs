using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// The residual block of Ho et al. 2020 (diffusers' ResnetBlock2D) and of Dhariwal and Nichol 2021 (guided-diffusion's ResBlock): norm,
/// activation and convolution, in this order, twice, the time embedding between, and the input added, through a 1 x 1 convolution where the
/// width changes: y = shortcut(x) + conv2(a(norm2(conv1(a(norm1(x))) + time))), or with norm2(...) * (scale + 1) + shift instead of the
/// sum.
/// </summary>
/// <remarks>
/// Keys of diffusers: <c>norm1</c>, <c>conv1</c>, <c>time_emb_proj</c>, <c>norm2</c>, <c>conv2</c>, <c>conv_shortcut</c>; of
/// guided-diffusion: <c>in_layers.0</c>, <c>in_layers.2</c>, <c>emb_layers.1</c>, <c>out_layers.0</c>, <c>out_layers.3</c>,
/// <c>skip_connection</c>.
/// </remarks>
public sealed class PreActResnetBlock : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Before the first half; a <see cref="GroupNorm"/> or an <see cref="RMSNorm"/>, dim wide.</summary>
    public readonly nn.Module<Tensor, Tensor> norm1;

    /// <summary>3 x 3, dim to dimOut; a <see cref="Conv2d"/> or a <see cref="WeightStandardizedConv2d"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> conv1;

    /// <summary>
    /// Time embedding to what is added, [batch, timeEmbDim] to [batch, dimOut], or to scale and shift, [batch, 2 dimOut].
    /// </summary>
    public readonly Linear time_emb_proj;

    /// <summary>Before the second half, dimOut wide.</summary>
    public readonly nn.Module<Tensor, Tensor> norm2;

    /// <summary>3 x 3, dimOut to dimOut.</summary>
    public readonly nn.Module<Tensor, Tensor> conv2;

    /// <summary>1 x 1, dim to dimOut; null where they are the same.</summary>
    public readonly Conv2d? conv_shortcut;

    private readonly Activation activation;
    private readonly TimeConditioning conditioning;
    private readonly double dropout;
    private readonly Resampling resampling;

    /// <param name="dim">Channels of the input.</param>
    /// <param name="dimOut">Channels of the output.</param>
    /// <param name="timeEmbDim">Width of the time embedding.</param>
    /// <param name="options">What all blocks of a network have in common.</param>
    /// <param name="keys">Diffusers or GuidedDiffusion.</param>
    /// <param name="resampling">Whether the block halves or doubles the image, on both branches, before its first convolution.</param>
    public PreActResnetBlock(
        long dim, long dimOut, long timeEmbDim, ResnetBlockOptions options, KeyStyle keys, Resampling resampling = Resampling.None)
        : base(nameof(PreActResnetBlock))
    {
        ArgumentNullException.ThrowIfNull(options);
        activation = options.Activation;
        conditioning = options.Conditioning;
        dropout = options.Dropout;
        this.resampling = resampling;
        norm1 = Layers.Normalization(dim, options);
        conv1 = Layers.Conv3x3(dim, dimOut, options, last: false);
        time_emb_proj = nn.Linear(timeEmbDim, conditioning == TimeConditioning.ScaleShift ? 2 * dimOut : dimOut);
        norm2 = Layers.Normalization(dimOut, options);
        conv2 = Layers.Conv3x3(dimOut, dimOut, options, last: true);
        conv_shortcut = dim == dimOut ? null : nn.Conv2d(dim, dimOut, 1);

        var guided = keys == KeyStyle.GuidedDiffusion;
        ModuleGroup.Register(this, guided ? "in_layers.0" : "norm1", norm1);
        ModuleGroup.Register(this, guided ? "in_layers.2" : "conv1", conv1);
        ModuleGroup.Register(this, guided ? "emb_layers.1" : "time_emb_proj", time_emb_proj);
        ModuleGroup.Register(this, guided ? "out_layers.0" : "norm2", norm2);
        ModuleGroup.Register(this, guided ? "out_layers.3" : "conv2", conv2);
        if (conv_shortcut is not null)
            register_module(guided ? "skip_connection" : "conv_shortcut", conv_shortcut);
    }

    /// <summary>As a backend is given them.</summary>
    internal ResidualWeights Weights => new(NormFirst: true, new(LayerWeights.OfConvolution(conv1), LayerWeights.OfNorm(norm1)),
        new(LayerWeights.OfConvolution(conv2), LayerWeights.OfNorm(norm2)), conv_shortcut is null ? null : LayerWeights.Of(conv_shortcut),
        LayerWeights.Of(time_emb_proj), conditioning == TimeConditioning.Add, activation, training ? dropout : 0, resampling);

    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="timeEmb">[batch, timeEmbDim].</param>
    /// <returns>[batch, dimOut, height, width], or half or twice the height and width.</returns>
    public override Tensor forward(Tensor x, Tensor timeEmb) => Compute.Backend.Residual(x, timeEmb, Weights);

    /// <summary>Nothing: the constructor registered the layers under PyTorch's keys.</summary>
    protected override void RegisterComponents()
    {
    }
}
