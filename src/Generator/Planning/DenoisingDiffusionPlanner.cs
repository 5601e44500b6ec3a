using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>
/// Plans the families annotated and lucidrains, which share their topology: at each level two residual blocks and attention, both
/// blocks' outputs kept as skips, and at the end the first convolution's output as well.
/// </summary>
internal sealed class DenoisingDiffusionPlanner(UNetSpec spec) : NetworkPlanner(spec)
{
    protected override (IEnumerable<ModulePlan> Modules, IEnumerable<LevelPlan> Levels) PlanNetwork()
    {
        PlanForward();
        var last = Spec.Levels - 1;
        var initConv = LayerPlans.Conv2d("init_conv", "init_conv", ChannelsIn, Spec.InitDim, Spec.InitKernel, Spec.ImageSize);
        var time = Layers.TimeEmbedding("time_mlp", KeyStyle.DenoisingDiffusion);
        var downs = Enumerable.Range(0, Spec.Levels).Select(Down).ToList();
        var ups = Enumerable.Range(0, Spec.Levels).Select(index => Up(index, last - index)).ToList();
        var (bottom, size) = (Spec.WidthAfter(last), Spec.SizeAt(last));
        var mid = new List<ModulePlan> { Layers.ResnetBlock("mid_block1", "mid_block1", bottom, bottom, size) };
        if (Spec.AttentionInTheMiddle != AttentionKind.None)
            mid.Add(Layers.Attention("mid_attn", "mid_attn", Spec.AttentionInTheMiddle, bottom, size));
        mid.Add(Layers.ResnetBlock("mid_block2", "mid_block2", bottom, bottom, size));
        var finalBlock = Layers.ResnetBlock("final_res_block", "final_res_block", 2 * Spec.InitDim, Spec.InitDim, Spec.ImageSize);
        var finalConv = LayerPlans.Conv2d("final_conv", "final_conv", Spec.InitDim, Spec.OutChannels, 1, Spec.ImageSize);
        finalConv = finalConv with { StartsAtZero = Spec.ZeroInit };

        ModulePlan[] inputs = Spec.NumClasses is null ? [initConv, time] : [initConv, time, Layers.LabelEmbedding("label_emb")];
        var levels = new List<LevelPlan> { Row("in", Spec.ImageSize, Spec.InitDim, "-", "-", inputs) };
        for (var level = 0; level < Spec.Levels; level++)
        {
            var (name, attention) = ($"{level}", Name(Spec.AttentionAt(level)));
            var row = Row(name, Spec.SizeAt(level), Spec.WidthAfter(level), "2 + 2", attention, downs[level], ups[last - level]);
            levels.Add(row with { DownChannels = Spec.WidthBefore(level) });
        }

        levels.Add(Row("mid", size, bottom, "2", Name(Spec.AttentionInTheMiddle), [.. mid]));
        levels.Add(Row("out", Spec.ImageSize, Spec.InitDim, "1", "-", finalBlock, finalConv));
        return ([.. inputs, .. downs, .. ups, .. mid, finalBlock, finalConv], levels);
    }

    private ModulePlan Down(int level)
    {
        var (width, next, size) = (Spec.WidthBefore(level), Spec.WidthAfter(level), Spec.SizeAt(level));
        var last = level == Spec.Levels - 1;
        var children = new List<ModulePlan>
        {
            Layers.ResnetBlock("0", "block1", width, width, size),
            Layers.ResnetBlock("1", "block2", width, width, size),
        };
        if (Spec.AttentionAt(level) != AttentionKind.None)
            children.Add(Layers.Attention("2", "attn", Spec.AttentionAt(level), width, size));
        children.Add(last
            ? LayerPlans.Conv2d("3", "conv", width, next, 3, size, ", since the lowest level stays at its size")
            : LayerPlans.Downsample("3", "downsample", Spec.Downsample, width, next, size));
        var shapes = $"{size.Shape(width)} -> {Spec.SizeAt(last ? level : level + 1).Shape(next)}";
        return new ModulePlan($"downs.{level}", $"downs_{level}", $"Down{level}", $"Level {level} on the way down", shapes)
        {
            Children = children.ToEquatableArray(),
        };
    }

    private ModulePlan Up(int index, int level)
    {
        var (below, width, size) = (Spec.WidthBefore(level), Spec.WidthAfter(level), Spec.SizeAt(level));
        var children = new List<ModulePlan>
        {
            Layers.ResnetBlock("0", "block1", width + below, width, size),
            Layers.ResnetBlock("1", "block2", width + below, width, size),
        };
        if (Spec.AttentionAt(level) != AttentionKind.None)
            children.Add(Layers.Attention("2", "attn", Spec.AttentionAt(level), width, size));
        children.Add(level == 0
            ? LayerPlans.Conv2d("3", "conv", width, below, 3, size, ", since the top level has its size already")
            : LayerPlans.Upsample("3", "upsample", Spec.Upsample, width, below, size));
        var shapes = $"{size.Shape(width)} -> {Spec.SizeAt(Math.Max(level - 1, 0)).Shape(below)}";
        return new ModulePlan($"ups.{index}", $"ups_{index}", $"Up{index}", $"Level {level} on the way up", shapes)
        {
            Children = children.ToEquatableArray(),
        };
    }

    private void PlanForward()
    {
        var last = Spec.Levels - 1;
        var (x, h) = (new Variable("x"), new Variable("h"));
        StepTime("time_mlp", "label_emb");
        StepSelfCondition();
        Step("x_in", Convolve("init_conv", x), Spec.ImageSize.Shape(Spec.InitDim));

        Expression previous = new Variable("x_in");
        for (var level = 0; level < Spec.Levels; level++)
        {
            var (size, width, down) = (Spec.SizeAt(level), Spec.WidthBefore(level), $"downs_{level}");
            Step($"skip{level}a", CallBlock(down + ".block1", previous, width), size.Shape(width),
                $"down, level {level}: {width} wide, {size}");
            Step($"skip{level}b", CallBlock(down + ".block2", new Variable($"skip{level}a"), width), size.Shape(width));
            if (Spec.AttentionAt(level) != AttentionKind.None)
                Attend($"skip{level}b", down + ".attn", size.Shape(width));
            var kept = new Variable($"skip{level}b");
            Step("h", level == last ? Convolve(down + ".conv", kept) : Call(down + ".downsample", kept),
                Spec.SizeAt(Math.Min(level + 1, last)).Shape(Spec.WidthAfter(level)));
            previous = h;
        }

        var (bottom, lowest) = (Spec.WidthAfter(last), Spec.SizeAt(last));
        Step("h", CallBlock("mid_block1", h, bottom), lowest.Shape(bottom), $"middle: {bottom} wide, {lowest}");
        if (Spec.AttentionInTheMiddle != AttentionKind.None)
            Attend("h", "mid_attn", lowest.Shape(bottom));
        Step("h", CallBlock("mid_block2", h, bottom), lowest.Shape(bottom));

        for (var level = last; level >= 0; level--)
        {
            var (size, width, below, up) = (Spec.SizeAt(level), Spec.WidthAfter(level), Spec.WidthBefore(level), $"ups_{last - level}");
            Step("h", new Concatenation(h, new Variable($"skip{level}b")), size.Shape(width + below),
                $"up, level {level}: {width} wide, {size}");
            Step("h", CallBlock(up + ".block1", h, width), size.Shape(width));
            Step("h", new Concatenation(h, new Variable($"skip{level}a")), size.Shape(width + below));
            Step("h", CallBlock(up + ".block2", h, width), size.Shape(width));
            if (Spec.AttentionAt(level) != AttentionKind.None)
                Attend("h", up + ".attn", size.Shape(width));
            Step("h", level == 0 ? Convolve(up + ".conv", h) : Call(up + ".upsample", h), Spec.SizeAt(Math.Max(level - 1, 0)).Shape(below));
        }

        Step("h", new Concatenation(h, new Variable("x_in")), Spec.ImageSize.Shape(2 * Spec.InitDim), "out");
        Step("h", CallBlock("final_res_block", h, Spec.InitDim), Spec.ImageSize.Shape(Spec.InitDim));
        Step("h", Predict("final_conv", h), Spec.ImageSize.Shape(Spec.OutChannels));
    }

    /// <summary>Annotated's attention adds its input itself; lucidrains' leaves that to the network.</summary>
    private void Attend(string target, string module, string shape)
    {
        var input = new Variable(target);
        Step(target, Spec.Preset == Preset.Annotated ? Call(module, input) : new Addition(Call(module, input), input), shape);
    }
}
