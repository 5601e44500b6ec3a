using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Noise schedules that can't be, or of which a network couldn't learn; and several errors at once.</summary>
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
    public void Too_few_timesteps_for_the_last_beta_of_its_own() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          timesteps: «12»
          beta_end: 0.012
        """,
        "UNG0020: the last beta would be 0.012 * 1000 / 12 = 1, and must be below 1; "
        + "use at least 13 timesteps, schedule_scaling: false or schedule: cosine");

    [Fact]
    public void A_last_beta_that_float32_makes_1() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          timesteps: «20»
          beta_end: 0.0199999999999
        """,
        "UNG0020: the last beta would be 0.0199999999999 * 1000 / 20 = 1, and must be below 1; "
        + "use at least 21 timesteps, schedule_scaling: false or schedule: cosine");

    [Theory]
    [InlineData(10, 0.3, "30", "a lower beta_end, schedule_scaling: false or schedule: cosine")]
    [InlineData(800, 0.9, "1.125", "a lower beta_end or schedule: cosine")]
    public void Nothing_is_proposed_that_would_leave_no_signal(int timesteps, double end, string last, string ways) => Errors.In(
        $"""
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          timesteps: «{timesteps}»
          beta_end: {SpecWords.Number(end)}
        """,
        $"UNG0020: the last beta would be {SpecWords.Number(end)} * 1000 / {timesteps} = {last}, and must be below 1; use {ways}");

    [Theory]
    [InlineData("beta_start: «0.5»", "0.5", "0.02")]
    [InlineData("beta_end: «1e-5»", "0.0001", "1e-5")]
    [InlineData("schedule: scaled_linear\n  beta_start: «0.03»\n  beta_end: 0.012", "0.03", "0.012")]
    public void Betas_that_would_fall(string lines, string start, string end) => Errors.In(
        $"""
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          {lines}
        """,
        $"UNG0020: betas would fall from beta_start {start} to beta_end {end}; use beta_start: {end} or less, "
        + $"or beta_end: {start} or more");

    [Theory]
    [InlineData("beta_end: «0.5»", "0.0001", "0.5", 561, 1000, "beta_end or beta_start")]
    [InlineData("schedule: scaled_linear\n  beta_end: «0.9»", "0.0001", "0.9", 629, 1000, "beta_end, beta_start or timesteps")]
    [InlineData("timesteps: «10000»\n  schedule_scaling: false", "0.0001", "0.02", 9289, 10000, "beta_end, beta_start or timesteps")]
    public void Betas_that_leave_less_of_the_image_than_float32_holds(
        string lines, string start, string end, int lost, int timesteps, string lower) => Errors.In(
        $"""
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          {lines}
        """,
        $"UNG0020: betas from {start} to {end} leave of the image less than 1.17549435e-38, the least that float32 holds, from timestep "
        + $"{lost} of {timesteps} on; lower {lower}");

    [Fact]
    public void Betas_of_a_curve() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          schedule: sigmoid
          «beta_start»: 0.00085
        """,
        "UNG0018: 'diffusion.beta_start' would have no effect: only schedule: linear and scaled_linear run from one beta to another; "
        + "leave it out");

    [Fact]
    public void A_last_timestep_of_noise_alone_for_a_network_that_predicts_noise() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          schedule_rescale: «zero_terminal_snr»
        """,
        "UNG0031: at the last timestep there would be nothing but noise, and with objective: noise the network would say nothing of the "
        + "image there; use objective: v or x0, or schedule_rescale: none");

    [Theory]
    [InlineData("none")]
    [InlineData("min_snr")]
    public void A_last_timestep_that_counts_nothing(string weight) => Errors.In(
        $"""
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          objective: v
          schedule_rescale: zero_terminal_snr
          loss_weight: «{weight}»
        """,
        $"UNG0031: loss_weight: {weight} weighs the last timestep by its signal, which is 0, so that it would never be trained, and every "
        + "picture starts there; use loss_weight: plain, or schedule_rescale: none");

    [Fact]
    public void A_first_timestep_that_is_the_last() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          timesteps: 1
          schedule: cosine
          objective: v
          schedule_rescale: «zero_terminal_snr»
        """,
        "UNG0020: schedule_rescale: zero_terminal_snr keeps the first timestep as it is and leaves nothing of the image at the last one; "
        + "use at least 2 timesteps, or schedule_rescale: none");

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
