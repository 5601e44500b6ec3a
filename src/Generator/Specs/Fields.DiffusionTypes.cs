namespace UNetGen.Generator.Specs;

internal static partial class Fields
{
    private const string TypeKey = "diffusion.type";

    private static Condition Of(DiffusionType type, string otherwise) => new(s => s.Diffusion.Type == type, otherwise, TypeKey);

    /// <summary>
    /// Which keys below diffusion there are. The effective spec of a DDPM leaves it out: what has been trained keeps its hash.
    /// </summary>
    private static Field[] OfDiffusionType =>
    [
        new Field<DiffusionType>(TypeKey, "What the way from image to noise is.",
            new ChoiceType<DiffusionType>()
                .AlsoKnownAs(DiffusionType.Ddpm, "ddim", "gaussian", "gaussian_diffusion")
                .AlsoKnownAs(DiffusionType.Flow, "flow_matching", "rectified_flow", "flow_match")
                .AlsoKnownAs(DiffusionType.Edm, "karras", "k_diffusion"),
            s => s.Diffusion.Type, (s, v) => s with { Diffusion = s.Diffusion with { Type = v } })
        {
            ImpliedIf = s => s.Diffusion.Type == DiffusionType.Ddpm,
            ProposedBefore = [.. OfDiffusion.Select(one => one.Key)],
            Details = "ddpm: noise comes in timesteps, by a schedule (Ho et al. 2020). flow: a straight line from image to noise, "
                + "rectified flow or flow matching (Liu et al. 2022; Esser et al. 2024). edm: noise of any deviation is added, and the "
                + "network is wrapped for it (Karras et al. 2022).",
        },
    ];

    /// <summary>Keys below diffusion, of a flow.</summary>
    private static Field[] OfTheFlow =>
    [
        new Field<TimestepSampling>("diffusion.timestep_sampling", "How training draws its times, from 0, the image, to 1, noise.",
            new ChoiceType<TimestepSampling>().AlsoKnownAs(TimestepSampling.LogitNormal, "lognorm", "logitnormal"),
            s => s.Diffusion.Flow.TimestepSampling, (s, v) => WithFlowOf(s, s.Diffusion.Flow with { TimestepSampling = v }))
        {
            OnlyIf = OfFlow,
            OnlyWith = WithFlow,
            AlsoKnownAs = ["time_sampling"],
            Details = "logit_normal: the middle more often, where there is most to learn (Esser et al. 2024). uniform: all alike. mode: the "
                + "middle more often, and the ends less but not never (there, eq. 20).",
        },
        new Field<double>("diffusion.logit_mean", "The mean of a time's logit: above 0 for more noise.", LogOfTime,
            s => s.Diffusion.Flow.LogitMean, (s, v) => WithFlowOf(s, s.Diffusion.Flow with { LogitMean = v }))
        { OnlyIf = OfLogitNormal, OnlyWith = WithLogitNormal },
        new Field<double>("diffusion.logit_std", "The standard deviation of a time's logit.", FloatType.Above(0),
            s => s.Diffusion.Flow.LogitStd, (s, v) => WithFlowOf(s, s.Diffusion.Flow with { LogitStd = v }))
        { OnlyIf = OfLogitNormal, OnlyWith = WithLogitNormal },
        new Field<double>("diffusion.mode_scale", "How much more often the middle is drawn; below 0 less often.",
            FloatType.From(SpecLimits.LeastModeScale, SpecLimits.ModeScale),
            s => s.Diffusion.Flow.ModeScale, (s, v) => WithFlowOf(s, s.Diffusion.Flow with { ModeScale = v }))
        { OnlyIf = OfMode, OnlyWith = WithMode },
        new Field<double>("diffusion.shift", "Moves times, of training and of drawing, to shift t / (1 + (shift - 1) t).",
            FloatType.Above(0),
            s => s.Diffusion.Flow.Shift, (s, v) => WithFlowOf(s, s.Diffusion.Flow with { Shift = v }))
        {
            OnlyIf = OfFlow,
            OnlyWith = WithFlow,
            AlsoKnownAs = ["flow_shift", "timestep_shift"],
            Details = "Above 1 for large images, whose noise hides less (Esser et al. 2024, eq. 23: 3 at 1024 x 1024).",
        },
        new Field<WeightingScheme>("diffusion.weighting_scheme", "How the loss weighs times.",
            new ChoiceType<WeightingScheme>()
                .Without("logit_normal", DrawsTimes("logit_normal"))
                .Without("mode", DrawsTimes("mode")),
            s => s.Diffusion.Flow.WeightingScheme, (s, v) => WithFlowOf(s, s.Diffusion.Flow with { WeightingScheme = v }))
        {
            OnlyIf = OfFlow,
            OnlyWith = WithFlow,
            AlsoKnownAs = ["loss_weighting"],
            // Specs of before the key existed keep their text, and with it their hash.
            ImpliedIf = s => s.Diffusion.Flow.WeightingScheme == WeightingScheme.None,
            Details = "none: all alike. sigma_sqrt: 1 / t^2, so that the least noise counts most. cosmap: "
                + "2 / (pi (1 - 2 t + 2 t^2)), the middle twice as much as the ends (Esser et al. 2024, section 3.1).",
        },
    ];

    /// <summary>Keys below diffusion, of EDM.</summary>
    private static Field[] OfTheEdm =>
    [
        new Field<double>("diffusion.p_mean", "The mean of ln sigma in training.", LogOfTime,
            s => s.Diffusion.Edm.PMean, (s, v) => WithEdmOf(s, s.Diffusion.Edm with { PMean = v }))
        { OnlyIf = OfEdm, OnlyWith = WithEdm, AlsoKnownAs = ["P_mean"] },
        new Field<double>("diffusion.p_std", "The standard deviation of ln sigma in training.", FloatType.AboveTo(0, SpecLimits.LogOfTime),
            s => s.Diffusion.Edm.PStd, (s, v) => WithEdmOf(s, s.Diffusion.Edm with { PStd = v }))
        { OnlyIf = OfEdm, OnlyWith = WithEdm, AlsoKnownAs = ["P_std"] },
        new Field<double>("diffusion.sigma_data", "The images' standard deviation.",
            FloatType.Between(SpecLimits.LeastSigmaData, SpecLimits.SigmaData),
            s => s.Diffusion.Edm.SigmaData, (s, v) => WithEdmOf(s, s.Diffusion.Edm with { SigmaData = v }))
        { OnlyIf = OfEdm, OnlyWith = WithEdm },
        new Field<double>("diffusion.sigma_min", "The least noise from which is drawn.", FloatType.Above(0),
            s => s.Diffusion.Edm.SigmaMin, (s, v) => WithEdmOf(s, s.Diffusion.Edm with { SigmaMin = v }))
        { OnlyIf = OfEdm, OnlyWith = WithEdm },
        new Field<double>("diffusion.sigma_max", "The most noise, with which drawing begins.", FloatType.Above(0),
            s => s.Diffusion.Edm.SigmaMax, (s, v) => WithEdmOf(s, s.Diffusion.Edm with { SigmaMax = v }))
        { OnlyIf = OfEdm, OnlyWith = WithEdm },
    ];

    private static FloatType LogOfTime => FloatType.Between(-SpecLimits.LogOfTime, SpecLimits.LogOfTime);

    private static string DrawsTimes(string word) => $"draws times and weighs none: write `timestep_sampling: {word}` in its place";

    private static UNetSpec WithFlowOf(UNetSpec spec, FlowSpec flow) => spec with { Diffusion = spec.Diffusion with { Flow = flow } };

    private static UNetSpec WithEdmOf(UNetSpec spec, EdmSpec edm) => spec with { Diffusion = spec.Diffusion with { Edm = edm } };
}
