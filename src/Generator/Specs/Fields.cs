using System.Collections.Immutable;

namespace UNetGen.Generator.Specs;

/// <summary>The one table of the language: reader, effective spec, suggestions and JSON Schema all come from it.</summary>
internal static partial class Fields
{
    private const string UserBlockOnly = "all residual blocks here are those of blocks.resnet; leave it out";
    private const string PreActivationOnly = "is for presets ddpm, adm and conditional";
    private const string ConditionalOnly = "is for preset conditional";
    private const string NotConditional =
        "is for the other presets: in this one pixels attend to one another and to the context, or not at all";

    private static readonly IntType Width = new(1, SpecLimits.Width);
    private static readonly IntType EvenWidth = new(
        int.MinValue, int.MaxValue, $"an even whole number from {SpecLimits.LeastDim} to {SpecLimits.Width}",
        new JsonObject { IntType.Range(SpecLimits.LeastDim, SpecLimits.Width), { "multipleOf", "2" } });
    private static readonly IntType Multiplier = new(
        int.MinValue, int.MaxValue, "a whole number from 1", IntType.Range(1, SpecLimits.Width / SpecLimits.LeastDim));
    private static readonly OneOrListType BlocksPerLevel = new(
        new IntType(1, SpecLimits.BlocksPerLevel),
        $"a whole number from 1 to {SpecLimits.BlocksPerLevel}, or a list of them, one per level");

    private static readonly Condition Halves = new(s => s.Levels > 1, "one level halves nothing; leave it out");
    private static readonly Condition Sinusoidal = new(
        s => s.TimeEmbedding.Type == TimeEmbeddingType.Sinusoidal,
        "only type: sinusoidal has it; leave it out", "time_embedding.type");
    private static readonly Condition Normalises = new(HasNorms, UserBlockOnly, "preset");
    private static readonly Condition OwnBlocks = new(s => s.HasOwnResnetBlocks, UserBlockOnly);
    private static readonly Condition Attends = new(s => s.AnyAttention, "there is no attention here; leave it out");
    private static readonly Condition AttendsGuided = new(
        s => s.AnyGuidedAttention, "only full attention has it, in preset adm; leave it out", "preset");
    private static readonly Condition AttendsToContext = new(
        s => s.AnyCrossAttention, "only attention cross has it, in preset conditional; leave it out", "preset");
    private static readonly OneOrListType TransformerLayers = new(
        new IntType(1, SpecLimits.TransformerLayers),
        $"a whole number from 1 to {SpecLimits.TransformerLayers}, or a list of them, one per level");

    private static readonly KeyWord WithGroups = new("norm", "group");
    private static readonly KeyWord WithSinusoids = new("time_embedding.type", "sinusoidal");

    private static readonly Condition OfDdpm = Of(DiffusionType.Ddpm, "it belongs to type: ddpm; leave it out");
    private static readonly Condition RunsBetweenBetas = OfDdpm with
    {
        And = new(
            s => s.Diffusion.Schedule is BetaSchedule.Linear or BetaSchedule.ScaledLinear,
            "only schedule: linear and scaled_linear run from one beta to another; leave it out", "diffusion.schedule"),
    };

    private static readonly Condition OfFlow = Of(DiffusionType.Flow, "it belongs to type: flow; leave it out, or say that");
    private static readonly Condition OfEdm = Of(DiffusionType.Edm, "it belongs to type: edm; leave it out, or say that");
    private static readonly Condition OfLogitNormal = OfFlow with
    {
        And = new(
            s => s.Diffusion.Flow.TimestepSampling == TimestepSampling.LogitNormal,
            "it belongs to timestep_sampling: logit_normal; leave it out", "diffusion.timestep_sampling"),
    };

    private static readonly Condition OfMode = OfFlow with
    {
        And = new(
            s => s.Diffusion.Flow.TimestepSampling == TimestepSampling.Mode,
            "it belongs to timestep_sampling: mode; leave it out, or say that", "diffusion.timestep_sampling"),
    };

    private static readonly KeyWord WithDdpm = new(TypeKey, "ddpm");
    private static readonly KeyWord WithFlow = new(TypeKey, "flow");
    private static readonly KeyWord WithLogitNormal = new("diffusion.timestep_sampling", "logit_normal", WithFlow);
    private static readonly KeyWord WithMode = new("diffusion.timestep_sampling", "mode", WithFlow);
    private static readonly KeyWord WithEdm = new(TypeKey, "edm");

    /// <summary>In the order of the effective spec.</summary>
    public static readonly IReadOnlyList<Field> All =
        [
            .. OfTheNetwork, .. OfTimeEmbedding, .. OfAttention, .. OfResamplingAndConditions,
            .. OfDiffusionType, .. OfDiffusion, .. OfTheFlow, .. OfTheEdm,
        ];

    public static readonly IReadOnlyList<string> Keys = All.Select(field => field.Key).ToList();

    public static readonly ImmutableDictionary<string, Field> ByKey = All.ToImmutableDictionary(field => field.Key);

    /// <summary>Keys whose value is a mapping of further keys, and what these are about.</summary>
    public static readonly ImmutableDictionary<string, string> Groups = new Dictionary<string, string>
    {
        ["time_embedding"] = "How the network knows the timestep.",
        ["attention"] = "Where the network attends, and how; or none.",
        ["blocks"] = "Blocks of your own in the place of the family's.",
        ["diffusion"] = "The noise that the network is trained to remove. "
            + "It travels with the model, since a sampler must agree with the training.",
    }.ToImmutableDictionary();

    /// <summary>Norms stand in the family's residual blocks, and in ddpm, adm and conditional elsewhere too.</summary>
    private static bool HasNorms(UNetSpec spec) => spec.HasOwnResnetBlocks || spec.IsPreActivation;

    /// <summary>
    /// Whether there is any GroupNorm: with <c>norm: group</c>, around annotated's attention, and around linear attention everywhere but
    /// in lucidrains.
    /// </summary>
    private static bool UsesNormEps(UNetSpec spec) =>
        (spec.Norm == Norm.Group && HasNorms(spec))
        || (spec.Preset == Preset.Annotated && spec.AnyAttention)
        || (spec.IsPreActivation && Enumerable.Range(0, spec.Levels).Any(level => spec.AttentionAt(level) == AttentionKind.Linear));

    private static bool SameHeadsEverywhere(UNetSpec spec) => spec.AttendedWidths.Select(spec.HeadsAt).Distinct().Count() == 1;

    private static ChoiceType<AttentionKind> CrossOrNone =>
        new ChoiceType<AttentionKind>(AttentionKind.Linear, AttentionKind.Full).Without("full", NotConditional);

    private static FieldType<T>? InDenoisingDiffusion<T>(Preset preset, FieldType<T> type) =>
        preset is Preset.Annotated or Preset.Lucidrains ? type : null;
}
