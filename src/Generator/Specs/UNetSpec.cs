namespace UNetGen.Generator.Specs;

// The names of these values, and in the runtime of the types that emitted code names, are the same on purpose.
internal enum Preset { Annotated, Lucidrains }

internal enum Norm { Group, Rms }

internal enum Activation { Silu, Gelu, Relu, Mish }

internal enum TimeEmbeddingType { Sinusoidal, Fourier, LearnedFourier }

internal enum SinusoidOrder { SinCos, CosSin }

internal enum TimeConditioning { ScaleShift, Add }

internal enum AttentionKind { None, Linear, Full }

internal enum DownsampleKind { Unshuffle, Conv, ConvAsymmetric, AvgPool }

internal enum UpsampleKind { NearestConv, ConvTranspose }

internal enum BetaSchedule { Linear, Cosine, Sigmoid, ScaledLinear }

internal enum Objective { Noise, X0, V }

internal enum LossWeight { None, MinSnr }

internal enum Variance { FixedSmall, FixedLarge }

/// <summary>
/// One U-Net, as its spec and its preset say; no locations, so that a moved line changes nothing downstream.
/// A null is "what follows from the rest", and the property without <c>Given</c> says what that is.
/// </summary>
internal sealed record UNetSpec
{
    public string Name { get; init; } = "";

    public string Namespace { get; init; } = "";

    public Preset Preset { get; init; }

    public ImageSize ImageSize { get; init; }

    public int Channels { get; init; }

    public int Dim { get; init; }

    public EquatableArray<int> ChannelMultipliers { get; init; } = EquatableArray<int>.Empty;

    public int? GivenInitDim { get; init; }

    public int InitDim => GivenInitDim ?? Dim;

    public int InitKernel { get; init; } = 1;

    public Norm Norm { get; init; }

    public int Groups { get; init; } = 8;

    public double NormEps { get; init; } = 1e-5;

    public bool WeightStandardization { get; init; }

    public Activation Activation { get; init; }

    public double Dropout { get; init; }

    public int? GivenTimeEmbDim { get; init; }

    public int TimeEmbDim => GivenTimeEmbDim ?? 4 * Dim;

    public TimeEmbeddingSpec TimeEmbedding { get; init; } = new();

    public AttentionSpec Attention { get; init; } = new();

    public DownsampleKind Downsample { get; init; }

    public UpsampleKind Upsample { get; init; }

    public bool SelfCondition { get; init; }

    public bool ZeroInit { get; init; }

    public DiffusionSpec Diffusion { get; init; } = new();

    public int Levels => ChannelMultipliers.Count;

    /// <summary>The widths between levels: level i goes from Widths[i] to Widths[i + 1].</summary>
    public int WidthBefore(int level) => level == 0 ? InitDim : Dim * ChannelMultipliers[level - 1];

    public int WidthAfter(int level) => Dim * ChannelMultipliers[level];

    /// <summary>Every level but the last halves the image for the next.</summary>
    public ImageSize SizeAt(int level) => new(ImageSize.Height >> level, ImageSize.Width >> level);

    public int DownsampleFactor => 1 << (Levels - 1);

    public AttentionKind AttentionAt(int level)
    {
        if (Attention.Off)
            return AttentionKind.None;
        if (Attention.GivenLevels is { } levels)
            return levels[level];
        if (Attention.GivenResolutions is { } resolutions)
            return resolutions.Contains(SizeAt(level).Height) ? AttentionKind.Full : AttentionKind.None;
        return Preset == Preset.Lucidrains && level == Levels - 1 ? AttentionKind.Full : AttentionKind.Linear;
    }

    public AttentionKind AttentionInTheMiddle => Attention.Off ? AttentionKind.None : Attention.Mid;

    public bool AnyAttention => AttentionInTheMiddle != AttentionKind.None || Enumerable.Range(0, Levels).Any(level => AttentionAt(level) != AttentionKind.None);
}

internal readonly record struct ImageSize(int Height, int Width)
{
    public override string ToString() => $"{Height} x {Width}";
}

internal sealed record TimeEmbeddingSpec
{
    public TimeEmbeddingType Type { get; init; }

    public double Theta { get; init; } = 10000;

    public SinusoidOrder Order { get; init; }

    public int FreqShift { get; init; } = 1;

    public TimeConditioning Conditioning { get; init; }
}

internal sealed record AttentionSpec
{
    public bool Off { get; init; }

    public EquatableArray<AttentionKind>? GivenLevels { get; init; }

    public EquatableArray<int>? GivenResolutions { get; init; }

    public AttentionKind Mid { get; init; } = AttentionKind.Full;

    public int Heads { get; init; } = 4;

    public int HeadDim { get; init; } = 32;

    public int MemoryTokens { get; init; }
}

internal sealed record DiffusionSpec
{
    public int Timesteps { get; init; } = 1000;

    public BetaSchedule Schedule { get; init; }

    public bool ScheduleScaling { get; init; } = true;

    public Objective Objective { get; init; }

    public LossWeight LossWeight { get; init; }

    public double MinSnrGamma { get; init; } = 5;

    public Variance Variance { get; init; }
}

internal static class Presets
{
    /// <summary>What a spec of this family says where it says nothing: the columns of the language's table.</summary>
    public static UNetSpec Defaults(Preset preset) => preset switch
    {
        Preset.Annotated => new UNetSpec { Preset = preset, Groups = 4, WeightStandardization = true },
        _ => new UNetSpec { Preset = preset, InitKernel = 7, Norm = Norm.Rms, Attention = new AttentionSpec { MemoryTokens = 4 } },
    };
}
