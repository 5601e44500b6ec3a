namespace UNetGen.Blocks;

/// <summary>What normalises.</summary>
public enum Norm
{
    /// <summary>GroupNorm (Wu and He 2018).</summary>
    Group,

    /// <summary>RMSNorm over the channels, as denoising-diffusion-pytorch has it.</summary>
    Rms,
}

/// <summary>How the time embedding enters a residual block.</summary>
public enum TimeConditioning
{
    /// <summary>After the first norm: x * (scale + 1) + shift.</summary>
    ScaleShift,

    /// <summary>Added between the two halves of the block.</summary>
    Add,
}

/// <summary>The halves of a sinusoidal embedding.</summary>
public enum SinusoidOrder
{
    /// <summary>Sines, then cosines (Vaswani et al. 2017; Ho et al. 2020).</summary>
    SinCos,

    /// <summary>Cosines, then sines (guided-diffusion).</summary>
    CosSin,
}

/// <summary>Which reference's state_dict keys the layers inside a block have.</summary>
public enum KeyStyle
{
    /// <summary>The Annotated Diffusion Model and denoising-diffusion-pytorch.</summary>
    DenoisingDiffusion,

    /// <summary>diffusers.</summary>
    Diffusers,

    /// <summary>guided-diffusion and improved-diffusion.</summary>
    GuidedDiffusion,
}

/// <summary>How a level halves its height and width.</summary>
public enum DownsampleKind
{
    /// <summary>2 x 2 pixels become channels, then a 1 x 1 convolution.</summary>
    Unshuffle,

    /// <summary>3 x 3 convolution of stride 2, padding 1.</summary>
    Conv,

    /// <summary>3 x 3 convolution of stride 2, padded right and below only (Ho et al. 2020).</summary>
    ConvAsymmetric,

    /// <summary>Mean of 2 x 2 pixels, then a 1 x 1 convolution.</summary>
    AvgPool,
}

/// <summary>How a level doubles its height and width.</summary>
public enum UpsampleKind
{
    /// <summary>Every pixel four times, then a 3 x 3 convolution.</summary>
    NearestConv,

    /// <summary>4 x 4 transposed convolution of stride 2, padding 1.</summary>
    ConvTranspose,
}
