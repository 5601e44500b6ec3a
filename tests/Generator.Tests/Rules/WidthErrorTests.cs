using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Widths, and the groups that must divide them.</summary>
public sealed class WidthErrorTests
{
    [Fact]
    public void A_dim_below_four() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «3»
        channel_multipliers: [1, 2]
        """,
        "UNG0014: dim 3: the base width must be even, from 4 to 16384; use 4");

    [Fact]
    public void A_negative_dim() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «-16»
        channel_multipliers: [1, 2]
        """,
        "UNG0014: dim -16: the base width must be even, from 4 to 16384; use 4");

    [Fact]
    public void An_odd_dim() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «15»
        channel_multipliers: [1, 2]
        """,
        "UNG0014: dim 15: the base width must be even, from 4 to 16384; use 12 or 16");

    [Fact]
    public void A_dim_too_large() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «16386»
        channel_multipliers: [1, 2]
        """,
        "UNG0014: dim 16386: the base width must be even, from 4 to 16384; use 8192");

    [Theory]
    [InlineData("ddpm", "7", "[1, 2]", "32")]
    [InlineData("ddpm", "45", "[1, 2]", "32 or 64")]
    [InlineData("ddpm", "16385", "[1, 3]", "5440")]
    [InlineData("annotated", "7", "[1, 2]\ngroups: 3", "6 or 12")]
    [InlineData("lucidrains", "7", "[1, 2]", "6 or 8")]
    public void A_dim_that_the_groups_divide_is_proposed_at_once(string preset, string dim, string multipliers, string use) => Errors.In(
        $"""
        preset: {preset}
        image_size: 16
        channels: 3
        dim: «{dim}»
        channel_multipliers: {multipliers}
        """,
        $"UNG0014: dim {dim}: the base width must be even, from 4 to 16384; use {use}");

    [Fact]
    public void Multipliers_of_zero_and_less() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, «0», «-2»]
        """,
        "UNG0014: level 1 would be dim * 0 wide; a multiplier is at least 1",
        "UNG0014: level 2 would be dim * -2 wide; a multiplier is at least 1");

    [Fact]
    public void A_level_too_wide() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, «2000»]
        """,
        "UNG0014: level 1 would be 32000 wide (dim 16 * 2000); at most 16384: use a multiplier of at most 1024");

    [Fact]
    public void A_level_so_wide_that_32_bits_overflow() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, «2147483647»]
        """,
        "UNG0014: level 1 would be 34359738352 wide (dim 16 * 2147483647); at most 16384: use a multiplier of at most 1024");

    [Fact]
    public void Groups_that_do_not_divide_dim() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 28
        channel_multipliers: [1, 3]
        groups: «8»
        """,
        "UNG0015: the first convolution is 28 wide (dim 28): not divisible by groups 8; use groups 4, 7, 14 or 28, or dim 32");

    [Fact]
    public void Groups_that_do_not_divide_a_level() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 28
        channel_multipliers: [2, 3]
        init_dim: 56
        groups: «8»
        """,
        "UNG0015: level 1 is 84 wide (dim 28 * 3): not divisible by groups 8; use groups 4, 7, 14 or 28, or dim 32");

    [Fact]
    public void Groups_that_do_not_divide_init_dim() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        init_dim: «18»
        """,
        "UNG0015: the first convolution is 18 wide (init_dim 18): not divisible by groups 4, the preset's default; "
        + "use groups 1 or 2, or init_dim 16 or 20");

    [Fact]
    public void Groups_by_default_that_divide_neither_init_dim_nor_a_level() => Errors.In(
        """
        preset: adm
        image_size: 16
        channels: 3
        dim: 36
        channel_multipliers: [«1», 2]
        init_dim: «33»
        """,
        "UNG0015: level 0 is 36 wide (dim 36 * 1): not divisible by groups 32, the preset's default; use groups 1 or 3, or dim 32",
        "UNG0015: the first convolution is 33 wide (init_dim 33): not divisible by groups 32, the preset's default; "
        + "use groups 1 or 3, or init_dim 32 or 64");

    [Fact]
    public void Groups_of_its_own_are_one_error_and_an_init_dim_below_them_has_one_neighbour() => Errors.In(
        """
        preset: adm
        image_size: 16
        channels: 3
        dim: 64
        channel_multipliers: [1, 2]
        init_dim: 24
        groups: «32»
        """,
        "UNG0015: the first convolution is 24 wide (init_dim 24): not divisible by groups 32; use groups 1, 2, 4 or 8, or init_dim 32");

    [Fact]
    public void Groups_by_default_that_do_not_divide_dim() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «18»
        channel_multipliers: [1, 2]
        """,
        "UNG0015: the first convolution is 18 wide (dim 18): not divisible by groups 4, the preset's default; "
        + "use groups 2, 3, 6 or 9, or dim 20");

    [Fact]
    public void Groups_by_default_of_lucidrains() => Errors.In(
        """
        preset: lucidrains
        norm: group
        image_size: 16
        channels: 3
        dim: «12»
        channel_multipliers: [1, 2]
        """,
        "UNG0015: the first convolution is 12 wide (dim 12): not divisible by groups 8, the preset's default; "
        + "use groups 3, 4, 6 or 12, or dim 16");

    [Fact]
    public void More_groups_than_channels() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        groups: «64»
        """,
        "UNG0015: the first convolution is 16 wide (dim 16): not divisible by groups 64; use groups 2, 4, 8 or 16, or dim 64");
}
