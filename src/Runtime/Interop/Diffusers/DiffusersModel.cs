using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// A network and its diffusion as both sides can say it: family ddpm here, UNet2DModel and a scheduler in diffusers. Spec and
/// configuration files are each read into one of these and written from one; whatever doesn't fit in is an error where it is read.
/// </summary>
internal sealed record DiffusersModel
{
    public required int Height { get; init; }

    public required int Width { get; init; }

    public required int Channels { get; init; }

    /// <summary>A width for each level. The first is also that of the first convolution and of the sinusoid.</summary>
    public required IReadOnlyList<int> Widths { get; init; }

    public required int TimeEmbDim { get; init; }

    public required int BlocksPerLevel { get; init; }

    public required int Groups { get; init; }

    public required double NormEps { get; init; }

    public required Activation Activation { get; init; }

    public required double Dropout { get; init; }

    public required SinusoidOrder Order { get; init; }

    public required int FreqShift { get; init; }

    public required TimeConditioning Conditioning { get; init; }

    /// <summary>Whether there is attention, for each level.</summary>
    public required IReadOnlyList<bool> Attention { get; init; }

    public required bool AttentionInTheMiddle { get; init; }

    /// <summary>Features of each attention head; null: one head, as wide as its place.</summary>
    public required int? HeadDim { get; init; }

    /// <summary>conv, conv_asymmetric or resblock; ddpm's default where there is but one level.</summary>
    public string Downsample { get; init; } = DefaultDownsample;

    /// <summary>nearest_conv or resblock; ddpm's default where there is but one level.</summary>
    public string Upsample { get; init; } = DefaultUpsample;

    public required bool LearnedVariance { get; init; }

    public required int? NumClasses { get; init; }

    public required DiffusionOptions Diffusion { get; init; }

    /// <summary>What a UNet2DConditionModel has besides, preset conditional here; null: it is a UNet2DModel, preset ddpm.</summary>
    public TransformerModel? Transformers { get; init; }

    /// <summary>Only of interest for a network that isn't trained yet, and unknown to diffusers.</summary>
    public bool ZeroInit { get; init; }

    public static readonly string DefaultDownsample = SpecWords.SnakeCase(SpecDefaults.Ddpm.Downsample.ToString());

    /// <summary>The same of preset conditional.</summary>
    public static readonly string ConditionalDownsample = SpecWords.SnakeCase(SpecDefaults.Conditional.Downsample.ToString());

    /// <summary>What diffusers calls a model with transformers.</summary>
    public const string ConditionalClass = "UNet2DConditionModel";

    /// <summary>What diffusers calls it.</summary>
    public string ClassName => Transformers is null ? "UNet2DModel" : ConditionalClass;

    public static readonly string DefaultUpsample = SpecWords.SnakeCase(SpecDefaults.Upsample.ToString());

    /// <summary>The widths at which there is attention.</summary>
    public IEnumerable<int> AttendedWidths => Widths.Where((_, level) => Attention[level]).Concat(AttentionInTheMiddle ? [Widths[^1]] : []);
}
