using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>
/// The names of diffusers' UNet2DModel, in which Ho et al.'s networks are published, and of its UNet2DConditionModel, Stable Diffusion's.
/// </summary>
internal sealed class DdpmPlanner(UNetSpec spec) : PreActivationPlanner(spec, KeyStyle.Diffusers)
{
    // As its constructor makes them: the middle after both ways, and in each level attention before the blocks.
    private static readonly string[] Order =
        ["conv_in", "time_embedding", "class_embedding", "down_blocks", "up_blocks", "mid_block", "conv_norm_out", "conv_out"];

    private static readonly string[] OrderInLevel = ["attentions", "resnets", "downsamplers", "upsamplers"];

    protected override string TimeKey => "time_embedding";

    protected override string LabelKey => "class_embedding";

    protected override ModulePlace ConvIn => new("conv_in");

    protected override ModulePlace NormOut => new("conv_norm_out");

    protected override ModulePlace ConvOut => new("conv_out");

    protected override string DownsamplerConv => "conv";

    protected override ModulePlace DownBlock(int level, int block) => In(Down(level), "resnets", block);

    protected override ModulePlace DownAttention(int level, int block) => In(Down(level), "attentions", block);

    protected override ModulePlace Downsampler(int level) => In(Down(level), "downsamplers", 0);

    protected override ModulePlace Middle(int part)
    {
        var last = Spec.Levels - 1;
        var shape = Spec.SizeAt(last).Shape(Spec.WidthAfter(last));
        var owner = new OwnerPlan("mid_block", "mid_block", "Mid", "The middle", $"{shape} -> {shape}");
        return part == 1 ? In(owner, "attentions", 0) : In(owner, "resnets", part / 2);
    }

    protected override ModulePlace UpBlock(int level, int block) => In(Up(level), "resnets", block);

    protected override ModulePlace UpAttention(int level, int block) => In(Up(level), "attentions", block);

    protected override ModulePlace Upsampler(int level) => In(Up(level), "upsamplers", 0);

    protected override IEnumerable<ModulePlan> InOrder(IReadOnlyList<(ModulePlace Place, ModulePlan Module)> modules) => modules
        .GroupBy(module => module.Place.Owner)
        .SelectMany(group => group.Key is { } owner
            ? [Level(owner, group.Select(module => module.Module))]
            : group.Select(module => module.Module))
        .OrderBy(module => Rank(Order, module));

    private static ModulePlan Level(OwnerPlan owner, IEnumerable<ModulePlan> modules) =>
        new(owner.Key, owner.Field, owner.Type, owner.Summary, owner.Shapes)
        {
            Children = modules.OrderBy(child => Rank(OrderInLevel, child)).ToEquatableArray(),
        };

    private static int Rank(string[] order, ModulePlan module) => Array.IndexOf(order, module.Key.Split('.')[0]);

    private static ModulePlace In(OwnerPlan owner, string list, int index) => new(owner, $"{list}.{index}", $"{list}_{index}");

    private OwnerPlan Down(int level)
    {
        var end = Spec.SizeAt(Math.Min(level + 1, Spec.Levels - 1));
        return new OwnerPlan($"down_blocks.{level}", $"down_blocks_{level}", $"Down{level}", $"Level {level} on the way down",
            $"{Spec.SizeAt(level).Shape(Spec.WidthBefore(level))} -> {end.Shape(Spec.WidthAfter(level))}");
    }

    private OwnerPlan Up(int level)
    {
        var index = Spec.Levels - 1 - level;
        var below = Spec.WidthAfter(Math.Min(level + 1, Spec.Levels - 1));
        return new OwnerPlan($"up_blocks.{index}", $"up_blocks_{index}", $"Up{index}", $"Level {level} on the way up",
            $"{Spec.SizeAt(level).Shape(below)} -> {Spec.SizeAt(Math.Max(level - 1, 0)).Shape(Spec.WidthAfter(level))}");
    }
}
