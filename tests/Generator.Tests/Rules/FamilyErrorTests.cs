using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>What can be wrong with the keys of ddpm and adm.</summary>
public sealed class FamilyErrorTests
{
    [Fact]
    public void Blocks_for_too_few_levels() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2, 2]
        blocks_per_level: «[2, 3]»
        """,
        "UNG0026: blocks_per_level has two entries, but channel_multipliers has three levels; give one entry per level");

    [Fact]
    public void Blocks_that_are_no_number_or_none() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2, 2]
        blocks_per_level: [2, «two», «0»]
        """,
        "UNG0007: 'blocks_per_level[1]' must be a whole number from 1 to 64, not 'two'",
        "UNG0008: 'blocks_per_level[2]' must be a whole number from 1 to 64, not 0");

    [Fact]
    public void More_blocks_than_a_class_can_have_lines_for() => Errors.In(
        """
        preset: adm
        image_size: 256
        channels: 3
        dim: 64
        channel_multipliers: [1, 1, 2, 2, 4, 4]
        blocks_per_level: «64»
        attention: none
        """,
        "UNG0008: 384 residual blocks on the way down; at most 256 on all levels together");

    [Fact]
    public void Heads_that_dont_divide_a_level() => Errors.In(
        """
        preset: adm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 3]
        attention: { resolutions: [16], heads: «5» }
        """,
        "UNG0028: level 1 is 96 wide: not divisible by heads 5; use heads 3, 4, 6 or 8");

    [Fact]
    public void Default_heads_that_dont_divide_a_level() => Errors.In(
        """
        preset: adm
        image_size: 16
        channels: 3
        dim: «6»
        groups: 2
        channel_multipliers: [1, 3]
        """,
        "UNG0028: level 0 is 6 wide: not divisible by heads 4, the preset's default; use heads 1, 2, 3 or 6");

    [Fact]
    public void A_head_dim_that_doesnt_divide_the_middle() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 3]
        attention:
          levels: [none, none]
          head_dim: «64»
        """,
        "UNG0028: the middle is 96 wide: not divisible by head_dim 64; use head_dim 24, 32, 48 or 96");

    [Fact]
    public void Heads_and_head_dim_that_contradict() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        attention:
          heads: 4
          head_dim: «32»
        """,
        "UNG0028: 4 heads of 32 are 128 wide, but level 1 is 64 wide; give heads or head_dim, not both");

    [Fact]
    public void A_predicted_variance_that_the_diffusion_ignores() => Errors.In(
        """
        preset: adm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        learned_variance: true
        diffusion:
          objective: «v»
          variance: «fixed_small»
        """,
        "UNG0027: learned_variance goes with objective: noise or x0, for which its loss is defined (Nichol and Dhariwal 2021); "
        + "use one of them, or learned_variance: false",
        "UNG0027: learned_variance: true predicts the variance, and variance: fixed_small would ignore it; "
        + "use variance: learned_range, or learned_variance: false");

    [Fact]
    public void A_learned_range_that_nothing_predicts() => Errors.In(
        """
        preset: adm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        diffusion:
          variance: «learned_range»
        """,
        "UNG0027: variance: learned_range reads what the network predicts; use learned_variance: true, or variance: fixed_small");

    [Fact]
    public void Default_resolutions_of_an_image_that_isnt_square() => Errors.In(
        """
        preset: ddpm
        image_size: «[32, 64]»
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        """,
        "UNG0017: this preset attends at resolutions [16] of square images, and this one is 32 x 64; "
        + "give attention.levels, one of none, linear and full per level, or attention: none");

    [Fact]
    public void Concatenated_widths_are_sums_of_widths_that_groups_divide() => Errors.In(
        """
        preset: adm
        image_size: 32
        channels: 3
        dim: 24
        channel_multipliers: [«1», 2]
        """,
        "UNG0015: level 0 is 24 wide (dim 24 * 1): not divisible by groups 32, the preset's default; use groups 6, 8, 12 or 24, or dim 32");

    [Fact]
    public void Classes_that_are_no_number() => Errors.In(
        """
        preset: adm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        num_classes: «many»
        """,
        "UNG0007: 'num_classes' must be a whole number from 1 to 1000000, not 'many'");

    [Theory]
    [InlineData("Null")]
    [InlineData("None")]
    public void No_classes_as_another_language_says_it(string none) => Errors.In(
        $"""
        preset: adm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        num_classes: «{none}»
        blocks:
          resnet: «{none}»
        """,
        $"UNG0007: 'num_classes' must be a whole number from 1 to 1000000, or null, not '{none}'; did you mean 'null'?",
        $"UNG0007: 'blocks.resnet' must be a C# type, as My.Namespace.MyBlock, or null, not '{none}'; did you mean 'null'?");

    [Fact]
    public void Classes_half_typed() => Errors.In(
        """
        preset: adm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        num_classes:«»
        """,
        "UNG0007: 'num_classes' must be a whole number from 1 to 1000000, or null, not nothing");

    [Fact]
    public void A_block_that_is_no_type() => Errors.In(
        """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        blocks:
          resnet: «My.Blocks.Fast Block»
        """,
        "UNG0012: 'My.Blocks.Fast Block' is no C# type: 'Fast Block' is no identifier; "
        + "write identifiers with dots between them, as My.Blocks.MyBlock");

    [Fact]
    public void Keys_that_only_a_familys_own_blocks_have() => Errors.In(
        """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        blocks: { resnet: My.Block }
        «groups»: 8
        «dropout»: 0.1
        «activation»: gelu
        time_embedding: { «conditioning»: add }
        """,
        "UNG0018: 'groups' would have no effect: all residual blocks here are those of blocks.resnet; leave it out",
        "UNG0018: 'dropout' would have no effect: all residual blocks here are those of blocks.resnet; leave it out",
        "UNG0018: 'activation' would have no effect: all residual blocks here are those of blocks.resnet; leave it out",
        "UNG0018: 'time_embedding.conditioning' would have no effect: all residual blocks here are those of blocks.resnet; leave it out");

    [Fact]
    public void The_activation_where_only_the_networks_end_has_one() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        blocks: { resnet: My.Block }
        «activation»: gelu
        """,
        "UNG0018: 'activation' would have no effect: all residual blocks here are those of blocks.resnet; leave it out");
}
