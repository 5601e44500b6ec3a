using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Keys that would change nothing.</summary>
public sealed class EffectErrorTests
{
    [Fact]
    public void Groups_where_nothing_is_grouped() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «groups»: 8
        «norm_eps»: 1e-6
        """,
        "UNG0018: 'groups' would have no effect: norm: rms has no groups; leave it out, or say norm: group",
        "UNG0018: 'norm_eps' would have no effect: there is no GroupNorm here; leave it out, or say norm: group");

    [Fact]
    public void Keys_of_another_time_embedding() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        time_embedding:
          type: fourier
          «theta»: 100
          «order»: sin_cos
          «freq_shift»: 0
        """,
        "UNG0018: 'time_embedding.theta' would have no effect: only type: sinusoidal has it; leave it out",
        "UNG0018: 'time_embedding.order' would have no effect: only type: sinusoidal has it; leave it out",
        "UNG0018: 'time_embedding.freq_shift' would have no effect: only type: sinusoidal has it; leave it out");

    [Fact]
    public void Keys_of_another_schedule_and_loss() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          schedule: cosine
          «schedule_scaling»: false
          «min_snr_gamma»: 5
        """,
        "UNG0018: 'diffusion.schedule_scaling' would have no effect: only schedule: linear is scaled; leave it out",
        "UNG0018: 'diffusion.min_snr_gamma' would have no effect: it belongs to loss_weight: min_snr; leave it out, or say that");

    [Fact]
    public void Resampling_with_one_level() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1]
        «downsample»: conv
        «upsample»: conv_transpose
        """,
        "UNG0018: 'downsample' would have no effect: one level halves nothing; leave it out",
        "UNG0018: 'upsample' would have no effect: one level halves nothing; leave it out");

    [Fact]
    public void Heads_without_attention() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: [none, none]
          mid: none
          «heads»: 2
          «head_dim»: 8
          «memory_tokens»: 2
        """,
        "UNG0018: 'attention.heads' would have no effect: there is no attention here; leave it out",
        "UNG0018: 'attention.head_dim' would have no effect: there is no attention here; leave it out",
        "UNG0018: 'attention.memory_tokens' would have no effect: there is no attention here; leave it out");
}
