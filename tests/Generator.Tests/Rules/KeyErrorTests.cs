using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Keys that the language doesn't have, has elsewhere, or misses.</summary>
public sealed class KeyErrorTests
{
    [Fact]
    public void A_misspelt_key_is_not_missing_as_well() => Errors.In(
        """
        preset: annotated
        «imagesize»: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0004: unknown key 'imagesize'; did you mean 'image_size'?");

    [Fact]
    public void A_key_in_capitals() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        «DIM»: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0004: unknown key 'DIM'; did you mean 'dim'?");

    [Fact]
    public void A_key_with_hyphens() => Errors.In(
        """
        preset: annotated
        «Image-Size»: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0004: unknown key 'Image-Size'; did you mean 'image_size'?");

    [Fact]
    public void The_references_dim_mults() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        «dim_mults»: [1, 2]
        """,
        "UNG0004: unknown key 'dim_mults'; did you mean 'channel_multipliers'?");

    [Fact]
    public void Names_of_other_projects() => Errors.In(
        """
        preset: annotated
        «sample_size»: 16
        «in_channels»: 3
        «model_channels»: 16
        «block_out_channels»: [16, 32]
        «resnet_block_groups»: 4
        «act_fn»: silu
        """,
        "UNG0004: unknown key 'sample_size'; did you mean 'image_size'?",
        "UNG0004: unknown key 'in_channels'; did you mean 'channels'?",
        "UNG0004: unknown key 'model_channels'; did you mean 'dim'?",
        "UNG0004: unknown key 'block_out_channels'; write `dim: 16` and `channel_multipliers: [1, 2]`",
        "UNG0004: unknown key 'resnet_block_groups'; did you mean 'groups'?",
        "UNG0004: unknown key 'act_fn'; did you mean 'activation'?");

    [Fact]
    public void Names_of_other_projects_in_groups() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «num_heads»: 4
        «beta_schedule»: linear
        «num_mem_kv»: 2
        """,
        "UNG0004: unknown key 'num_heads'; did you mean 'heads' under 'attention'?",
        "UNG0004: unknown key 'beta_schedule'; did you mean 'schedule' under 'diffusion'?",
        "UNG0004: unknown key 'num_mem_kv'; did you mean 'memory_tokens' under 'attention'?");

    [Fact]
    public void A_key_at_the_wrong_level() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «heads»: 4
        «timesteps»: 100
        """,
        "UNG0004: unknown key 'heads'; did you mean 'heads' under 'attention'?",
        "UNG0004: unknown key 'timesteps'; did you mean 'timesteps' under 'diffusion'?");

    [Fact]
    public void A_top_key_in_a_group() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          «dim»: 4
          «timesteps»: 3
        """,
        "UNG0004: unknown key 'dim' in 'attention'; did you mean 'dim' at the top level, outside 'attention'?",
        "UNG0004: unknown key 'timesteps' in 'attention'; did you mean 'timesteps' under 'diffusion'?");

    [Fact]
    public void A_misspelt_key_in_a_group() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          «objectiv»: v
          «shedule»: cosine
        """,
        "UNG0004: unknown key 'objectiv' in 'diffusion'; did you mean 'objective'?",
        "UNG0004: unknown key 'shedule' in 'diffusion'; did you mean 'schedule'?");

    [Fact]
    public void A_misspelt_group() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «diffussion»:
          objective: v
        """,
        "UNG0004: unknown key 'diffussion'; did you mean 'diffusion'?");

    [Fact]
    public void A_key_like_no_other() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «colours»: 3
        """,
        "UNG0004: unknown key 'colours'; the keys here are name, namespace, preset, image_size, channels, condition_channels, "
        + "out_channels, dim, channel_multipliers, "
        + "time_emb_dim, init_dim, init_kernel, blocks_per_level, norm, groups, norm_eps, weight_standardization, activation, dropout, "
        + "time_embedding, attention, downsample, upsample, self_condition, zero_init, learned_variance, num_classes, context_dim, blocks, "
        + "kernels, "
        + "extends and diffusion");

    [Fact]
    public void A_key_like_no_other_in_a_group() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        time_embedding:
          «colour»: red
        """,
        "UNG0004: unknown key 'colour' in 'time_embedding'; the keys here are type, theta, order, freq_shift and conditioning");

    [Fact]
    public void Keys_missing() => Errors.In(
        """
        «««preset»»»: annotated
        dim: 16
        """,
        "UNG0006: 'image_size' is missing: height and width of the images, pixels; "
        + "it must be a whole number from 1 to 4096, or [height, width]",
        "UNG0006: 'channels' is missing: image channels, in and out; it must be a whole number from 1 to 4096",
        "UNG0006: 'channel_multipliers' is missing: one entry per level; the level's width is dim times the entry; "
        + "it must be a list of whole numbers from 1, one per level");

    [Fact]
    public void The_preset_missing() => Errors.In(
        """
        «image_size»: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0006: 'preset' is missing: the family, and with it every default; it must be annotated, lucidrains, ddpm, adm or conditional");

    [Fact]
    public void Every_required_key_missing() => Errors.In(
        """
        «««««groups»»»»»: 4
        """,
        "UNG0006: 'preset' is missing: the family, and with it every default; it must be annotated, lucidrains, ddpm, adm or conditional",
        "UNG0006: 'image_size' is missing: height and width of the images, pixels; "
        + "it must be a whole number from 1 to 4096, or [height, width]",
        "UNG0006: 'channels' is missing: image channels, in and out; it must be a whole number from 1 to 4096",
        "UNG0006: 'dim' is missing: the base width; it must be an even whole number from 4 to 16384",
        "UNG0006: 'channel_multipliers' is missing: one entry per level; the level's width is dim times the entry; "
        + "it must be a list of whole numbers from 1, one per level");

    [Fact]
    public void A_group_that_is_a_word() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention: «linear»
        time_embedding: «fourier»
        diffusion: «cosine»
        blocks: «mine»
        """,
        "UNG0007: 'attention' must be none or a mapping of levels, resolutions, mid, heads, head_dim, memory_tokens, new_order, layers "
            + "and linear_projection, not 'linear'; "
        + "say it of each level, of two as `attention: { levels: [linear, none] }`",
        "UNG0007: 'time_embedding' must be a mapping of type, theta, order, freq_shift and conditioning, not 'fourier'; "
        + "write `time_embedding: { type: fourier }`",
        "UNG0007: 'diffusion' must be a mapping of type, timesteps, schedule, schedule_scaling, beta_start, beta_end, schedule_rescale, objective, "
        + "loss_weight, min_snr_gamma, variance, clip_sample, timestep_sampling, logit_mean, logit_std, mode_scale, shift, "
        + "weighting_scheme, p_mean, p_std, sigma_data, sigma_min and sigma_max, not 'cosine'; write `diffusion: { schedule: cosine }`",
        "UNG0007: 'blocks' must be a mapping of resnet, not 'mine'; write `blocks: { resnet: mine }`");

    [Fact]
    public void A_group_with_all_its_keys_commented_out() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:«»
          # objective: v
        """,
        "UNG0007: 'diffusion' must be a mapping of type, timesteps, schedule, schedule_scaling, beta_start, beta_end, schedule_rescale, objective, "
        + "loss_weight, min_snr_gamma, variance, clip_sample, timestep_sampling, logit_mean, logit_std, mode_scale, shift, "
        + "weighting_scheme, p_mean, p_std, sigma_data, sigma_min and sigma_max, not nothing");

    [Fact]
    public void A_key_that_the_preset_fixes() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        blocks_per_level: «3»
        """,
        "UNG0018: 'blocks_per_level' is fixed by the presets annotated and lucidrains; here it must be 2");
}
