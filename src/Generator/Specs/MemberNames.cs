using System.Collections.Immutable;

namespace UNetGen.Generator.Specs;

/// <summary>
/// The names of generated classes' own members, which the class itself can't have. Planners and emitter choose them; a test holds this list
/// against the classes that they write.
/// </summary>
internal static class MemberNames
{
    private static readonly ImmutableHashSet<string> Fixed = ImmutableHashSet.Create(
        // of every class
        "ParameterCount", "ForwardFlops", "Channels", "ConditionChannels", "OutChannels", "ImageHeight", "ImageWidth", "DownsampleFactor",
        "ContextDim", "SpecHash", "forward", "Info", "Diffusion", "Description", "DiffusionOfSpec", "StateDictTable", "BlockOptions",
        "NewResnetBlock", "OnConstructed", "OnForwarding", "OnForwarded",
        // of annotated and lucidrains
        "init_conv", "time_mlp", "label_emb", "mid_block1", "mid_attn", "mid_block2", "final_res_block", "final_conv",
        // of ddpm
        "conv_in", "time_embedding", "class_embedding", "mid_block", "Mid", "conv_norm_out", "conv_out",
        // of adm
        "time_embed", "out_0", "out_2");

    /// <summary>Members and variables of which there is one for each level or block: numbers follow.</summary>
    private static readonly ImmutableArray<string> Numbered = ImmutableArray.Create(
        "downs_", "ups_", "Down", "Up", "down_blocks_", "up_blocks_", "input_blocks_", "middle_block_", "output_blocks_",
        "skip");

    public static bool Contains(string name) => Fixed.Contains(name) || Numbered.Any(prefix =>
        name.Length > prefix.Length
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && name.Skip(prefix.Length).All(c => char.IsDigit(c) || c == '_'));
}
