using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Attention that doesn't fit the levels.</summary>
public sealed class AttentionErrorTests
{
    [Fact]
    public void Fewer_entries_than_levels() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: «[linear]»
        """,
        "UNG0026: attention.levels has one entry, but channel_multipliers has two levels; give one entry a level");

    [Fact]
    public void More_entries_than_levels() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: «[linear, full, full]»
        """,
        "UNG0026: attention.levels has three entries, but channel_multipliers has two levels; give one entry a level");

    [Fact]
    public void Levels_and_resolutions_both() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: [linear, full]
          «resolutions»: [8]
        """,
        "UNG0017: levels and resolutions both say where attention stands; use one of them");

    [Fact]
    public void Resolutions_that_no_level_has() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          resolutions: [8, «4», «32»]
        """,
        "UNG0017: no level has size 4; the levels are at 16 and 8",
        "UNG0017: no level has size 32; the levels are at 16 and 8");

    [Fact]
    public void Resolutions_of_an_image_that_is_not_square() => Errors.In(
        """
        preset: annotated
        image_size: [16, 32]
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          «resolutions»: [8]
        """,
        "UNG0017: resolutions need a square image, this one is 16 x 32; use attention.levels");

    [Fact]
    public void Heads_too_wide_together() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          heads: «1000»
          head_dim: 32
        """,
        "UNG0017: 1000 heads of 32 are 32000 wide; at most 16384: use fewer or narrower heads");

    [Fact]
    public void Full_attention_by_default_over_too_many_positions() => Errors.In(
        """
        preset: lucidrains
        image_size: ««1024»»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0017: full attention at level 1 compares 262144 positions (512 x 512) with one another, which takes 275 GB a head and image; use linear attention there, or a smaller image",
        "UNG0017: full attention in the middle compares 262144 positions (512 x 512) with one another, which takes 275 GB a head and image; use mid: none, more levels or a smaller image");

    [Fact]
    public void Full_attention_over_too_many_positions_is_shown_at_its_level() => Errors.In(
        """
        preset: lucidrains
        image_size: 1024
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: [«full», none]
          mid: «full»
        """,
        "UNG0017: full attention at level 0 compares 1048576 positions (1024 x 1024) with one another, which takes 4398 GB a head and image; use linear attention there, or a smaller image",
        "UNG0017: full attention in the middle compares 262144 positions (512 x 512) with one another, which takes 275 GB a head and image; use mid: none, more levels or a smaller image");

    [Fact]
    public void A_resolution_with_too_many_positions() => Errors.In(
        """
        preset: annotated
        image_size: 512
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          resolutions: «[512]»
        """,
        "UNG0017: full attention at level 0 compares 262144 positions (512 x 512) with one another, which takes 275 GB a head and image; use linear attention there, or a smaller image");
}
