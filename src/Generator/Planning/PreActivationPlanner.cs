using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>Where a module stands.</summary>
/// <param name="Owner">A class of its own inside the network's; null: the network itself.</param>
/// <param name="Key">Below the owner.</param>
/// <param name="Field">In the owner.</param>
internal sealed record ModulePlace(OwnerPlan? Owner, string Key, string Field)
{
    public ModulePlace(string key) : this(null, key, key.Replace('.', '_'))
    {
    }

    /// <summary>The path of fields from the network.</summary>
    public string Path => Owner is null ? Field : $"{Owner.Field}.{Field}";
}

internal sealed record OwnerPlan(string Key, string Field, string Type, string Summary, string Shapes);

/// <summary>
/// Plans the topology of Ho et al. 2020, that of ddpm, adm and conditional: residual blocks and attention at each level, the output of
/// every block, of every downsampling and of the first convolution kept as a skip, one block more on the way up, and norm, activation and
/// convolution at the end. The families differ in names and in attention.
/// </summary>
internal abstract class PreActivationPlanner(UNetSpec spec, KeyStyle keys) : NetworkPlanner(spec)
{
    private readonly List<(string Row, ModulePlace Place, ModulePlan Module)> modules = [];
    private readonly Stack<(string Variable, int Width)> skips = new();

    protected abstract string TimeKey { get; }

    protected abstract string LabelKey { get; }

    protected abstract ModulePlace ConvIn { get; }

    protected abstract ModulePlace NormOut { get; }

    protected abstract ModulePlace ConvOut { get; }

    protected abstract ModulePlace DownBlock(int level, int block);

    protected abstract ModulePlace DownAttention(int level, int block);

    protected abstract ModulePlace Downsampler(int level);

    /// <param name="part">0: the first block, 1: attention, 2: the second block.</param>
    protected abstract ModulePlace Middle(int part);

    protected abstract ModulePlace UpBlock(int level, int block);

    protected abstract ModulePlace UpAttention(int level, int block);

    protected abstract ModulePlace Upsampler(int level);

    /// <summary>The key of a downsampling convolution below <see cref="Downsampler"/>.</summary>
    protected abstract string DownsamplerConv { get; }

    /// <summary>The modules in the order of the state_dict, those of one owner below it.</summary>
    protected abstract IEnumerable<ModulePlan> InOrder(IReadOnlyList<(ModulePlace Place, ModulePlan Module)> modules);

    protected sealed override (IEnumerable<ModulePlan> Modules, IEnumerable<LevelPlan> Levels) PlanNetwork()
    {
        PlanInput();
        for (var level = 0; level < Spec.Levels; level++)
            PlanDown(level);
        PlanMiddle();
        for (var level = Spec.Levels - 1; level >= 0; level--)
            PlanUp(level);
        PlanOutput();
        return (InOrder([.. modules.Select(module => (module.Place, module.Module))]), Rows());
    }

    private void PlanInput()
    {
        Add("in", new ModulePlace(TimeKey), Layers.TimeEmbedding(TimeKey, keys));
        if (Spec.NumClasses is not null)
            Add("in", new ModulePlace(LabelKey), Layers.LabelEmbedding(LabelKey));
        Add("in", ConvIn, LayerPlans.Conv2d(ConvIn.Key, ConvIn.Field, ChannelsIn, Spec.InitDim, Spec.InitKernel, Spec.ImageSize));
        StepTime(TimeKey, LabelKey);
        StepSelfCondition();
        Keep(Convolve(ConvIn.Path, new Variable("x")), Spec.InitDim, Spec.ImageSize);
    }

    private void PlanDown(int level)
    {
        var (width, size, row) = (Spec.WidthAfter(level), Spec.SizeAt(level), $"{level}");
        var heading = $"down, level {level}: {width} wide, {size}";
        for (var block = 0; block < Spec.BlocksAt(level); block++)
        {
            var (previous, from) = skips.Peek();
            var place = DownBlock(level, block);
            Add(row, place, Layers.PreActResnetBlock(place.Key, place.Field, keys, from, width, size));
            Keep(CallBlock(place.Path, new Variable(previous), width), width, size, block == 0 ? heading : null);
            if (Spec.AttentionAt(level) != AttentionKind.None)
                Attend(row, DownAttention(level, block), Spec.AttentionAt(level), skips.Peek().Variable, level);
        }

        if (level == Spec.Levels - 1)
            return;
        var down = Downsampler(level);
        var inBlock = Spec.Downsample == DownsampleKind.Resblock;
        Add(row, down, inBlock
            ? Layers.PreActResnetBlock(down.Key, down.Field, keys, width, width, size, Resampling.Down)
            : LayerPlans.Downsample(down.Key, down.Field, Spec.Downsample, width, width, size, DownsamplerConv));
        var input = new Variable(skips.Peek().Variable);
        Keep(inBlock ? Call(down.Path, input, new Variable("t")) : Call(down.Path, input), width, size.Halved);
    }

    private void PlanMiddle()
    {
        var last = Spec.Levels - 1;
        var (width, size) = (Spec.WidthAfter(last), Spec.SizeAt(last));
        var (first, second) = (Middle(0), Middle(2));
        Add("mid", first, Layers.PreActResnetBlock(first.Key, first.Field, keys, width, width, size));
        Step("h", CallBlock(first.Path, new Variable(skips.Peek().Variable), width), size.Shape(width), $"middle: {width} wide, {size}");
        if (Spec.AttentionInTheMiddle != AttentionKind.None)
            Attend("mid", Middle(1), Spec.AttentionInTheMiddle, "h", last);
        Add("mid", second, Layers.PreActResnetBlock(second.Key, second.Field, keys, width, width, size));
        Step("h", CallBlock(second.Path, new Variable("h"), width), size.Shape(width));
    }

    private void PlanUp(int level)
    {
        var (width, size, row) = (Spec.WidthAfter(level), Spec.SizeAt(level), $"{level}");
        var from = Spec.WidthAfter(Math.Min(level + 1, Spec.Levels - 1));
        for (var block = 0; block <= Spec.BlocksAt(level); block++)
        {
            var (skip, skipWidth) = skips.Pop();
            var place = UpBlock(level, block);
            Add(row, place, Layers.PreActResnetBlock(place.Key, place.Field, keys, from + skipWidth, width, size));
            var heading = block == 0 ? $"up, level {level}: {width} wide, {size}" : null;
            Step("h", new Concatenation(new Variable("h"), new Variable(skip)), size.Shape(from + skipWidth), heading);
            Step("h", CallBlock(place.Path, new Variable("h"), width), size.Shape(width));
            if (Spec.AttentionAt(level) != AttentionKind.None)
                Attend(row, UpAttention(level, block), Spec.AttentionAt(level), "h", level);
            from = width;
        }

        if (level == 0)
            return;
        var up = Upsampler(level);
        var inBlock = Spec.Upsample == UpsampleKind.Resblock;
        Add(row, up, inBlock
            ? Layers.PreActResnetBlock(up.Key, up.Field, keys, width, width, size, Resampling.Up)
            : LayerPlans.Upsample(up.Key, up.Field, Spec.Upsample, width, width, size, "conv"));
        var input = new Variable("h");
        Step("h", inBlock ? Call(up.Path, input, new Variable("t")) : Call(up.Path, input), size.Doubled.Shape(width));
    }

    private void PlanOutput()
    {
        var width = Spec.WidthAfter(0);
        Add("out", NormOut, Layers.OutNorm(NormOut.Key, NormOut.Field, width, Spec.ImageSize));
        var conv = LayerPlans.Conv2d(ConvOut.Key, ConvOut.Field, width, Spec.OutChannels, 3, Spec.ImageSize);
        Add("out", ConvOut, conv with { StartsAtZero = Spec.ZeroInit });
        Step("h", Function("NormActivate", new Variable(NormOut.Path), new Variable("h")), Spec.ImageSize.Shape(width), "out");
        Step("h", Predict(ConvOut.Path, new Variable("h")), Spec.ImageSize.Shape(Spec.OutChannels));
    }

    private IEnumerable<LevelPlan> Rows()
    {
        var last = Spec.Levels - 1;
        yield return Row("in", Spec.ImageSize, Spec.InitDim, "-", "-", Of("in"));
        for (var level = 0; level <= last; level++)
        {
            var blocks = Spec.BlocksAt(level);
            var (name, attention) = ($"{level}", Name(Spec.AttentionAt(level)));
            yield return Row(name, Spec.SizeAt(level), Spec.WidthAfter(level), $"{blocks} + {blocks + 1}", attention, Of(name));
        }

        yield return Row("mid", Spec.SizeAt(last), Spec.WidthAfter(last), "2", Name(Spec.AttentionInTheMiddle), Of("mid"));
        yield return Row("out", Spec.ImageSize, Spec.WidthAfter(0), "-", "-", Of("out"));

        ModulePlan[] Of(string row) => [.. modules.Where(module => module.Row == row).Select(module => module.Module)];
    }

    private void Add(string row, ModulePlace place, ModulePlan module) => modules.Add((row, place, module));

    private void Attend(string row, ModulePlace place, AttentionKind kind, string target, int level)
    {
        var (width, size, input) = (Spec.WidthAfter(level), Spec.SizeAt(level), new Variable(target));
        var crosses = kind == AttentionKind.Cross;
        Add(row, place, crosses
            ? Layers.SpatialTransformer(place.Key, place.Field, Spec.TransformerLayersAt(level), width, size)
            : Layers.PreActAttention(place.Key, place.Field, keys, kind, width, size));
        Step(target, crosses ? Call(place.Path, input, new Variable(StepPlan.Context)) : Call(place.Path, input), size.Shape(width));
    }

    /// <summary>A step on the way down, whose result is needed on the way up.</summary>
    private void Keep(Expression value, int width, ImageSize size, string? heading = null)
    {
        var variable = $"skip{skips.Count}";
        Step(variable, value, size.Shape(width), heading);
        skips.Push((variable, width));
    }
}
