using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>
/// Plans the families annotated and lucidrains, which share their topology: at each level two residual blocks and attention, both
/// blocks' outputs kept as skips, and at the end the first convolution's output as well.
/// </summary>
internal sealed class UNetPlanner
{
    private readonly UNetSpec spec;
    private readonly SharedPlan blockOptions;
    private readonly List<ModulePlan> modules = [];
    private readonly List<StepPlan> steps = [];
    private readonly List<LevelPlan> levels = [];

    private UNetPlanner(UNetSpec spec)
    {
        this.spec = spec;
        blockOptions = PlanBlockOptions(spec);
    }

    public static NetworkPlan Plan(UNetSpec spec)
    {
        var planner = new UNetPlanner(spec);
        planner.PlanModules();
        planner.PlanForward();
        var text = SpecWriter.Write(spec);
        return new NetworkPlan
        {
            Name = spec.Name,
            Namespace = spec.Namespace,
            Spec = text,
            SpecHash = SpecWriter.Hash(text),
            Channels = spec.Channels,
            OutChannels = spec.Channels,
            Height = spec.ImageSize.Height,
            Width = spec.ImageSize.Width,
            DownsampleFactor = spec.DownsampleFactor,
            SelfCondition = spec.SelfCondition,
            NumClasses = null,
            Predicts = spec.Diffusion.Objective switch
            {
                Objective.Noise => "the noise in them",
                Objective.X0 => "the clean images",
                _ => "v = sqrt(alpha-bar) noise - sqrt(1 - alpha-bar) x_0",
            },
            Shared = new[] { planner.blockOptions }.ToEquatableArray(),
            Diffusion = PlanDiffusion(spec.Diffusion),
            Modules = planner.modules.ToEquatableArray(),
            Forward = planner.steps.ToEquatableArray(),
            Levels = planner.levels.ToEquatableArray(),
        };
    }

    /// <summary>Whether a network of this family could have a member of this name, which its class then can't have.</summary>
    public static bool IsMemberName(string name)
    {
        if (name is "init_conv" or "time_mlp" or "mid_block1" or "mid_attn" or "mid_block2" or "final_res_block" or "final_conv" or "BlockOptions")
            return true;
        var prefix = new[] { "downs_", "ups_", "Down", "Up" }.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal));
        return prefix is not null && name.Length > prefix.Length && name.Skip(prefix.Length).All(char.IsDigit);
    }

    private void PlanModules()
    {
        var last = spec.Levels - 1;
        var imageChannels = spec.SelfCondition ? 2 * spec.Channels : spec.Channels;
        var initConv = LayerPlans.Conv2d("init_conv", "init_conv", imageChannels, spec.InitDim, spec.InitKernel, spec.ImageSize,
            $"{spec.InitKernel} x {spec.InitKernel}, {LayerPlans.Widths(imageChannels, spec.InitDim)} at {spec.ImageSize}.");
        var time = LayerPlans.TimeEmbedding(spec);
        var downs = Enumerable.Range(0, spec.Levels).Select(Down).ToList();
        var ups = Enumerable.Range(0, spec.Levels).Select(index => Up(index, last - index)).ToList();
        var (bottom, size) = (spec.WidthAfter(last), spec.SizeAt(last));
        var mid = new List<ModulePlan> { LayerPlans.ResnetBlock("mid_block1", "mid_block1", spec, blockOptions, bottom, bottom, size) };
        if (spec.AttentionInTheMiddle != AttentionKind.None)
            mid.Add(LayerPlans.Attention("mid_attn", "mid_attn", spec, spec.AttentionInTheMiddle, bottom, size));
        mid.Add(LayerPlans.ResnetBlock("mid_block2", "mid_block2", spec, blockOptions, bottom, bottom, size));
        var finalBlock = LayerPlans.ResnetBlock("final_res_block", "final_res_block", spec, blockOptions, 2 * spec.InitDim, spec.InitDim, spec.ImageSize);
        var finalConv = LayerPlans.Conv2d("final_conv", "final_conv", spec.InitDim, spec.Channels, 1, spec.ImageSize,
            $"1 x 1, {LayerPlans.Widths(spec.InitDim, spec.Channels)} at {spec.ImageSize}.") with
        { StartsAtZero = spec.ZeroInit };

        modules.AddRange([initConv, time, .. downs, .. ups, .. mid, finalBlock, finalConv]);

        levels.Add(Row("in", spec.ImageSize, spec.InitDim, "-", "-", initConv, time));
        for (var level = 0; level < spec.Levels; level++)
            levels.Add(Row($"{level}", spec.SizeAt(level), spec.WidthAfter(level), "2 + 2", Name(spec.AttentionAt(level)), downs[level], ups[last - level]));
        levels.Add(Row("mid", size, bottom, "2", Name(spec.AttentionInTheMiddle), [.. mid]));
        levels.Add(Row("out", spec.ImageSize, spec.InitDim, "1", "-", finalBlock, finalConv));
    }

    private ModulePlan Down(int level)
    {
        var (width, next, size) = (spec.WidthBefore(level), spec.WidthAfter(level), spec.SizeAt(level));
        var last = level == spec.Levels - 1;
        var children = new List<ModulePlan>
        {
            LayerPlans.ResnetBlock("0", "block1", spec, blockOptions, width, width, size),
            LayerPlans.ResnetBlock("1", "block2", spec, blockOptions, width, width, size),
        };
        if (spec.AttentionAt(level) != AttentionKind.None)
            children.Add(LayerPlans.Attention("2", "attn", spec, spec.AttentionAt(level), width, size));
        children.Add(last
            ? LayerPlans.Conv2d("3", "conv", width, next, 3, size, $"3 x 3, {LayerPlans.Widths(width, next)} at {size}: the lowest level stays at its size.")
            : LayerPlans.Downsample("3", "downsample", spec.Downsample, width, next, size));
        var ends = last ? $"ends {next} wide" : $"ends {next} wide at {spec.SizeAt(level + 1)}";
        return new ModulePlan($"downs.{level}", $"downs_{level}", $"Down{level}", $"Level {level} on the way down: {width} wide at {size}, {ends}.")
        {
            Children = children.ToEquatableArray(),
        };
    }

    private ModulePlan Up(int index, int level)
    {
        var (below, width, size) = (spec.WidthBefore(level), spec.WidthAfter(level), spec.SizeAt(level));
        var children = new List<ModulePlan>
        {
            LayerPlans.ResnetBlock("0", "block1", spec, blockOptions, width + below, width, size),
            LayerPlans.ResnetBlock("1", "block2", spec, blockOptions, width + below, width, size),
        };
        if (spec.AttentionAt(level) != AttentionKind.None)
            children.Add(LayerPlans.Attention("2", "attn", spec, spec.AttentionAt(level), width, size));
        children.Add(level == 0
            ? LayerPlans.Conv2d("3", "conv", width, below, 3, size, $"3 x 3, {LayerPlans.Widths(width, below)} at {size}: the top level has its size already.")
            : LayerPlans.Upsample("3", "upsample", spec.Upsample, width, below, size));
        var ends = level == 0 ? $"ends {below} wide" : $"ends {below} wide at {spec.SizeAt(level - 1)}";
        return new ModulePlan($"ups.{index}", $"ups_{index}", $"Up{index}", $"Level {level} on the way up: {width} wide at {size}, {ends}.")
        {
            Children = children.ToEquatableArray(),
        };
    }

    private void PlanForward()
    {
        var last = spec.Levels - 1;
        var (x, t, h) = (new Variable("x"), new Variable("t"), new Variable("h"));
        Step("t", Call("time_mlp", new Variable("timesteps")), $"[B, {spec.TimeEmbDim}]");
        if (spec.SelfCondition)
            Step("x", new Concat(new SelfCondition("x"), x), Shape(2 * spec.Channels, spec.ImageSize));
        Step("x_in", Call("init_conv", x), Shape(spec.InitDim, spec.ImageSize));

        Expression previous = new Variable("x_in");
        for (var level = 0; level < spec.Levels; level++)
        {
            var (size, width, down) = (spec.SizeAt(level), spec.WidthBefore(level), $"downs_{level}");
            Step($"skip{level}a", Call(down + ".block1", previous, t), Shape(width, size), $"down, level {level}: {width} wide, {size}");
            Step($"skip{level}b", Call(down + ".block2", new Variable($"skip{level}a"), t), Shape(width, size));
            if (spec.AttentionAt(level) != AttentionKind.None)
                Attend($"skip{level}b", down + ".attn", Shape(width, size));
            Step("h", Call(down + (level == last ? ".conv" : ".downsample"), new Variable($"skip{level}b")),
                Shape(spec.WidthAfter(level), spec.SizeAt(Math.Min(level + 1, last))));
            previous = h;
        }

        var (bottom, lowest) = (spec.WidthAfter(last), spec.SizeAt(last));
        Step("h", Call("mid_block1", h, t), Shape(bottom, lowest), $"middle: {bottom} wide, {lowest}");
        if (spec.AttentionInTheMiddle != AttentionKind.None)
            Attend("h", "mid_attn", Shape(bottom, lowest));
        Step("h", Call("mid_block2", h, t), Shape(bottom, lowest));

        for (var level = last; level >= 0; level--)
        {
            var (size, width, below, up) = (spec.SizeAt(level), spec.WidthAfter(level), spec.WidthBefore(level), $"ups_{last - level}");
            Step("h", Call(up + ".block1", new Concat(h, new Variable($"skip{level}b")), t), Joined(width + below, width, size), $"up, level {level}: {width} wide, {size}");
            Step("h", Call(up + ".block2", new Concat(h, new Variable($"skip{level}a")), t), Joined(width + below, width, size));
            if (spec.AttentionAt(level) != AttentionKind.None)
                Attend("h", up + ".attn", Shape(width, size));
            Step("h", Call(up + (level == 0 ? ".conv" : ".upsample"), h), Shape(below, spec.SizeAt(Math.Max(level - 1, 0))));
        }

        Step("h", Call("final_res_block", new Concat(h, new Variable("x_in")), t), Joined(2 * spec.InitDim, spec.InitDim, spec.ImageSize), "out");
        Step("h", Call("final_conv", h), Shape(spec.Channels, spec.ImageSize));
    }

    /// <summary>Annotated's attention adds its input itself; lucidrains' leaves that to the network.</summary>
    private void Attend(string target, string module, string shape)
    {
        var input = new Variable(target);
        Step(target, spec.Preset == Preset.Annotated ? Call(module, input) : new Sum(Call(module, input), input), shape);
    }

    private void Step(string target, Expression value, string shape, string? heading = null) => steps.Add(new StepPlan(target, value, shape, heading));

    private static Call Call(string module, params Expression[] arguments) => new(module, arguments.ToEquatableArray());

    private static string Shape(int channels, ImageSize size) => $"[B, {channels}, {size.Height}, {size.Width}]";

    private static string Joined(int from, int to, ImageSize size) => $"{Shape(from, size)} -> {Shape(to, size)}";

    private static LevelPlan Row(string name, ImageSize size, int channels, string blocks, string attention, params ModulePlan[] parts) =>
        new(name, size.Height, size.Width, channels, blocks, attention, parts.Sum(part => part.ParameterCount),
            parts.Aggregate(default(Cost), (sum, part) => sum + part.TotalCost));

    private static string Name(AttentionKind kind) => kind == AttentionKind.None ? "-" : Text.SnakeCase(kind.ToString());

    private static SharedPlan PlanBlockOptions(UNetSpec spec)
    {
        var properties = new List<Argument> { new("Norm", LayerPlans.Enum(spec.Norm)) };
        if (spec.Norm == Norm.Group)
            properties.AddRange([new Argument("Groups", spec.Groups), new Argument("NormEps", spec.NormEps)]);
        properties.Add(new Argument("WeightStandardization", spec.WeightStandardization));
        properties.Add(new Argument("Activation", LayerPlans.Enum(spec.Activation)));
        properties.Add(new Argument("Dropout", spec.Dropout));
        properties.Add(new Argument("Conditioning", LayerPlans.Enum(spec.TimeEmbedding.Conditioning)));
        properties.Add(new Argument("ZeroInit", spec.ZeroInit));
        return new SharedPlan("BlockOptions", LayerPlans.Blocks + "ResnetBlockOptions", properties.ToEquatableArray(), "What all residual blocks have in common.");
    }

    private static EquatableArray<Argument> PlanDiffusion(DiffusionSpec diffusion)
    {
        return new[]
        {
            new Argument("Timesteps", diffusion.Timesteps),
            new Argument("Schedule", Value(diffusion.Schedule)),
            new Argument("ScheduleScaling", diffusion.ScheduleScaling),
            new Argument("Objective", Value(diffusion.Objective)),
            new Argument("LossWeight", Value(diffusion.LossWeight)),
            new Argument("MinSnrGamma", diffusion.MinSnrGamma),
            new Argument("Variance", Value(diffusion.Variance)),
        }.ToEquatableArray();

        static EnumValue Value<T>(T value)
            where T : struct, Enum => new("UNetGen.Diffusion." + typeof(T).Name, value.ToString());
    }
}
