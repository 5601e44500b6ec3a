using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>What the planners of all families have in common: a spec in, modules, steps and levels out.</summary>
internal abstract class NetworkPlanner
{
    private readonly List<StepPlan> steps = [];

    protected NetworkPlanner(UNetSpec spec)
    {
        Spec = spec;
        Layers = new LayerPlans(spec);
    }

    protected UNetSpec Spec { get; }

    protected LayerPlans Layers { get; }

    public static NetworkPlan Plan(UNetSpec spec)
    {
        NetworkPlanner planner = spec.Preset switch
        {
            Preset.Ddpm or Preset.Conditional => new DdpmPlanner(spec),
            Preset.Adm => new AdmPlanner(spec),
            _ => new DenoisingDiffusionPlanner(spec),
        };
        return planner.Plan();
    }

    /// <summary>
    /// The modules in the order of PyTorch's state_dict; the forward pass by <see cref="Step"/>; and the rows of the table.
    /// </summary>
    protected abstract (IEnumerable<ModulePlan> Modules, IEnumerable<LevelPlan> Levels) PlanNetwork();

    private NetworkPlan Plan()
    {
        var (modules, levels) = PlanNetwork();
        var text = SpecWriter.Write(Spec);
        return new NetworkPlan
        {
            Name = Spec.Name,
            Namespace = Spec.Namespace,
            Spec = text,
            SpecHash = SpecWriter.Hash(text),
            Channels = Spec.Channels,
            ConditionChannels = Spec.ConditionChannels,
            OutChannels = Spec.OutChannels,
            Height = Spec.ImageSize.Height,
            Width = Spec.ImageSize.Width,
            DownsampleFactor = Spec.DownsampleFactor,
            SelfCondition = Spec.SelfCondition,
            NumClasses = Spec.NumClasses,
            ContextDim = Spec.ContextDim,
            Kernels = Spec.Kernels == default ? null : LayerPlans.Enum(Spec.Kernels),
            Predicts = Predicts(Spec.Diffusion) + (Spec.LearnedVariance ? " and the variance" : ""),
            Shared = Spec.IsPreActivation || Spec.HasOwnResnetBlocks
                ? new[] { Layers.BlockOptions }.ToEquatableArray()
                : EquatableArray<SharedPlan>.Empty,
            UserBlock = Layers.UserBlock,
            Diffusion = PlanDiffusion(),
            Modules = modules.ToEquatableArray(),
            Forward = steps.ToEquatableArray(),
            Levels = levels.ToEquatableArray(),
        };
    }

    /// <summary>The time embedding, with that of the class where there is one, as <c>t</c>.</summary>
    protected void StepTime(string timeModule, string labelModule)
    {
        Step("t", Call(timeModule, new Variable("timesteps")), $"[B, {Spec.TimeEmbDim}]");
        if (Spec.NumClasses is not null)
            Step("t", new Addition(Call(labelModule, new Variable("labels")), new Variable("t")), $"[B, {Spec.TimeEmbDim}]");
        if (Spec.ResnetBlock is not null)
            Step("t", Function("Widen", new Variable("t")), $"[B, {Spec.TimeEmbDim}]");
    }

    /// <summary>The images, with the previous estimate before them where there is one.</summary>
    protected void StepSelfCondition()
    {
        if (Spec.SelfCondition)
        {
            var estimate = new PreviousEstimate("x", WithCondition: Spec.ConditionChannels > 0);
            Step("x", new Concatenation(estimate, new Variable("x")), Spec.ImageSize.Shape(ChannelsIn));
        }
    }

    /// <summary>Those of the first convolution: the previous estimate, the images and their condition.</summary>
    protected int ChannelsIn => (Spec.SelfCondition ? 2 : 1) * Spec.Channels + Spec.ConditionChannels;

    protected void Step(string target, Expression value, string shape, string? heading = null) =>
        steps.Add(new StepPlan(target, value, shape, heading));

    /// <summary>A convolution of the network's own, which stands in no block.</summary>
    protected static Function Convolve(string conv, Expression x) => Function("Convolve", new Variable(conv), x);

    /// <summary>The network's last convolution.</summary>
    protected static Function Predict(string conv, Expression x) => Function("Predict", new Variable(conv), x);

    /// <summary>A residual block that may be the user's own.</summary>
    protected Expression CallBlock(string module, Expression x, int channels) => Spec.ResnetBlock is null
        ? Call(module, x, new Variable(StepPlan.Time))
        : new OwnBlockCall(module, x, channels);

    protected static Function Function(string name, params Expression[] arguments) => new(name, arguments.ToEquatableArray());

    protected static Call Call(string module, params Expression[] arguments) => new(module, arguments.ToEquatableArray());

    protected static LevelPlan Row(string name, ImageSize size, int channels, string blocks, string attention, params ModulePlan[] parts) =>
        new(name, size.Height, size.Width, channels, blocks, attention, parts.Sum(part => part.ParameterCount),
            parts.Aggregate(default(Cost), (sum, part) => sum + part.TotalCost));

    protected static string Name(AttentionKind kind) => kind == AttentionKind.None ? "-" : SpecWords.SnakeCase(kind.ToString());

    private static string Predicts(DiffusionSpec diffusion) => diffusion switch
    {
        { Type: DiffusionType.Flow } => "the flow's velocity, noise - x_0",
        { Type: DiffusionType.Edm } => "EDM's F: x_0 is c_skip times the images plus c_out F",
        { Objective: Objective.Noise } => "the noise in them",
        { Objective: Objective.X0 } => "the clean images",
        _ => "v = sqrt(alpha-bar) noise - sqrt(1 - alpha-bar) x_0",
    };

    private EquatableArray<Argument> PlanDiffusion()
    {
        var (diffusion, flow, edm) = (Spec.Diffusion, Spec.Diffusion.Flow, Spec.Diffusion.Edm);
        Argument[] arguments = diffusion.Type switch
        {
            DiffusionType.Flow =>
            [
                new("Type", Value(diffusion.Type)),
                new("TimestepSampling", Value(flow.TimestepSampling)),
                new("LogitMean", flow.LogitMean),
                new("LogitStd", flow.LogitStd),
                new("Shift", flow.Shift),
                .. OfUnusualTimes(),
            ],
            DiffusionType.Edm =>
            [
                new("Type", Value(diffusion.Type)),
                new("PMean", edm.PMean),
                new("PStd", edm.PStd),
                new("SigmaData", edm.SigmaData),
                new("SigmaMin", edm.SigmaMin),
                new("SigmaMax", edm.SigmaMax),
            ],
            _ => OfDdpm(),
        };
        return arguments.ToEquatableArray();

        IEnumerable<Argument> OfUnusualTimes()
        {
            if (flow.TimestepSampling == TimestepSampling.Mode)
                yield return new Argument("ModeScale", flow.ModeScale);
            if (flow.WeightingScheme != WeightingScheme.None)
                yield return new Argument("WeightingScheme", Value(flow.WeightingScheme));
        }

        Argument[] OfDdpm() =>
        [
            new Argument("Timesteps", diffusion.Timesteps),
            new Argument("Schedule", Value(diffusion.Schedule)),
            new Argument("ScheduleScaling", diffusion.ScheduleScaling),
            new Argument("Objective", Value(diffusion.Objective)),
            new Argument("LossWeight", Value(diffusion.LossWeight)),
            new Argument("MinSnrGamma", diffusion.MinSnrGamma),
            new Argument("Variance", Value(Spec.Variance)),
            .. OfUnusual(),
        ];

        // What few specs say is left to the options' defaults.
        IEnumerable<Argument> OfUnusual()
        {
            if (diffusion.BetaStart != SpecDefaults.Diffusion.BetaStart)
                yield return new Argument("BetaStart", diffusion.BetaStart);
            if (diffusion.BetaEnd != SpecDefaults.Diffusion.BetaEnd)
                yield return new Argument("BetaEnd", diffusion.BetaEnd);
            if (diffusion.ScheduleRescale != ScheduleRescale.None)
                yield return new Argument("ScheduleRescale", Value(diffusion.ScheduleRescale));
            if (diffusion.ClipSample != SpecDefaults.Diffusion.ClipSample)
                yield return new Argument("ClipSample", diffusion.ClipSample);
        }

        static EnumValue Value<T>(T value)
            where T : struct, Enum => new("UNetGen.Diffusion." + typeof(T).Name, value.ToString());
    }
}
