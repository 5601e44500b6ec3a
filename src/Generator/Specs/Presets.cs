using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

internal static class Presets
{
    public static readonly IReadOnlyList<Preset> All = (Preset[])Enum.GetValues(typeof(Preset));

    /// <summary>What a spec of this family says where it says nothing: the columns of the language's table.</summary>
    public static UNetSpec Defaults(Preset preset) => preset switch
    {
        Preset.Annotated => new UNetSpec { Preset = preset, Groups = 4, WeightStandardization = true },
        Preset.Lucidrains => new UNetSpec
        {
            Preset = preset,
            InitKernel = 7,
            Norm = Norm.Rms,
            Attention = new AttentionSpec { MemoryTokens = 4 },
        },
        Preset.Ddpm => new UNetSpec
        {
            Preset = preset,
            InitKernel = 3,
            Groups = SpecDefaults.Ddpm.Groups,
            NormEps = SpecDefaults.Ddpm.NormEps,
            TimeEmbedding = new TimeEmbeddingSpec { Conditioning = SpecDefaults.Ddpm.Conditioning },
            Attention = new AttentionSpec
            {
                DefaultResolutions = new[] { SpecDefaults.Ddpm.AttendedSize }.ToEquatableArray(),
                DefaultHeads = 1,
            },
            Downsample = SpecDefaults.Ddpm.Downsample,
        },
        Preset.Conditional => new UNetSpec
        {
            Preset = preset,
            InitKernel = 3,
            Groups = SpecDefaults.Conditional.Groups,
            TimeEmbedding = new TimeEmbeddingSpec
            {
                Order = SinusoidOrder.CosSin,
                FreqShift = 0,
                Conditioning = TimeConditioning.Add,
            },
            Attention = new AttentionSpec { Mid = AttentionKind.Cross, DefaultHeads = SpecDefaults.Conditional.Heads },
            Downsample = SpecDefaults.Conditional.Downsample,
        },
        _ => new UNetSpec
        {
            Preset = preset,
            InitKernel = 3,
            Groups = 32,
            TimeEmbedding = new TimeEmbeddingSpec { Order = SinusoidOrder.CosSin, FreqShift = 0 },
            Attention = new AttentionSpec { DefaultResolutions = new[] { 16, 8 }.ToEquatableArray() },
            Downsample = DownsampleKind.Resblock,
            Upsample = UpsampleKind.Resblock,
            ZeroInit = true,
        },
    };
}
