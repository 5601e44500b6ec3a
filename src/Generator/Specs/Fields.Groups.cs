using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

internal static partial class Fields
{
    /// <summary>Keys below time_embedding.</summary>
    private static Field[] OfTimeEmbedding =>
    [
        new Field<TimeEmbeddingType>("time_embedding.type", "How a timestep becomes a vector.",
            new ChoiceType<TimeEmbeddingType>()
                .AlsoKnownAs(TimeEmbeddingType.Sinusoidal, "positional", "sinusoid", "sin")
                .AlsoKnownAs(TimeEmbeddingType.Fourier, "random_fourier"),
            s => s.TimeEmbedding.Type, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Type = v } })
        {
            AlsoKnownAs = ["time_embedding_type", "embedding_type"],
            Details = "sinusoidal: sines and cosines of fixed frequencies. fourier: of random frequencies, which the weights keep. "
                + "learned_fourier: of learned ones.",
        },
        new Field<double>("time_embedding.theta", "The lowest frequency is about 1 / theta.", FloatType.Above(1),
            s => s.TimeEmbedding.Theta, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Theta = v } })
        { AlsoKnownAs = ["sinusoidal_pos_emb_theta"], OnlyIf = Sinusoidal, OnlyWith = WithSinusoids },
        new Field<SinusoidOrder>("time_embedding.order", "Which half comes first.",
            new ChoiceType<SinusoidOrder>().AlsoKnownAs(SinusoidOrder.SinCos, "sin").AlsoKnownAs(SinusoidOrder.CosSin, "cos"),
            s => s.TimeEmbedding.Order, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Order = v } })
        {
            OnlyIf = Sinusoidal,
            OnlyWith = WithSinusoids,
            Details = "sin_cos: sines, then cosines. cos_sin: cosines, then sines.",
        },
        new Field<int>("time_embedding.freq_shift", "Frequencies are divided by half - freq_shift.", new IntType(0, 1),
            s => s.TimeEmbedding.FreqShift, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { FreqShift = v } })
        { OnlyIf = Sinusoidal, OnlyWith = WithSinusoids },
        new Field<TimeConditioning>("time_embedding.conditioning", "How time enters a residual block.",
            new ChoiceType<TimeConditioning>()
                .AlsoKnownAs(TimeConditioning.Add, "default")
                .AlsoKnownAs(TimeConditioning.ScaleShift, "film"),
            s => s.TimeEmbedding.Conditioning, (s, v) => s with { TimeEmbedding = s.TimeEmbedding with { Conditioning = v } })
        {
            AlsoKnownAs = ["resnet_time_scale_shift"],
            OnlyIf = OwnBlocks,
            Details = "scale_shift: multiplied and added after a norm. add: added.",
        },
    ];

    /// <summary>Keys below attention.</summary>
    private static Field[] OfAttention =>
    [
        new Field<EquatableArray<AttentionKind>>("attention.levels", "Attention at each level.",
            new ListType<AttentionKind>(new ChoiceType<AttentionKind>(), "a list of none, linear, full or cross, one per level"),
            s => Enumerable.Range(0, s.Levels).Select(s.AttentionAt).ToEquatableArray(),
            (s, v) => s with { Attention = s.Attention with { GivenLevels = v } })
        {
            Example = "\"[none, linear, full]\"",
            ExampleIn = preset => preset == Preset.Conditional ? "\"[cross, cross, none]\"" : null,
            DefaultInWords = "linear; in lucidrains full at the last level; in ddpm and adm as resolutions say; in conditional cross at all "
                + "levels but the last",
            Details = "full compares every pixel with every other, linear costs as much as there are pixels. cross: transformers, in which "
                + "pixels attend to one another and to a context, in preset conditional.",
            NarrowedBy = preset => preset == Preset.Conditional
                ? new ListType<AttentionKind>(
                    CrossOrNone.Without("linear", NotConditional),
                    "a list of none or cross, one per level")
                : new ListType<AttentionKind>(
                    new ChoiceType<AttentionKind>(AttentionKind.Cross).Without("cross", ConditionalOnly),
                    "a list of none, linear or full, one per level"),
        },
        new Field<EquatableArray<int>>("attention.resolutions", "Image sizes at which there is full attention, and none elsewhere.",
            new ListType<int>(Width, "a list of sizes that occur at some level"),
            s => s.Attention.GivenResolutions ?? EquatableArray<int>.Empty,
            (s, v) => s with { Attention = s.Attention with { GivenResolutions = v } })
        {
            Example = "\"[16]\"",
            DefaultInWords = "[16] in ddpm, [16, 8] in adm, where a level has that size; else as levels say",
            OnlyIn = [.. Presets.All.Where(preset => preset != Preset.Conditional)],
            OnlyIf = new(
                s => s.Preset != Preset.Conditional,
                "preset conditional attends where levels say, as `attention: { levels: [cross, none] }`; leave it out", "preset"),
            AlsoKnownAs = ["attention_resolutions", "attn_resolutions"],
            ImpliedIf = _ => true,
        },
        new Field<AttentionKind>("attention.mid", "Attention in the middle.",
            new ChoiceType<AttentionKind>(AttentionKind.Linear).Proposing(AttentionKind.None, AttentionKind.Full),
            s => s.AttentionInTheMiddle, (s, v) => s with { Attention = s.Attention with { Mid = v } })
        {
            NarrowedBy = preset => preset == Preset.Conditional
                ? CrossOrNone
                : new ChoiceType<AttentionKind>(AttentionKind.Linear, AttentionKind.Cross).Without("cross", ConditionalOnly),
        },
        new Field<int>("attention.heads", "Attention heads.", Width,
            s => s.HeadsAt(s.AttendedWidths.First()), (s, v) => s with { Attention = s.Attention with { GivenHeads = v } })
        {
            Example = "4",
            DefaultInWords = "4, in ddpm 1, in conditional 8; in these and adm width / head_dim where that is given",
            OnlyIf = Attends,
            ImpliedIf = s => s.IsPreActivation && !SameHeadsEverywhere(s),
            AlsoKnownAs = ["num_heads", "attn_heads", "num_attention_heads"],
        },
        new Field<int>("attention.head_dim", "Features per head.", Width,
            s => s.HeadDimAt(s.AttendedWidths.First()), (s, v) => s with { Attention = s.Attention with { GivenHeadDim = v } })
        {
            Example = "32",
            DefaultInWords = "32; in ddpm, adm and conditional width / heads",
            OnlyIf = Attends,
            ImpliedIf = s => s.IsPreActivation && SameHeadsEverywhere(s),
            AlsoKnownAs = ["dim_head", "attn_dim_head", "num_head_channels", "channels_per_head"],
        },
        new Field<int>("attention.memory_tokens", "Learned keys and values beside the image's own.", new IntType(0, SpecLimits.Width),
            s => s.Attention.MemoryTokens, (s, v) => s with { Attention = s.Attention with { MemoryTokens = v } })
        {
            OnlyIn = [.. Presets.All.Where(preset => preset != Preset.Conditional)],
            OnlyIf = Attends with
            {
                And = new(s => s.Preset != Preset.Conditional, "transformers have no memory tokens; leave it out", "preset"),
            },
            AlsoKnownAs = ["num_mem_kv"],
        },
        new Field<bool>(
            "attention.new_order", "Whether the convolution of full attention has all of q, then k and v, else q, k and v head by head.",
            new BoolType(), s => s.Attention.NewOrder, (s, v) => s with { Attention = s.Attention with { NewOrder = v } })
        {
            Details = "Weights of either have the same shapes. Of guided-diffusion's published ones those for 64 x 64 need true.",
            OnlyIn = [Preset.Adm],
            OnlyIf = AttendsGuided,
            ImpliedIf = s => !s.Attention.NewOrder,
            AlsoKnownAs = ["use_new_attention_order"],
        },
        new Field<EquatableArray<int>>("attention.layers", "Layers of each transformer, where attention is cross.", TransformerLayers,
            s => Enumerable.Range(0, s.Levels).Select(s.TransformerLayersAt).ToEquatableArray(),
            (s, v) => s with { Attention = s.Attention with { GivenLayers = v } })
        {
            DefaultInWords = "1",
            Example = "1",
            Details = "In the middle as many as at the last level. In a list 1 stands for a level without a transformer.",
            OnlyIn = [Preset.Conditional],
            OnlyIf = AttendsToContext,
            AlsoKnownAs = ["transformer_layers_per_block", "transformer_depth", "num_transformer_blocks"],
        },
        new Field<bool>(
            "attention.linear_projection", "Whether transformers begin and end with linear layers, else with 1 x 1 convolutions.",
            new BoolType(), s => s.Attention.LinearProjection, (s, v) => s with { Attention = s.Attention with { LinearProjection = v } })
        {
            Details = "They compute the same, from weights of other shapes.",
            OnlyIn = [Preset.Conditional],
            OnlyIf = AttendsToContext,
            AlsoKnownAs = ["use_linear_projection", "use_linear_in_transformer"],
        },
    ];

    /// <summary>Keys below diffusion, of a DDPM.</summary>
    private static Field[] OfDiffusion =>
    [
        new Field<int>("diffusion.timesteps", "Steps from image to noise.", new IntType(1, SpecLimits.Timesteps),
            s => s.Diffusion.Timesteps, (s, v) => s with { Diffusion = s.Diffusion with { Timesteps = v } })
        {
            OnlyIf = OfDdpm,
            OnlyWith = WithDdpm,
            AlsoKnownAs = ["num_train_timesteps", "diffusion_steps", "num_timesteps", "num_diffusion_timesteps"],
        },
        new Field<BetaSchedule>("diffusion.schedule", "How fast the noise grows.",
            new ChoiceType<BetaSchedule>()
                .AlsoKnownAs(BetaSchedule.Cosine, "squaredcos_cap_v2", "cos")
                .AlsoKnownAs(BetaSchedule.ScaledLinear, "quad"),
            s => s.Diffusion.Schedule, (s, v) => s with { Diffusion = s.Diffusion with { Schedule = v } })
        {
            OnlyIf = OfDdpm,
            OnlyWith = WithDdpm,
            AlsoKnownAs = ["beta_schedule", "noise_schedule"],
            Details = "linear: betas from beta_start to beta_end. cosine: Nichol and Dhariwal 2021. sigmoid: Jabri et al. 2022. "
                + "scaled_linear: the betas' roots are linear.",
        },
        new Field<bool>("diffusion.schedule_scaling", "Linear betas are scaled by 1000 / timesteps.", new BoolType(),
            s => s.Diffusion.ScheduleScaling, (s, v) => s with { Diffusion = s.Diffusion with { ScheduleScaling = v } })
        {
            OnlyWith = new("diffusion.schedule", "linear", WithDdpm),
            OnlyIf = OfDdpm with
            {
                And = new(
                    s => s.Diffusion.Schedule == BetaSchedule.Linear, "only schedule: linear is scaled; leave it out",
                    "diffusion.schedule"),
            },
        },
        new Field<double>("diffusion.beta_start", "The first beta of linear and scaled_linear.", FloatType.OpenFraction,
            s => s.Diffusion.BetaStart, (s, v) => s with { Diffusion = s.Diffusion with { BetaStart = v } })
        {
            AlsoKnownAs = ["linear_start"],
            OnlyWith = new("diffusion.schedule", "linear", WithDdpm),
            OnlyIf = RunsBetweenBetas,
            // Specs of before the key existed keep their text, and with it their hash.
            ImpliedIf = s => s.Diffusion.BetaStart == SpecDefaults.Diffusion.BetaStart,
            Details = "Stable Diffusion's is 0.00085.",
        },
        new Field<double>("diffusion.beta_end", "The last beta of linear and scaled_linear.", FloatType.OpenFraction,
            s => s.Diffusion.BetaEnd, (s, v) => s with { Diffusion = s.Diffusion with { BetaEnd = v } })
        {
            AlsoKnownAs = ["linear_end"],
            OnlyWith = new("diffusion.schedule", "linear", WithDdpm),
            OnlyIf = RunsBetweenBetas,
            ImpliedIf = s => s.Diffusion.BetaEnd == SpecDefaults.Diffusion.BetaEnd,
            Details = "Stable Diffusion's is 0.012.",
        },
        new Field<ScheduleRescale>("diffusion.schedule_rescale", "Whether the noise grows until nothing is left of the image.",
            new ChoiceType<ScheduleRescale>().AlsoKnownAs(ScheduleRescale.ZeroTerminalSnr, "zero_snr", "zero_terminal", "ztsnr"),
            s => s.Diffusion.ScheduleRescale, (s, v) => s with { Diffusion = s.Diffusion with { ScheduleRescale = v } })
        {
            // With x0 it is as right; a condition of editors has one word.
            OnlyWith = new("diffusion.objective", "v", WithDdpm),
            OnlyIf = OfDdpm,
            ImpliedIf = s => s.Diffusion.ScheduleRescale == ScheduleRescale.None,
            Details = "none: the schedule as it is. zero_terminal_snr: rescaled so that the last timestep is noise alone, for objective v "
                + "or x0 (Lin et al. 2023, algorithm 1).",
        },
        new Field<Objective>("diffusion.objective", "What the network predicts.",
            new ChoiceType<Objective>()
                .AlsoKnownAs(Objective.Noise, "pred_noise", "epsilon", "eps")
                .AlsoKnownAs(Objective.X0, "pred_x0", "sample", "start_x", "x_start")
                .AlsoKnownAs(Objective.V, "pred_v", "v_prediction"),
            s => s.Diffusion.Objective, (s, v) => s with { Diffusion = s.Diffusion with { Objective = v } })
        {
            OnlyIf = OfDdpm,
            OnlyWith = WithDdpm,
            AlsoKnownAs = ["prediction_type"],
            Details = "noise: epsilon. x0: the clean image. v: Salimans and Ho 2022.",
        },
        new Field<LossWeight>("diffusion.loss_weight", "How the loss weighs timesteps.",
            new ChoiceType<LossWeight>()
                .AlsoKnownAs(LossWeight.MinSnr, "min_snr_gamma", "snr")
                .AlsoKnownAs(LossWeight.Plain, "constant", "uniform"),
            s => s.Diffusion.LossWeight, (s, v) => s with { Diffusion = s.Diffusion with { GivenLossWeight = v } })
        {
            OnlyIf = OfDdpm,
            OnlyWith = WithDdpm,
            Details = "none: all alike, as errors of the noise. min_snr: Hang et al. 2023. plain: all alike, as errors of what is "
                + "predicted, which is the default beside schedule_rescale: zero_terminal_snr.",
        },
        new Field<double>("diffusion.min_snr_gamma", "Where min_snr clips.", FloatType.Above(0),
            s => s.Diffusion.MinSnrGamma, (s, v) => s with { Diffusion = s.Diffusion with { MinSnrGamma = v } })
        {
            OnlyWith = new("diffusion.loss_weight", "min_snr", WithDdpm),
            OnlyIf = OfDdpm with
            {
                And = new(
                    s => s.Diffusion.LossWeight == LossWeight.MinSnr,
                    "it belongs to loss_weight: min_snr; leave it out, or say that", "diffusion.loss_weight"),
            },
        },
        new Field<Variance>("diffusion.variance", "The variance of ancestral steps.",
            new ChoiceType<Variance>()
                .AlsoKnownAs(Variance.FixedSmall, "fixed_small_log", "fixedsmall", "fixed")
                .AlsoKnownAs(Variance.FixedLarge, "fixed_large_log", "fixedlarge")
                .AlsoKnownAs(Variance.LearnedRange, "learned", "learned_sigma")
                .Proposing(Variance.FixedSmall, Variance.FixedLarge),
            s => s.Variance, (s, v) => s with { Diffusion = s.Diffusion with { GivenVariance = v } })
        {
            OnlyIf = OfDdpm,
            OnlyWith = WithDdpm,
            AlsoKnownAs = ["variance_type"],
            DefaultInWords = "learned_range with learned_variance: true, else fixed_small",
            Details = "fixed_small: the posterior's. fixed_large: beta. learned_range: between the two, as the network predicts.",
        },
        new Field<bool>("diffusion.clip_sample", "Whether drawing clips estimates of the clean image to [-1, 1].", new BoolType(),
            s => s.Diffusion.ClipSample, (s, v) => s with { Diffusion = s.Diffusion with { ClipSample = v } })
        {
            OnlyIf = OfDdpm,
            OnlyWith = WithDdpm,
            ImpliedIf = s => s.Diffusion.ClipSample,
            Details = "false for latents, whose values have no such bounds, as Stable Diffusion's. Of a flow and of EDM nothing is "
                + "clipped.",
        },
    ];
}
