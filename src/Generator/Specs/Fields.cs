using System.Collections.Immutable;
using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

/// <summary>The one table of the language: reader, effective spec, suggestions and JSON Schema all come from it.</summary>
internal static class Fields
{
    public const int MaxWidth = 16384;

    // With these, a network's parameters and positions fit into 64 bits, and its sizes into 32.
    private const int MaxImageSize = 4096;
    private const int MaxTimeEmbDim = 4 * MaxWidth;

    private const int MaxClasses = 1_000_000;
    private const int MaxBlocksPerLevel = 64;

    private const string UserBlockOnly = "all residual blocks here are those of blocks.resnet; leave it out";
    private const string PreActivationOnly = "is for presets ddpm and adm";

    private static readonly IntType Width = new(1, MaxWidth);
    private static readonly IntType EvenWidth = new(int.MinValue, int.MaxValue, $"an even whole number from 4 to {MaxWidth}", new JsonObject { IntType.Range(4, MaxWidth), { "multipleOf", "2" } });
    private static readonly IntType Multiplier = new(int.MinValue, int.MaxValue, "a whole number from 1", IntType.Range(1, MaxWidth / 4));
    private static readonly OneOrListType BlocksPerLevel = new(new IntType(1, MaxBlocksPerLevel), $"a whole number from 1 to {MaxBlocksPerLevel}, or a list of them, one a level");

    private static readonly Condition Halves = new(s => s.Levels > 1, "one level halves nothing; leave it out");
    private static readonly Condition Sinusoidal = new(s => s.TimeEmbedding.Type == TimeEmbeddingType.Sinusoidal, "only type: sinusoidal has it; leave it out", "time_embedding.type");
    private static readonly Condition Normalises = new(HasNorms, UserBlockOnly, "preset");
    private static readonly Condition OwnBlocks = new(s => s.HasOwnResnetBlocks, UserBlockOnly);
    private static readonly Condition Attends = new(s => s.AnyAttention, "there is no attention here; leave it out");

    public static readonly IReadOnlyList<Field> All =
    [
        new Field<string>("name", "The class's name.", new TextType("a C# class name", Names.FaultOfClass, Names.ClassPattern), s => s.Name, (s, v) => s with { Name = v })
            { DefaultInWords = "the file's name: TinyUNet for tiny.unet.yaml" },
        new Field<string>("namespace", "The class's namespace.", new TextType("a C# namespace", Names.FaultOfNamespace, Names.DottedPattern),
            s => s.Namespace, (s, v) => s with { Namespace = v }) { DefaultInWords = "the project's root namespace" },
        new Field<Preset>("preset", "The family, and with it every default.",
            new ChoiceType<Preset>().AlsoKnownAs(Preset.Ddpm, "diffusers").AlsoKnownAs(Preset.Adm, "guided_diffusion", "guided-diffusion", "improved_diffusion")
                .AlsoKnownAs(Preset.Lucidrains, "denoising_diffusion_pytorch", "denoising-diffusion-pytorch"),
            s => s.Preset ?? default, (_, v) => Presets.Defaults(v))
            {
                Required = true,
                Details = "annotated: The Annotated Diffusion Model. lucidrains: denoising-diffusion-pytorch. ddpm: Ho et al. 2020, as diffusers has it. adm: guided-diffusion (Dhariwal and Nichol 2021).",
            },
        new Field<ImageSize>("image_size", "Height and width of the images, pixels.", new ImageSizeType(MaxImageSize),
            s => s.ImageSize, (s, v) => s with { ImageSize = v }) { Required = true, AlsoKnownAs = ["sample_size", "resolution", "image_resolution", "img_resolution", "img_size"] },
        new Field<int>("channels", "Image channels, in and out.", new IntType(1, 4096), s => s.Channels, (s, v) => s with { Channels = v })
            { Required = true, AlsoKnownAs = ["in_channels", "img_channels", "image_channels"] },
        new Field<int>("dim", "The base width.", EvenWidth, s => s.Dim, (s, v) => s with { Dim = v })
            { Required = true, AlsoKnownAs = ["model_channels", "num_channels", "base_channels", "ch"] },
        new Field<EquatableArray<int>>("channel_multipliers", "One level an entry; its width is dim times the entry.",
            new ListType<int>(Multiplier, "a list of whole numbers from 1, one a level"),
            s => s.ChannelMultipliers, (s, v) => s with { ChannelMultipliers = v })
            { Required = true, AlsoKnownAs = ["dim_mults", "channel_mult", "channel_mults", "mults", "multipliers", "block_out_channels", "ch_mult"] },
        new Field<int>("time_emb_dim", "Width of the time embedding.", new IntType(1, MaxTimeEmbDim),
            s => s.TimeEmbDim, (s, v) => s with { GivenTimeEmbDim = v }) { DefaultInWords = "4 * dim", AlsoKnownAs = ["time_embed_dim", "time_embedding_dim", "time_dim", "temb_ch", "temb_channels"] },
        new Field<int>("init_dim", "Width after the first convolution.", Width,
            s => s.InitDim, (s, v) => s with { GivenInitDim = v }) { DefaultInWords = "dim; in preset adm the first level's width" },
        new Field<int>("init_kernel", "Kernel of the first convolution.", new OddIntType(31), s => s.InitKernel, (s, v) => s with { InitKernel = v }),
        new Field<EquatableArray<int>>("blocks_per_level", "Residual blocks a level, on the way down; on the way up it is one more.", BlocksPerLevel,
            s => Enumerable.Range(0, s.Levels).Select(s.BlocksAt).ToEquatableArray(), (s, v) => s with { GivenBlocksPerLevel = v })
            { DefaultInWords = "2", AlsoKnownAs = ["layers_per_block", "num_res_blocks", "num_blocks"], NarrowedBy = preset => InDenoisingDiffusion(preset, new FixedType<EquatableArray<int>>(BlocksPerLevel, new[] { 2 }.ToEquatableArray(), "is fixed by the presets annotated and lucidrains")) },
        new Field<Norm>("norm", "What normalises in residual blocks.",
            new ChoiceType<Norm>().AlsoKnownAs(Norm.Group, "group_norm", "GroupNorm", "gn").AlsoKnownAs(Norm.Rms, "rms_norm", "RMSNorm"),
            s => s.Norm, (s, v) => s with { Norm = v }) { OnlyIf = Normalises, Details = "group: GroupNorm. rms: RMSNorm over the channels of each pixel." },
        new Field<int>("groups", "Groups of the GroupNorms.", Width, s => s.Groups, (s, v) => s with { Groups = v })
            { AlsoKnownAs = ["resnet_block_groups", "norm_num_groups", "num_groups"], OnlyIf = new(s => s.Norm == Norm.Group, "norm: rms has no groups; leave it out, or say norm: group", "norm") { And = Normalises } },
        new Field<double>("norm_eps", "Added to the variance by GroupNorms.", FloatType.Above(0),
            s => s.NormEps, (s, v) => s with { NormEps = v }) { OnlyIf = new(UsesNormEps, "there is no GroupNorm here; leave it out, or say norm: group", "preset", "norm") },
        new Field<bool>("weight_standardization", "Whether residual blocks standardise their filters.", new BoolType(),
            s => s.WeightStandardization, (s, v) => s with { WeightStandardization = v }) { OnlyIf = OwnBlocks },
        new Field<Activation>("activation", "The nonlinearity of residual blocks.", new ChoiceType<Activation>().AlsoKnownAs(Activation.Silu, "swish"),
            s => s.Activation, (s, v) => s with { Activation = v }) { AlsoKnownAs = ["act_fn", "nonlinearity"], OnlyIf = OwnBlocks },
        new Field<double>("dropout", "Probability, in residual blocks.", FloatType.Fraction,
            s => s.Dropout, (s, v) => s with { Dropout = v }) { AlsoKnownAs = ["dropout_rate", "dropout_prob"], OnlyIf = OwnBlocks },

        new Field<TimeEmbeddingType>("time_embedding.type", "How a timestep becomes a vector.",
            new ChoiceType<TimeEmbeddingType>().AlsoKnownAs(TimeEmbeddingType.Sinusoidal, "positional", "sinusoid", "sin").AlsoKnownAs(TimeEmbeddingType.Fourier, "random_fourier"),
            s => s.TimeEmbedding.Type, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Type = v } })
            {
                AlsoKnownAs = ["time_embedding_type"],
                Details = "sinusoidal: sines and cosines of fixed frequencies. fourier: of random frequencies, which the weights keep. learned_fourier: of learned ones.",
            },
        new Field<double>("time_embedding.theta", "The lowest frequency is about 1 / theta.", FloatType.Above(1),
            s => s.TimeEmbedding.Theta, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Theta = v } }) { AlsoKnownAs = ["sinusoidal_pos_emb_theta"], OnlyIf = Sinusoidal },
        new Field<SinusoidOrder>("time_embedding.order", "Which half comes first.", new ChoiceType<SinusoidOrder>().AlsoKnownAs(SinusoidOrder.SinCos, "sin").AlsoKnownAs(SinusoidOrder.CosSin, "cos"),
            s => s.TimeEmbedding.Order, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Order = v } }) { OnlyIf = Sinusoidal, Details = "sin_cos: sines, then cosines. cos_sin: cosines, then sines." },
        new Field<int>("time_embedding.freq_shift", "Frequencies are divided by half - freq_shift.", new IntType(0, 1),
            s => s.TimeEmbedding.FreqShift, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { FreqShift = v } }) { OnlyIf = Sinusoidal },
        new Field<TimeConditioning>("time_embedding.conditioning", "How time enters a residual block.", new ChoiceType<TimeConditioning>().AlsoKnownAs(TimeConditioning.Add, "default").AlsoKnownAs(TimeConditioning.ScaleShift, "film"),
            s => s.TimeEmbedding.Conditioning, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Conditioning = v } })
            { AlsoKnownAs = ["resnet_time_scale_shift"], OnlyIf = OwnBlocks, Details = "scale_shift: multiplied and added after a norm. add: added." },

        new Field<EquatableArray<AttentionKind>>("attention.levels", "Attention at each level.",
            new ListType<AttentionKind>(new ChoiceType<AttentionKind>(), "a list of none, linear or full, one a level"),
            s => Enumerable.Range(0, s.Levels).Select(s.AttentionAt).ToEquatableArray(),
            (s, v) => s with { Attention = s.Attention with { GivenLevels = v } })
            { DefaultInWords = "linear; in lucidrains full at the last level; in ddpm and adm as resolutions say", Details = "full compares every pixel with every other, linear costs as much as there are pixels." },
        new Field<EquatableArray<int>>("attention.resolutions", "Image sizes at which there is full attention, and none elsewhere.",
            new ListType<int>(Width, "a list of sizes that occur at some level"),
            s => s.Attention.GivenResolutions ?? EquatableArray<int>.Empty,
            (s, v) => s with { Attention = s.Attention with { GivenResolutions = v } })
            { DefaultInWords = "[16] in ddpm, [16, 8] in adm, where a level has that size; else as levels say", AlsoKnownAs = ["attention_resolutions", "attn_resolutions"], ImpliedIf = _ => true },
        new Field<AttentionKind>("attention.mid", "Attention in the middle.", new ChoiceType<AttentionKind>(AttentionKind.Linear),
            s => s.AttentionInTheMiddle, (s, v) => s with { Attention = s.Attention with { Mid = v } }),
        new Field<int>("attention.heads", "Attention heads.", Width, s => s.HeadsAt(s.AttendedWidths.First()),
            (s, v) => s with { Attention = s.Attention with { GivenHeads = v } })
            { DefaultInWords = "4, in ddpm 1; in ddpm and adm width / head_dim where that is given", OnlyIf = Attends, ImpliedIf = s => s.IsPreActivation && !SameHeadsEverywhere(s), AlsoKnownAs = ["num_heads", "attn_heads", "num_attention_heads"] },
        new Field<int>("attention.head_dim", "Features a head.", Width, s => s.HeadDimAt(s.AttendedWidths.First()),
            (s, v) => s with { Attention = s.Attention with { GivenHeadDim = v } })
            { DefaultInWords = "32; in ddpm and adm width / heads", OnlyIf = Attends, ImpliedIf = s => s.IsPreActivation && SameHeadsEverywhere(s), AlsoKnownAs = ["dim_head", "attn_dim_head", "num_head_channels", "attention_head_dim", "channels_per_head"] },
        new Field<int>("attention.memory_tokens", "Learned keys and values beside the image's own.", new IntType(0, MaxWidth),
            s => s.Attention.MemoryTokens, (s, v) => s with { Attention = s.Attention with { MemoryTokens = v } })
            { OnlyIf = Attends, AlsoKnownAs = ["num_mem_kv"] },

        new Field<DownsampleKind>("downsample", "How a level halves the image.",
            new ChoiceType<DownsampleKind>().AlsoKnownAs(DownsampleKind.Resblock, "resnet").AlsoKnownAs(DownsampleKind.Unshuffle, "pixel_unshuffle"),
            s => s.Downsample, (s, v) => s with { Downsample = v })
            {
                AlsoKnownAs = ["downsample_type"],
                Details = "unshuffle: each 2 x 2 pixels become channels. conv: 3 x 3, stride 2, padded all around. conv_asymmetric: the same, padded right and below. avg_pool: the mean of 2 x 2. resblock: the mean, in a residual block.",
                OnlyIf = Halves, NarrowedBy = preset => InDenoisingDiffusion(preset, new ChoiceType<DownsampleKind>(DownsampleKind.Resblock).Without("resblock", PreActivationOnly)),
            },
        new Field<UpsampleKind>("upsample", "How a level doubles the image.",
            new ChoiceType<UpsampleKind>().AlsoKnownAs(UpsampleKind.Resblock, "resnet").AlsoKnownAs(UpsampleKind.NearestConv, "conv", "nearest"),
            s => s.Upsample, (s, v) => s with { Upsample = v })
            {
                AlsoKnownAs = ["upsample_type"],
                Details = "nearest_conv: each pixel four times, then 3 x 3. conv_transpose: 4 x 4, stride 2. resblock: each pixel four times, in a residual block.",
                OnlyIf = Halves, NarrowedBy = preset => InDenoisingDiffusion(preset, new ChoiceType<UpsampleKind>(UpsampleKind.Resblock).Without("resblock", PreActivationOnly)),
            },
        new Field<bool>("self_condition", "Whether the network sees its previous estimate of the clean image.", new BoolType(),
            s => s.SelfCondition, (s, v) => s with { SelfCondition = v }) { AlsoKnownAs = ["self_conditioning", "self_cond"] },
        new Field<bool>("zero_init", "The last convolution of each residual branch and of the network starts at 0.", new BoolType(),
            s => s.ZeroInit, (s, v) => s with { ZeroInit = v }),
        new Field<bool>("learned_variance", "Whether the network predicts the variance too, in as many channels again.", new BoolType(),
            s => s.LearnedVariance, (s, v) => s with { LearnedVariance = v }) { AlsoKnownAs = ["learn_sigma", "learned_sigma"] },
        new Field<int>("num_classes", "Classes whose labels the network takes; null: none.", new OrNullType<int>(new IntType(1, MaxClasses), none: 0),
            s => s.NumClasses ?? 0, (s, v) => s with { NumClasses = v == 0 ? null : v }) { AlsoKnownAs = ["class_cond", "num_class_embeds", "label_dim"] },
        new Field<string>("blocks.resnet", "Your own residual block, a C# type with its namespace; its constructor takes (dim, dimOut, timeEmbDim), its forward (x, timeEmb). null: the family's, where a base says otherwise.",
            new OrNullType<string>(new TextType("a C# type, as My.Namespace.MyBlock", Names.FaultOfType, Names.DottedPattern), none: ""),
            s => s.ResnetBlock ?? "", (s, v) => s with { ResnetBlock = v.Length == 0 ? null : v })
            { DefaultInWords = "the family's", ImpliedIf = s => s.ResnetBlock is null },
        new Field<KernelForm>("kernels", "How the network computes; weights and checkpoints are the same.", new ChoiceType<KernelForm>(), s => s.Kernels, (s, v) => s with { Kernels = v })
            { Details = "fast: in the fastest form there is. reference: operation by operation, as in the papers and reference implementations." },
        new Field<string>("extends", "Another spec whose keys are the defaults.", new TextType("a path to another *.unet.yaml, from this file's folder", _ => null), _ => "", (s, _) => s)
            { DefaultInWords = "none", ImpliedIf = _ => true, AlsoKnownAs = ["base", "inherits", "parent"] },

        new Field<int>("diffusion.timesteps", "Steps from image to noise.", new IntType(1, 1_000_000),
            s => s.Diffusion.Timesteps, (s, v) => s with { Diffusion = s.Diffusion with { Timesteps = v } }) { AlsoKnownAs = ["num_train_timesteps", "diffusion_steps", "num_timesteps", "num_diffusion_timesteps"] },
        new Field<BetaSchedule>("diffusion.schedule", "How fast the noise grows.", new ChoiceType<BetaSchedule>().AlsoKnownAs(BetaSchedule.Cosine, "squaredcos_cap_v2", "cos").AlsoKnownAs(BetaSchedule.ScaledLinear, "quad"),
            s => s.Diffusion.Schedule, (s, v) => s with { Diffusion = s.Diffusion with { Schedule = v } })
            {
                AlsoKnownAs = ["beta_schedule", "noise_schedule"],
                Details = "linear: betas from 1e-4 to 0.02. cosine: Nichol and Dhariwal 2021. sigmoid: Jabri et al. 2022. scaled_linear: the betas' roots are linear.",
            },
        new Field<bool>("diffusion.schedule_scaling", "Linear betas are scaled by 1000 / timesteps.", new BoolType(),
            s => s.Diffusion.ScheduleScaling, (s, v) => s with { Diffusion = s.Diffusion with { ScheduleScaling = v } })
            { OnlyIf = new(s => s.Diffusion.Schedule == BetaSchedule.Linear, "only schedule: linear is scaled; leave it out", "diffusion.schedule") },
        new Field<Objective>("diffusion.objective", "What the network predicts.",
            new ChoiceType<Objective>().AlsoKnownAs(Objective.Noise, "pred_noise", "epsilon", "eps").AlsoKnownAs(Objective.X0, "pred_x0", "sample", "start_x", "x_start")
                .AlsoKnownAs(Objective.V, "pred_v", "v_prediction"),
            s => s.Diffusion.Objective, (s, v) => s with { Diffusion = s.Diffusion with { Objective = v } }) { AlsoKnownAs = ["prediction_type"], Details = "noise: epsilon. x0: the clean image. v: Salimans and Ho 2022." },
        new Field<LossWeight>("diffusion.loss_weight", "How the loss weighs timesteps.", new ChoiceType<LossWeight>().AlsoKnownAs(LossWeight.MinSnr, "min_snr_gamma", "snr"),
            s => s.Diffusion.LossWeight, (s, v) => s with { Diffusion = s.Diffusion with { LossWeight = v } }) { Details = "none: all alike. min_snr: Hang et al. 2023." },
        new Field<double>("diffusion.min_snr_gamma", "Where min_snr clips.", FloatType.Above(0),
            s => s.Diffusion.MinSnrGamma, (s, v) => s with { Diffusion = s.Diffusion with { MinSnrGamma = v } })
            { OnlyIf = new(s => s.Diffusion.LossWeight == LossWeight.MinSnr, "it belongs to loss_weight: min_snr; leave it out, or say that", "diffusion.loss_weight") },
        new Field<Variance>("diffusion.variance", "The variance of ancestral steps.",
            new ChoiceType<Variance>().AlsoKnownAs(Variance.FixedSmall, "fixed_small_log", "fixedsmall", "fixed").AlsoKnownAs(Variance.FixedLarge, "fixed_large_log", "fixedlarge")
                .AlsoKnownAs(Variance.LearnedRange, "learned", "learned_sigma"),
            s => s.Variance, (s, v) => s with { Diffusion = s.Diffusion with { GivenVariance = v } })
            {
                AlsoKnownAs = ["variance_type"],
                DefaultInWords = "learned_range with learned_variance: true, else fixed_small",
                Details = "fixed_small: the posterior's. fixed_large: beta. learned_range: between the two, as the network predicts.",
            },
    ];

    public static readonly IReadOnlyList<string> Keys = All.Select(field => field.Key).ToList();

    public static readonly ImmutableDictionary<string, Field> ByKey = All.ToImmutableDictionary(field => field.Key);

    /// <summary>Keys whose value is a mapping of further keys, and what these are about.</summary>
    public static readonly ImmutableDictionary<string, string> Groups = new Dictionary<string, string>
    {
        ["time_embedding"] = "How the network knows the timestep.",
        ["attention"] = "Where the network attends, and how; or none.",
        ["blocks"] = "Blocks of your own in the place of the family's.",
        ["diffusion"] = "The noise that the network is trained to remove. It travels with the model, since a sampler must agree with the training.",
    }.ToImmutableDictionary();

    /// <summary>Norms stand in the family's residual blocks, and in ddpm and adm elsewhere too.</summary>
    private static bool HasNorms(UNetSpec spec) => spec.HasOwnResnetBlocks || spec.IsPreActivation;

    /// <summary>GroupNorms stand there with <c>norm: group</c>, around annotated's attention, and around linear attention everywhere but in lucidrains.</summary>
    private static bool UsesNormEps(UNetSpec spec) => (spec.Norm == Norm.Group && HasNorms(spec)) || (spec.Preset == Preset.Annotated && spec.AnyAttention)
        || (spec.IsPreActivation && Enumerable.Range(0, spec.Levels).Any(level => spec.AttentionAt(level) == AttentionKind.Linear));

    private static bool SameHeadsEverywhere(UNetSpec spec) => spec.AttendedWidths.Select(spec.HeadsAt).Distinct().Count() == 1;

    private static FieldType<T>? InDenoisingDiffusion<T>(Preset preset, FieldType<T> type) => preset is Preset.Annotated or Preset.Lucidrains ? type : null;
}
