using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Noise schedules that can't be; and several errors at once.</summary>
public sealed class ScheduleErrorTests
{
    [Fact]
    public void Too_few_timesteps_for_a_scaled_linear_schedule() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          timesteps: «20»
        """,
        "UNG0020: the last beta would be 0.02 * 1000 / 20 = 1, and must be below 1; "
        + "use at least 21 timesteps, schedule_scaling: false or schedule: cosine");

    [Fact]
    public void All_that_is_wrong_is_reported_at_once() => Errors.In(
        """
        preset: annotated
        image_size: «15»
        channels: 3
        dim: «18»
        channel_multipliers: [1, 2]
        attention:
          levels: «[linear]»
        diffusion:
          timesteps: «7»
        """,
        "UNG0016: 15 cannot halve even once: two levels need a multiple of 2; use 14 or 16, or one level",
        "UNG0015: the first convolution is 18 wide (dim 18): not divisible by groups 4, the preset's default; "
        + "use groups 2, 3, 6 or 9, or dim 20",
        "UNG0026: attention.levels has one entry, but channel_multipliers has two levels; give one entry per level",
        "UNG0020: the last beta would be 0.02 * 1000 / 7 = 2.857, and must be below 1; "
        + "use at least 21 timesteps, schedule_scaling: false or schedule: cosine");
}
