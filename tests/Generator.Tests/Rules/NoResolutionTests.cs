using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>A preset that attends at sizes which no level has: a warning, so the class is whole.</summary>
public sealed class NoResolutionTests
{
    [Fact]
    public void No_level_has_the_size_at_which_ddpm_attends() => Errors.In(
        """
        preset: ddpm
        image_size: «28»
        channels: 1
        dim: 32
        channel_multipliers: [1, 2, 4]
        """,
        "UNG0029: preset ddpm attends at size 16, and the levels are at 28, 14 and 7: only the middle attends; "
        + "say where, as `attention: { resolutions: [14] }`, or that no level does, `attention: { levels: [none, none, none] }`");

    [Fact]
    public void No_level_has_either_size_at_which_adm_attends() => Errors.In(
        """
        preset: adm
        image_size: «[4, 4]»
        channels: 1
        dim: 32
        channel_multipliers: [1]
        attention:
          mid: none
        """,
        "UNG0029: preset adm attends at size 16 or 8, and the level is at 4: nothing attends; "
        + "say where, as `attention: { resolutions: [4] }`, or that no level does, `attention: { levels: [none] }`");

    [Fact]
    public void An_inherited_size_is_shown_where_it_is_inherited() => Errors.In(
        [
            ("a.unet.yaml", "preset: ddpm\nimage_size: 28\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]\nattention: none"),
            ("b.unet.yaml", "extends: «a.unet.yaml»\nattention:\n  mid: full"),
        ],
        "UNG0029: preset ddpm attends at size 16, and the levels are at 28 and 14: only the middle attends; "
        + "say where, as `attention: { resolutions: [14] }`, or that no level does, `attention: { levels: [none, none] }`; "
        + "'image_size: 28' is inherited from a.unet.yaml");

    [Theory]
    [InlineData("ddpm", 28, "{ resolutions: [14] }")]
    [InlineData("ddpm", 28, "{ levels: [none, none, none] }")]
    [InlineData("ddpm", 28, "none")]
    [InlineData("adm", 32, "{ mid: full }")] // 16 and 8
    [InlineData("adm", 64, "{ mid: full }")] // 16 alone
    [InlineData("adm", 8, "{ mid: none }")] // 8 alone
    [InlineData("lucidrains", 28, "{ mid: full }")] // attends level by level
    public void Whoever_says_where_it_attends_or_has_one_of_the_sizes_is_not_warned(string preset, int size, string attention) =>
        GeneratorHarness.Run(
            $"preset: {preset}\nimage_size: {size}\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 1, 1]\nattention: {attention}");

    [Fact]
    public void Levels_that_cannot_halve_the_image_are_the_one_thing_said() => Errors.In(
        """
        preset: ddpm
        image_size: «30»
        channels: 1
        dim: 32
        channel_multipliers: [1, 2, 4]
        """,
        "UNG0016: 30 / 2 = 15 cannot halve again: three levels need a multiple of 4; use 28 or 32, or two levels");

    [Fact]
    public void It_is_said_once_where_something_inherited_is_dropped() => Errors.In(
        [
            ("a.unet.yaml", "preset: ddpm\nimage_size: 32\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]\ngroups: 8"),
            ("b.unet.yaml", "extends: a.unet.yaml\nimage_size: «28»\nnorm: rms"),
        ],
        "UNG0029: preset ddpm attends at size 16, and the levels are at 28 and 14: only the middle attends; "
        + "say where, as `attention: { resolutions: [14] }`, or that no level does, `attention: { levels: [none, none] }`");
}
