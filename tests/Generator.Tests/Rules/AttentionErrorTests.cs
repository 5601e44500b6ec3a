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
        "UNG0026: attention.levels has one entry, but channel_multipliers has two levels; give one entry per level");

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
        "UNG0026: attention.levels has three entries, but channel_multipliers has two levels; give one entry per level");

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
    public void Scores_that_no_process_can_address() => Errors.In(
        """
        preset: annotated
        image_size: 4096
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: [«full», linear]
          mid: «full»
        """,
        "UNG0017: full attention at level 0 is over 16,777,216 tokens (4096 x 4096): "
        + "its scores take 1,126 TB per image and head, 4,504 TB for all 4 heads (float32), more than a process can address; "
        + "use linear attention there, or a smaller image",
        "UNG0017: full attention in the middle is over 4,194,304 tokens (2048 x 2048): "
        + "its scores take 70 TB per image and head, 281 TB for all 4 heads (float32), more than a process can address; "
        + "use mid: none, more levels or a smaller image");
}
