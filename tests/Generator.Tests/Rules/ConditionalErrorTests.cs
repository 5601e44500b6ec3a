using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>What makes no sense with transformers, or without them.</summary>
public sealed class ConditionalErrorTests
{
    [Fact]
    public void Attention_of_other_families() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2, 2]
        attention:
          levels: [«full», «linear», cross]
          mid: «full»
        """,
        "UNG0018: 'attention.levels[0]: full' is for the other presets: in this one pixels attend to one another and to the context, or not "
            + "at all; here it must be none or cross",
        "UNG0018: 'attention.levels[1]: linear' is for the other presets: in this one pixels attend to one another and to the context, or "
            + "not at all; here it must be none or cross",
        "UNG0018: 'attention.mid: full' is for the other presets: in this one pixels attend to one another and to the context, or not at "
            + "all; here it must be none or cross");

    [Fact]
    public void Transformers_in_other_families() => Errors.In(
        """
        preset: ddpm
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        «context_dim»: 768
        attention:
          levels: [none, «cross»]
          «layers»: 2
          «linear_projection»: true
        """,
        "UNG0018: 'context_dim' would have no effect: only attention cross has it, in preset conditional; leave it out",
        "UNG0018: 'attention.levels[1]: cross' is for preset conditional; here it must be none, linear or full",
        "UNG0018: 'attention.layers' would have no effect: only attention cross has it, in preset conditional; leave it out",
        "UNG0018: 'attention.linear_projection' would have no effect: only attention cross has it, in preset conditional; leave it out");

    [Fact]
    public void Keys_that_transformers_have_no_use_for() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        norm: «rms»
        attention:
          «resolutions»: [16]
          «memory_tokens»: 4
        """,
        "UNG0018: 'norm' is fixed by the preset conditional; here it must be group",
        "UNG0018: 'attention.resolutions' would have no effect: preset conditional attends where levels say, as `attention: { levels: "
            + "[cross, none] }`; leave it out",
        "UNG0018: 'attention.memory_tokens' would have no effect: transformers have no memory tokens; leave it out");

    [Fact]
    public void A_context_that_nothing_attends_to() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        attention: none
        «context_dim»: 768
        """,
        "UNG0018: 'context_dim' would have no effect: only attention cross has it, in preset conditional; leave it out");

    [Fact]
    public void Layers_of_another_number_of_levels() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        attention: { layers: «[1, 2, 10]» }
        """,
        "UNG0026: attention.layers has three entries, but channel_multipliers has two levels; give one entry per level");

    [Fact]
    public void Layers_of_levels_without_a_transformer() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2, 2]
        attention: { levels: [none, cross, none], mid: none, layers: [«2», 3, «4»] }
        """,
        "UNG0018: layers 2 at level 0 would have no effect: there is no transformer; say 1",
        "UNG0018: layers 4 at level 2 would have no effect: there is no transformer; say 1");

    [Theory]
    [InlineData("levels: [none, cross, none], layers: [1, 3, 4]")]
    [InlineData("levels: [none, cross, none], layers: 2")]
    public void Layers_of_the_middle_are_the_last_level_s_and_one_number_is_for_all_there_are(string attention) => Errors.In(
        $$"""
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2, 2]
        attention: { {{attention}} }
        """);

    [Fact]
    public void More_layers_than_there_may_be() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        blocks_per_level: 8
        attention: { layers: «32» }
        """,
        "UNG0008: the transformers have 576 layers together; at most 512: use fewer");

    [Fact]
    public void Heads_that_do_not_divide_the_middle_s_width() => Errors.In(
        """
        preset: conditional
        image_size: 16
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        attention: { levels: [none, none], heads: «3» }
        """,
        "UNG0028: the middle is 64 wide: not divisible by heads 3; use heads 1, 2, 4 or 8");
}
