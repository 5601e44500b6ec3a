using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

// The names of these values, and in the runtime of the types that emitted code names, are the same on purpose.
internal enum Preset { Annotated, Lucidrains, Ddpm, Adm, Conditional }

internal enum KernelForm { Fast, Reference }

internal enum Norm { Group, Rms }

internal enum Activation { Silu, Gelu, Relu, Mish }

internal enum TimeEmbeddingType { Sinusoidal, Fourier, LearnedFourier }

internal enum SinusoidOrder { SinCos, CosSin }

internal enum TimeConditioning { ScaleShift, Add }

internal enum AttentionKind { None, Linear, Full, Cross }

internal enum DownsampleKind { Unshuffle, Conv, ConvAsymmetric, AvgPool, Resblock }

internal enum UpsampleKind { NearestConv, ConvTranspose, Resblock }

internal enum DiffusionType { Ddpm, Flow, Edm }

internal enum TimestepSampling { LogitNormal, Uniform, Mode }

internal enum WeightingScheme { None, SigmaSqrt, Cosmap }

internal enum BetaSchedule { Linear, Cosine, Sigmoid, ScaledLinear }

internal enum Objective { Noise, X0, V }

internal enum ScheduleRescale { None, ZeroTerminalSnr }

internal enum LossWeight { None, MinSnr, Plain }

internal enum Variance { FixedSmall, FixedLarge, LearnedRange }

/// <summary>
/// One U-Net, as its spec and its preset say; no locations, so that a moved line changes nothing downstream.
/// A null is "what follows from the rest", and the property without <c>Given</c> says what that is.
/// </summary>
internal sealed record UNetSpec
{
    public string Name { get; init; } = "";

    public string Namespace { get; init; } = "";

    /// <summary>Null as long as it isn't known.</summary>
    public Preset? Preset { get; init; }

    public ImageSize ImageSize { get; init; }

    /// <summary>Of the images that are noised and predicted.</summary>
    public int Channels { get; init; }

    /// <summary>Those that go in behind them and aren't predicted. Below 0 only where <c>out_channels</c> is more than goes in.</summary>
    public int ConditionChannels { get; init; }

    public int Dim { get; init; }

    public EquatableArray<int> ChannelMultipliers { get; init; } = EquatableArray<int>.Empty;

    public int? GivenInitDim { get; init; }

    public int InitDim => GivenInitDim ?? (Preset == Specs.Preset.Adm && Levels > 0 ? Dim * ChannelMultipliers[0] : Dim);

    public int InitKernel { get; init; } = 1;

    /// <summary>Residual blocks on the way down: one number for all levels, or one per level.</summary>
    public EquatableArray<int> GivenBlocksPerLevel { get; init; } = new[] { SpecDefaults.BlocksPerLevel }.ToEquatableArray();

    public int BlocksAt(int level) => GivenBlocksPerLevel.Count == 1 ? GivenBlocksPerLevel[0] : GivenBlocksPerLevel[level];

    public Norm Norm { get; init; }

    public int Groups { get; init; } = 8;

    public double NormEps { get; init; } = 1e-5;

    public bool WeightStandardization { get; init; }

    public Activation Activation { get; init; } = SpecDefaults.Nonlinearity;

    public double Dropout { get; init; }

    public int? GivenTimeEmbDim { get; init; }

    public int TimeEmbDim => GivenTimeEmbDim ?? 4 * Dim;

    public TimeEmbeddingSpec TimeEmbedding { get; init; } = new();

    public AttentionSpec Attention { get; init; } = new();

    public DownsampleKind Downsample { get; init; }

    public UpsampleKind Upsample { get; init; } = SpecDefaults.Upsample;

    public bool SelfCondition { get; init; }

    public bool LearnedVariance { get; init; }

    /// <summary>Image channels, and as many for the variance.</summary>
    public int OutChannels => LearnedVariance ? 2 * Channels : Channels;

    public int? NumClasses { get; init; }

    /// <summary>Width of the context's tokens, where there is cross-attention.</summary>
    public int TokenDim { get; init; } = SpecDefaults.Conditional.ContextDim;

    /// <summary>Width of the context's tokens; null: the network takes no context.</summary>
    public int? ContextDim => AnyCrossAttention ? TokenDim : null;

    public bool ZeroInit { get; init; }

    /// <summary>How the network computes, not which network it is.</summary>
    public KernelForm Kernels { get; init; }

    /// <summary>The user's own residual block, a C# type; null: the family's.</summary>
    public string? ResnetBlock { get; init; }

    public DiffusionSpec Diffusion { get; init; } = new();

    public Variance Variance => Diffusion.GivenVariance ?? (LearnedVariance ? Variance.LearnedRange : Variance.FixedSmall);

    /// <summary>
    /// Families ddpm, adm and conditional: norm and activation before each convolution, and every block's output a skip.
    /// </summary>
    public bool IsPreActivation => Preset is Specs.Preset.Ddpm or Specs.Preset.Adm or Specs.Preset.Conditional;

    /// <summary>Whether any residual block is the family's own; those that resample always are.</summary>
    public bool HasOwnResnetBlocks => ResnetBlock is null || ResamplesInBlocks;

    public bool ResamplesInBlocks => Levels > 1 && (Downsample == DownsampleKind.Resblock || Upsample == UpsampleKind.Resblock);

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
        if (Preset != Specs.Preset.Conditional && (Attention.GivenResolutions ?? Attention.DefaultResolutions) is { } resolutions)
            return resolutions.Contains(SizeAt(level).Height) ? AttentionKind.Full : AttentionKind.None;
        return Preset switch
        {
            Specs.Preset.Conditional => level == Levels - 1 ? AttentionKind.None : AttentionKind.Cross,
            Specs.Preset.Lucidrains when level == Levels - 1 => AttentionKind.Full,
            _ => AttentionKind.Linear,
        };
    }

    public AttentionKind AttentionInTheMiddle => Attention.Off ? AttentionKind.None : Attention.Mid;

    public bool AnyAttention => AttendedWidths.Any();

    /// <summary>Whether there is full attention as guided-diffusion has it.</summary>
    public bool AnyGuidedAttention => Preset is Specs.Preset.Adm && Attends(AttentionKind.Full);

    /// <summary>Whether anything attends to a context, that is, whether the network takes one.</summary>
    public bool AnyCrossAttention => Attends(AttentionKind.Cross);

    private bool Attends(AttentionKind kind) =>
        AttentionInTheMiddle == kind || Enumerable.Range(0, Levels).Any(level => AttentionAt(level) == kind);

    /// <summary>
    /// Layers of the transformers at a level; the middle has the last level's, also where that level has none. Elsewhere the number says
    /// nothing, and is 1.
    /// </summary>
    public int TransformerLayersAt(int level)
    {
        var attends = AttentionAt(level) == AttentionKind.Cross
            || (level == Levels - 1 && AttentionInTheMiddle == AttentionKind.Cross);
        return !attends ? 1 : Attention.GivenLayers.Count == 1 ? Attention.GivenLayers[0] : Attention.GivenLayers[level];
    }

    /// <summary>The widths at which there is attention, level by level, then in the middle.</summary>
    public IEnumerable<int> AttendedWidths => Enumerable.Range(0, Levels)
        .Where(level => AttentionAt(level) != AttentionKind.None)
        .Select(WidthAfter)
        .Concat(AttentionInTheMiddle == AttentionKind.None ? [] : [WidthAfter(Levels - 1)]);

    /// <summary>
    /// Heads of the attention at a place of this width. In ddpm, adm and conditional the heads share that width; elsewhere their number
    /// is free.
    /// </summary>
    public int HeadsAt(int width) => !IsPreActivation || Attention.GivenHeads is not null || Attention.GivenHeadDim is null
        ? Attention.GivenHeads ?? Attention.DefaultHeads
        : width / Attention.GivenHeadDim.Value;

    public int HeadDimAt(int width) => IsPreActivation ? width / HeadsAt(width) : Attention.GivenHeadDim ?? AttentionSpec.DefaultHeadDim;
}

internal readonly record struct ImageSize(int Height, int Width)
{
    public ImageSize Halved => new(Height / 2, Width / 2);

    public ImageSize Doubled => new(Height * 2, Width * 2);

    /// <summary>Of a batch of tensors of this size.</summary>
    public string Shape(int channels) => $"[B, {channels}, {Height}, {Width}]";

    public override string ToString() => $"{Height} x {Width}";
}

internal sealed record TimeEmbeddingSpec
{
    public TimeEmbeddingType Type { get; init; }

    public double Theta { get; init; } = 10000;

    public SinusoidOrder Order { get; init; } = SpecDefaults.TimeEmbedding.Order;

    public int FreqShift { get; init; } = SpecDefaults.TimeEmbedding.FreqShift;

    public TimeConditioning Conditioning { get; init; }
}

internal sealed record AttentionSpec
{
    public bool Off { get; init; }

    public EquatableArray<AttentionKind>? GivenLevels { get; init; }

    public EquatableArray<int>? GivenResolutions { get; init; }

    /// <summary>The sizes at which a family attends; those that no level has say nothing.</summary>
    public EquatableArray<int>? DefaultResolutions { get; init; }

    public AttentionKind Mid { get; init; } = AttentionKind.Full;

    public int? GivenHeads { get; init; }

    public int DefaultHeads { get; init; } = 4;

    public int? GivenHeadDim { get; init; }

    public const int DefaultHeadDim = 32;

    public int MemoryTokens { get; init; }

    /// <summary>Of guided-diffusion's attention: whether q, k and v come whole from their convolution, else head by head.</summary>
    public bool NewOrder { get; init; }

    /// <summary>Layers of each transformer: one number for all levels, or one per level.</summary>
    public EquatableArray<int> GivenLayers { get; init; } = new[] { 1 }.ToEquatableArray();

    /// <summary>Whether transformers begin and end with linear layers instead of 1 x 1 convolutions: the same under other shapes.</summary>
    public bool LinearProjection { get; init; }
}
