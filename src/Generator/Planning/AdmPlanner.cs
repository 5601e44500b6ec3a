using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>
/// The names of guided-diffusion's UNetModel: three numbered lists, whose entries hold a block, its attention and what resamples.
/// </summary>
internal sealed class AdmPlanner(UNetSpec spec) : PreActivationPlanner(spec, KeyStyle.GuidedDiffusion)
{
    protected override string TimeKey => "time_embed";

    protected override string LabelKey => "label_emb";

    protected override ModulePlace ConvIn => Input(0, 0);

    protected override ModulePlace NormOut => new("out.0");

    protected override ModulePlace ConvOut => new("out.2");

    protected override string DownsamplerConv => "op";

    protected override ModulePlace DownBlock(int level, int block) => Input(FirstInput(level) + block, 0);

    protected override ModulePlace DownAttention(int level, int block) => Input(FirstInput(level) + block, 1);

    protected override ModulePlace Downsampler(int level) => Input(FirstInput(level + 1) - 1, 0);

    protected override ModulePlace Middle(int part) =>
        new($"middle_block.{(Spec.AttentionInTheMiddle == AttentionKind.None ? part / 2 : part)}");

    protected override ModulePlace UpBlock(int level, int block) => Output(level, block, 0);

    protected override ModulePlace UpAttention(int level, int block) => Output(level, block, 1);

    protected override ModulePlace Upsampler(int level) =>
        Output(level, Spec.BlocksAt(level), Spec.AttentionAt(level) == AttentionKind.None ? 1 : 2);

    // The planner adds them in the order of the state_dict, the embeddings first.
    protected override IEnumerable<ModulePlan> InOrder(IReadOnlyList<(ModulePlace Place, ModulePlan Module)> modules) =>
        modules.Select(module => module.Module);

    /// <summary>Before a level stand the first convolution, and of each level above its blocks and what downsamples.</summary>
    private int FirstInput(int level) => 1 + Enumerable.Range(0, level).Sum(above => Spec.BlocksAt(above) + 1);

    private static ModulePlace Input(int entry, int part) => new($"input_blocks.{entry}.{part}");

    private ModulePlace Output(int level, int block, int part) =>
        new($"output_blocks.{Enumerable.Range(level + 1, Spec.Levels - 1 - level).Sum(below => Spec.BlocksAt(below) + 1) + block}.{part}");
}
