using System.Collections.Immutable;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>One key of the language.</summary>
internal abstract class Field(string key, string summary)
{
    /// <summary>With the group it stands in: <c>dim</c>, <c>attention.heads</c>.</summary>
    public string Key { get; } = key;

    /// <summary>What it is, for schema and documentation.</summary>
    public string Summary { get; } = summary;

    public bool Required { get; init; }

    /// <summary>What other projects call it.</summary>
    public IReadOnlyList<string> AlsoKnownAs { get; init; } = [];

    /// <summary>After "must be".</summary>
    public abstract string Description { get; }

    /// <summary>The spec with this key's value, or the same after a report.</summary>
    public abstract UNetSpec Read(YamlNode node, UNetSpec spec, Problems problems);

    /// <summary>The effective value as YAML, or null where it says nothing about this network.</summary>
    public abstract string? Write(UNetSpec spec);
}

internal sealed class Field<T>(string key, string summary, FieldType<T> type, Func<UNetSpec, T> get, Func<UNetSpec, T, UNetSpec> set)
    : Field(key, summary)
{
    /// <summary>Where the value would say nothing: it is left out of the effective spec.</summary>
    public Func<UNetSpec, bool>? OnlyIf { get; init; }

    public override string Description => type.Description;

    public override UNetSpec Read(YamlNode node, UNetSpec spec, Problems problems) =>
        type.TryRead(node, Key, problems, out var value) ? set(spec, value) : spec;

    public override string? Write(UNetSpec spec) => OnlyIf is null || OnlyIf(spec) ? type.Write(get(spec)) : null;
}

/// <summary>A key of the language with one value only, here.</summary>
internal sealed class FixedField(string key, string summary, string? only, string reason) : Field(key, summary)
{
    public override string Description => only ?? "left out";

    public override UNetSpec Read(YamlNode node, UNetSpec spec, Problems problems)
    {
        if (node is YamlScalar { IsPlain: true } scalar && only is not null && (scalar.Value == only || (only == "null" && scalar.IsNull)))
            return spec;
        problems.Report(Rules.NotSupported, node.Span, $"'{Key}' {reason}; here it must be {Description}");
        return spec;
    }

    public override string? Write(UNetSpec spec) => null;
}

/// <summary>The one table of the language: reader, canonical text, suggestions and documentation all come from it.</summary>
internal static class Fields
{
    public const int MaxWidth = 16384;

    private const string FamiliesToCome = "needs a later version of UNetGen (families ddpm and adm)";

    private static readonly IntType Width = new(1, MaxWidth);

    public static readonly IReadOnlyList<Field> All =
    [
        new Field<string>("name", "The class's name.", new TextType("a C# class name", Names.FaultOfClass), s => s.Name, (s, v) => s with { Name = v }),
        new Field<string>("namespace", "The class's namespace.", new TextType("a C# namespace", Names.FaultOfNamespace),
            s => s.Namespace, (s, v) => s with { Namespace = v }),
        new Field<Preset>("preset", "The family, and with it every default.",
            new ChoiceType<Preset>().Without("ddpm", FamiliesToCome).Without("adm", FamiliesToCome),
            s => s.Preset, (_, v) => Presets.Defaults(v)) { Required = true },
        new Field<ImageSize>("image_size", "Pixels: one number, or [height, width].", new ImageSizeType(MaxWidth),
            s => s.ImageSize, (s, v) => s with { ImageSize = v }) { Required = true, AlsoKnownAs = ["sample_size", "resolution"] },
        new Field<int>("channels", "Image channels, in and out.", new IntType(1, 4096), s => s.Channels, (s, v) => s with { Channels = v })
            { Required = true, AlsoKnownAs = ["in_channels", "out_channels"] },
        new Field<int>("dim", "The base width.", new IntType(int.MinValue, int.MaxValue), s => s.Dim, (s, v) => s with { Dim = v })
            { Required = true, AlsoKnownAs = ["model_channels", "num_channels", "base_channels"] },
        new Field<EquatableArray<int>>("channel_multipliers", "One level an entry; its width is dim times the entry.",
            new ListType<int>(new IntType(int.MinValue, int.MaxValue), "a list of whole numbers, one a level"),
            s => s.ChannelMultipliers, (s, v) => s with { ChannelMultipliers = v })
            { Required = true, AlsoKnownAs = ["dim_mults", "channel_mult", "block_out_channels", "ch_mult"] },
        new Field<int>("time_emb_dim", "Width of the time embedding; 4 * dim where it isn't given.", Width,
            s => s.TimeEmbDim, (s, v) => s with { GivenTimeEmbDim = v }),
        new Field<int>("init_dim", "Width after the first convolution; dim where it isn't given.", Width,
            s => s.InitDim, (s, v) => s with { GivenInitDim = v }),
        new Field<int>("init_kernel", "Kernel of the first convolution.", new OddIntType(31), s => s.InitKernel, (s, v) => s with { InitKernel = v }),
        new FixedField("blocks_per_level", "Residual blocks a level, on the way down.", "2", "is fixed by the presets annotated and lucidrains"),
        new Field<Norm>("norm", "What normalises in residual blocks.", new ChoiceType<Norm>(), s => s.Norm, (s, v) => s with { Norm = v }),
        new Field<int>("groups", "Groups of the GroupNorms.", Width, s => s.Groups, (s, v) => s with { Groups = v })
            { AlsoKnownAs = ["resnet_block_groups", "norm_num_groups", "num_groups"], OnlyIf = s => s.Norm == Norm.Group },
        new Field<double>("norm_eps", "Added to the variance by GroupNorms.", new FloatType("a number above 0", v => v > 0),
            s => s.NormEps, (s, v) => s with { NormEps = v }) { OnlyIf = UsesNormEps },
        new Field<bool>("weight_standardization", "Whether residual blocks standardise their filters.", new BoolType(),
            s => s.WeightStandardization, (s, v) => s with { WeightStandardization = v }),
        new Field<Activation>("activation", "The nonlinearity of residual blocks.", new ChoiceType<Activation>(),
            s => s.Activation, (s, v) => s with { Activation = v }) { AlsoKnownAs = ["act_fn"] },
        new Field<double>("dropout", "Probability, in residual blocks.", new FloatType("a number from 0 to below 1", v => v is >= 0 and < 1),
            s => s.Dropout, (s, v) => s with { Dropout = v }),

        new Field<TimeEmbeddingType>("time_embedding.type", "How a timestep becomes a vector.", new ChoiceType<TimeEmbeddingType>(),
            s => s.TimeEmbedding.Type, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Type = v } }),
        new Field<double>("time_embedding.theta", "The lowest frequency is about 1 / theta.", new FloatType("a number above 1", v => v > 1),
            s => s.TimeEmbedding.Theta, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Theta = v } }) { OnlyIf = IsSinusoidal },
        new Field<SinusoidOrder>("time_embedding.order", "Which half comes first.", new ChoiceType<SinusoidOrder>(),
            s => s.TimeEmbedding.Order, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Order = v } }) { OnlyIf = IsSinusoidal },
        new Field<int>("time_embedding.freq_shift", "Frequencies are divided by half - freq_shift.", new IntType(0, 1),
            s => s.TimeEmbedding.FreqShift, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { FreqShift = v } }) { OnlyIf = IsSinusoidal },
        new Field<TimeConditioning>("time_embedding.conditioning", "How time enters a residual block.", new ChoiceType<TimeConditioning>(),
            s => s.TimeEmbedding.Conditioning, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Conditioning = v } }),

        new Field<EquatableArray<AttentionKind>>("attention.levels", "Attention at each level.",
            new ListType<AttentionKind>(new ChoiceType<AttentionKind>(), "a list of none, linear or full, one a level"),
            s => Enumerable.Range(0, s.Levels).Select(s.AttentionAt).ToEquatableArray(),
            (s, v) => s with { Attention = s.Attention with { GivenLevels = v } }),
        new Field<EquatableArray<int>>("attention.resolutions", "Image sizes at which there is full attention, and none elsewhere.",
            new ListType<int>(Width, "a list of sizes that occur at some level"),
            s => s.Attention.GivenResolutions ?? EquatableArray<int>.Empty,
            (s, v) => s with { Attention = s.Attention with { GivenResolutions = v } })
            { AlsoKnownAs = ["attention_resolutions"], OnlyIf = _ => false }, // the effective spec says it by levels
        new Field<AttentionKind>("attention.mid", "Attention in the middle.", new ChoiceType<AttentionKind>(AttentionKind.Linear),
            s => s.AttentionInTheMiddle, (s, v) => s with { Attention = s.Attention with { Mid = v } }),
        new Field<int>("attention.heads", "Attention heads.", Width, s => s.Attention.Heads, (s, v) => s with { Attention = s.Attention with { Heads = v } })
            { OnlyIf = s => s.AnyAttention, AlsoKnownAs = ["num_heads"] },
        new Field<int>("attention.head_dim", "Features a head.", Width, s => s.Attention.HeadDim, (s, v) => s with { Attention = s.Attention with { HeadDim = v } })
            { OnlyIf = s => s.AnyAttention, AlsoKnownAs = ["dim_head", "num_head_channels", "attention_head_dim"] },
        new Field<int>("attention.memory_tokens", "Learned keys and values beside the image's own.", new IntType(0, MaxWidth),
            s => s.Attention.MemoryTokens, (s, v) => s with { Attention = s.Attention with { MemoryTokens = v } })
            { OnlyIf = s => s.AnyAttention, AlsoKnownAs = ["num_mem_kv"] },

        new Field<DownsampleKind>("downsample", "How a level halves the image.",
            new ChoiceType<DownsampleKind>().Without("resblock", FamiliesToCome), s => s.Downsample, (s, v) => s with { Downsample = v }),
        new Field<UpsampleKind>("upsample", "How a level doubles the image.",
            new ChoiceType<UpsampleKind>().Without("resblock", FamiliesToCome), s => s.Upsample, (s, v) => s with { Upsample = v }),
        new Field<bool>("self_condition", "Whether the network sees its previous estimate of the clean image.", new BoolType(),
            s => s.SelfCondition, (s, v) => s with { SelfCondition = v }),
        new Field<bool>("zero_init", "The last convolution of each residual branch and of the network starts at 0.", new BoolType(),
            s => s.ZeroInit, (s, v) => s with { ZeroInit = v }),
        new FixedField("learned_variance", "Whether the network predicts the variance too.", "false", "needs a later version of UNetGen"),
        new FixedField("num_classes", "Classes of a class-conditional network.", "null", "needs a later version of UNetGen"),
        new FixedField("blocks.resnet", "The user's own residual block, a C# type.", null, "needs a later version of UNetGen"),
        new FixedField("extends", "Another spec whose keys are the defaults.", null, "needs a later version of UNetGen"),

        new Field<int>("diffusion.timesteps", "Steps from image to noise.", new IntType(1, 1_000_000),
            s => s.Diffusion.Timesteps, (s, v) => s with { Diffusion = s.Diffusion with { Timesteps = v } }) { AlsoKnownAs = ["num_train_timesteps"] },
        new Field<BetaSchedule>("diffusion.schedule", "How fast the noise grows.", new ChoiceType<BetaSchedule>(),
            s => s.Diffusion.Schedule, (s, v) => s with { Diffusion = s.Diffusion with { Schedule = v } }) { AlsoKnownAs = ["beta_schedule"] },
        new Field<bool>("diffusion.schedule_scaling", "Linear betas are scaled by 1000 / timesteps.", new BoolType(),
            s => s.Diffusion.ScheduleScaling, (s, v) => s with { Diffusion = s.Diffusion with { ScheduleScaling = v } })
            { OnlyIf = s => s.Diffusion.Schedule == BetaSchedule.Linear },
        new Field<Objective>("diffusion.objective", "What the network predicts.", new ChoiceType<Objective>(),
            s => s.Diffusion.Objective, (s, v) => s with { Diffusion = s.Diffusion with { Objective = v } }) { AlsoKnownAs = ["prediction_type"] },
        new Field<LossWeight>("diffusion.loss_weight", "How the loss weighs timesteps.", new ChoiceType<LossWeight>(),
            s => s.Diffusion.LossWeight, (s, v) => s with { Diffusion = s.Diffusion with { LossWeight = v } }),
        new Field<double>("diffusion.min_snr_gamma", "Where min_snr clips.", new FloatType("a number above 0", v => v > 0),
            s => s.Diffusion.MinSnrGamma, (s, v) => s with { Diffusion = s.Diffusion with { MinSnrGamma = v } })
            { OnlyIf = s => s.Diffusion.LossWeight == LossWeight.MinSnr },
        new Field<Variance>("diffusion.variance", "The variance of ancestral steps.",
            new ChoiceType<Variance>().Without("learned_range", "goes with learned_variance, which needs a later version of UNetGen"),
            s => s.Diffusion.Variance, (s, v) => s with { Diffusion = s.Diffusion with { Variance = v } }),
    ];

    public static readonly ImmutableDictionary<string, Field> ByKey = All.ToImmutableDictionary(field => field.Key);

    /// <summary>Keys whose value is a mapping of further keys.</summary>
    public static readonly ImmutableHashSet<string> Groups =
        All.Where(field => field.Key.Contains('.')).Select(field => field.Key.Substring(0, field.Key.IndexOf('.'))).ToImmutableHashSet();

    public static bool IsSinusoidal(UNetSpec spec) => spec.TimeEmbedding.Type == TimeEmbeddingType.Sinusoidal;

    /// <summary>GroupNorms stand in residual blocks with <c>norm: group</c>, and around annotated's attention.</summary>
    public static bool UsesNormEps(UNetSpec spec) => spec.Norm == Norm.Group || (spec.Preset == Preset.Annotated && spec.AnyAttention);
}
