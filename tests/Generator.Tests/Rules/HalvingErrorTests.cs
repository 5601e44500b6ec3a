using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Sizes that the levels can't halve.</summary>
public sealed class HalvingErrorTests
{
    [Fact]
    public void Four_levels_of_28() => Errors.In(
        """
        preset: annotated
        image_size: «28»
        channels: 1
        dim: 16
        channel_multipliers: [1, 2, 4, 8]
        """,
        "UNG0016: 28 / 2 / 2 = 7 cannot halve again: four levels need a multiple of 8; use 24 or 32, or three levels");

    [Fact]
    public void An_odd_size() => Errors.In(
        """
        preset: annotated
        image_size: «27»
        channels: 1
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0016: 27 cannot halve even once: two levels need a multiple of 2; use 26 or 28, or one level");

    [Fact]
    public void A_size_smaller_than_the_factor() => Errors.In(
        """
        preset: annotated
        image_size: «4»
        channels: 1
        dim: 16
        channel_multipliers: [1, 2, 4, 8]
        """,
        "UNG0016: 4 / 2 / 2 = 1 cannot halve again: four levels need a multiple of 8; use 8, or three levels");

    [Fact]
    public void The_height_alone() => Errors.In(
        """
        preset: annotated
        image_size: [«28», 32]
        channels: 1
        dim: 16
        channel_multipliers: [1, 2, 4, 8]
        """,
        "UNG0016: height 28 / 2 / 2 = 7 cannot halve again: four levels need a multiple of 8; use 24 or 32, or three levels");

    [Fact]
    public void Height_and_width_each_with_its_own_advice() => Errors.In(
        """
        preset: annotated
        image_size: [«28», «27»]
        channels: 1
        dim: 16
        channel_multipliers: [1, 2, 4, 8]
        """,
        "UNG0016: height 28 / 2 / 2 = 7 cannot halve again: four levels need a multiple of 8; use 24 or 32, or three levels",
        "UNG0016: width 27 cannot halve even once: four levels need a multiple of 8; use 24 or 32, or one level");

    [Fact]
    public void More_levels_than_any_image_has() => Errors.In(
        """
        preset: annotated
        image_size: 4096
        channels: 1
        dim: 16
        channel_multipliers: «[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]»
        """,
        "UNG0016: 14 levels; no image can be halved so often: use at most 13");

    [Fact]
    public void As_many_levels_as_the_largest_image_has() => Errors.In(
        """
        preset: annotated
        image_size: «2048»
        channels: 1
        dim: 16
        channel_multipliers: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        """,
        "UNG0016: 2048 / 2 / 2 / 2 / 2 / 2 / 2 / 2 / 2 / 2 / 2 / 2 = 1 cannot halve again: 13 levels need a multiple of 4096; "
        + "use 4096, or twelve levels");
}
