using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>The names of guided-diffusion's UNetModel: three numbered lists, whose entries hold a block, its attention and what resamples.</summary>
internal sealed class AdmPlanner(UNetSpec spec) : PreActivationPlanner(spec, KeyStyle.GuidedDiffusion)
{
    protected override string TimeKey => "time_embed";

    protected override string LabelKey => "label_emb";

    protected override Place ConvIn => Input(0, 0);

    protected override Place NormOut => new("out.0");

    protected override Place ConvOut => new("out.2");

    protected override string DownsamplerConv => "op";

    protected override Place DownBlock(int level, int block) => Input(FirstInput(level) + block, 0);

    protected override Place DownAttention(int level, int block) => Input(FirstInput(level) + block, 1);

    protected override Place Downsampler(int level) => Input(FirstInput(level + 1) - 1, 0);

    protected override Place Middle(int part) => new($"middle_block.{(Spec.AttentionInTheMiddle == AttentionKind.None ? part / 2 : part)}");

    protected override Place UpBlock(int level, int block) => Output(level, block, 0);

    protected override Place UpAttention(int level, int block) => Output(level, block, 1);

    protected override Place Upsampler(int level) => Output(level, Spec.BlocksAt(level), Spec.AttentionAt(level) == AttentionKind.None ? 1 : 2);

    // The planner adds them in the order of the state_dict, the embeddings first.
    protected override IEnumerable<ModulePlan> InOrder(IReadOnlyList<(Place Place, ModulePlan Module)> modules) => modules.Select(module => module.Module);

    /// <summary>Before a level stand the first convolution, and of each level above its blocks and what downsamples.</summary>
    private int FirstInput(int level) => 1 + Enumerable.Range(0, level).Sum(above => Spec.BlocksAt(above) + 1);

    private static Place Input(int entry, int part) => new($"input_blocks.{entry}.{part}");

    private Place Output(int level, int block, int part) =>
        new($"output_blocks.{Enumerable.Range(level + 1, Spec.Levels - 1 - level).Sum(below => Spec.BlocksAt(below) + 1) + block}.{part}");
}
