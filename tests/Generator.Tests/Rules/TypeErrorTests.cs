using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Values of the wrong type.</summary>
public sealed class TypeErrorTests
{
    [Fact]
    public void Quoted_numbers() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «'16'»
        channel_multipliers: [1, 2]
        dropout: «"0.1"»
        self_condition: «'true'»
        init_dim: «'sixteen'»
        """,
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not the text '16'; leave out the quotes",
        "UNG0007: 'dropout' must be a number from 0 to below 1, not the text '0.1'; leave out the quotes",
        "UNG0007: 'self_condition' must be true or false, not the text 'true'; leave out the quotes",
        "UNG0007: 'init_dim' must be a whole number from 1 to 16384, not the text 'sixteen'");

    [Fact]
    public void Values_of_other_types() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «[16]»
        channel_multipliers: [1, 2]
        groups: «four»
        init_dim: «16.5»
        dropout: «little»
        self_condition: «yes»
        """,
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not a list",
        "UNG0007: 'groups' must be a whole number from 1 to 16384, not 'four'",
        "UNG0007: 'init_dim' must be a whole number from 1 to 16384, not '16.5'",
        "UNG0007: 'dropout' must be a number from 0 to below 1, not 'little'",
        "UNG0007: 'self_condition' must be true or false, not 'yes'; did you mean 'true'?");

    [Fact]
    public void Truth_values_as_other_versions_of_YAML_spell_them() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        self_condition: «True»
        zero_init: «OFF»
        learned_variance: «2»
        """,
        "UNG0007: 'self_condition' must be true or false, not 'True'; did you mean 'true'?",
        "UNG0007: 'zero_init' must be true or false, not 'OFF'; did you mean 'false'?",
        "UNG0007: 'learned_variance' must be true or false, not '2'");

    [Fact]
    public void Nothing_where_a_value_belongs() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: «null»
        dim:«»
        channel_multipliers: [1, 2]
        name: «~»
        norm:«»
        """,
        "UNG0007: 'channels' must be a whole number from 1 to 4096, not nothing",
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not nothing",
        "UNG0007: 'name' must be a C# class name, not nothing",
        "UNG0007: 'norm' must be group or rms, not nothing");

    [Fact]
    public void Numbers_in_other_notations() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        groups: «0x4»
        init_dim: «1e2»
        time_emb_dim: «1_000»
        dropout: «0,1»
        """,
        "UNG0007: 'groups' must be a whole number from 1 to 16384, not '0x4'",
        "UNG0007: 'init_dim' must be a whole number from 1 to 16384, not '1e2'; did you mean '100'?",
        "UNG0007: 'time_emb_dim' must be a whole number from 1 to 65536, not '1_000'; did you mean '1000'?",
        "UNG0007: 'dropout' must be a number from 0 to below 1, not '0,1'; did you mean '0.1'?");

    [Fact]
    public void An_image_size_of_three() => Errors.In(
        """
        preset: annotated
        image_size: «[16, 16, 3]»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0007: 'image_size' must be a whole number from 1 to 4096, or [height, width], not a list of 3");

    [Fact]
    public void An_image_size_of_another_type() => Errors.In(
        """
        preset: annotated
        image_size: «{height: 16}»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0007: 'image_size' must be a whole number from 1 to 4096, or [height, width], not a mapping of keys");

    [Fact]
    public void No_levels() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: «[]»
        """,
        "UNG0007: 'channel_multipliers' must be a list of whole numbers from 1, one per level, not an empty list");

    [Fact]
    public void One_multiplier_without_list() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: «2»
        """,
        "UNG0007: 'channel_multipliers' must be a list of whole numbers from 1, one per level, not '2'; did you mean '[2]'?");

    [Fact]
    public void Multipliers_of_other_types() => Errors.In(
        """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 16
        channel_multipliers: [1, «two», «2.5», «'3'», «[4]», «null»]
        """,
        "UNG0007: 'channel_multipliers[1]' must be a whole number from 1, not 'two'",
        "UNG0007: 'channel_multipliers[2]' must be a whole number from 1, not '2.5'",
        "UNG0007: 'channel_multipliers[3]' must be a whole number from 1, not the text '3'; leave out the quotes",
        "UNG0007: 'channel_multipliers[4]' must be a whole number from 1, not a list",
        "UNG0007: 'channel_multipliers[5]' must be a whole number from 1, not nothing");
}
