using System.Text.RegularExpressions;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Who comes from another project and writes its names is told ours.</summary>
public sealed partial class ForeignKeyTests
{
    private const string Spec = """
        preset: adm
        image_size: 16
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]

        """;

    // diffusers' UNet2DModel and schedulers, denoising-diffusion-pytorch, guided-diffusion, EDM, Ho et al.'s in PyTorch.
    [Theory]
    [InlineData("sample_size", "image_size")]
    [InlineData("in_channels", "channels")]
    [InlineData("mults", "channel_multipliers")]
    [InlineData("layers_per_block", "blocks_per_level")]
    [InlineData("act_fn", "activation")]
    [InlineData("norm_num_groups", "groups")]
    [InlineData("cross_attention_dim", "context_dim")]
    [InlineData("transformer_layers_per_block", "layers' under 'attention")]
    [InlineData("use_linear_projection", "linear_projection' under 'attention")]
    [InlineData("downsample_type", "downsample")]
    [InlineData("upsample_type", "upsample")]
    [InlineData("num_class_embeds", "num_classes")]
    [InlineData("time_embedding_type", "type' under 'time_embedding")]
    [InlineData("freq_shift", "freq_shift' under 'time_embedding")]
    [InlineData("resnet_time_scale_shift", "conditioning' under 'time_embedding")]
    [InlineData("num_train_timesteps", "timesteps' under 'diffusion")]
    [InlineData("beta_schedule", "schedule' under 'diffusion")]
    [InlineData("linear_start", "beta_start' under 'diffusion")]
    [InlineData("linear_end", "beta_end' under 'diffusion")]
    [InlineData("prediction_type", "objective' under 'diffusion")]
    [InlineData("variance_type", "variance' under 'diffusion")]
    [InlineData("dim_mults", "channel_multipliers")]
    [InlineData("resnet_block_groups", "groups")]
    [InlineData("learned_variance_", "learned_variance")]
    [InlineData("sinusoidal_pos_emb_theta", "theta' under 'time_embedding")]
    [InlineData("attn_heads", "heads' under 'attention")]
    [InlineData("attn_dim_head", "head_dim' under 'attention")]
    [InlineData("num_mem_kv", "memory_tokens' under 'attention")]
    [InlineData("model_channels", "dim")]
    [InlineData("num_channels", "dim")]
    [InlineData("num_res_blocks", "blocks_per_level")]
    [InlineData("channel_mult", "channel_multipliers")]
    [InlineData("attention_resolutions", "resolutions' under 'attention")]
    [InlineData("num_heads", "heads' under 'attention")]
    [InlineData("num_head_channels", "head_dim' under 'attention")]
    [InlineData("use_new_attention_order", "new_order' under 'attention")]
    [InlineData("dropout_rate", "dropout")]
    [InlineData("learn_sigma", "learned_variance")]
    [InlineData("learned_sigma", "learned_variance")]
    [InlineData("class_cond", "num_classes")]
    [InlineData("diffusion_steps", "timesteps' under 'diffusion")]
    [InlineData("noise_schedule", "schedule' under 'diffusion")]
    [InlineData("img_resolution", "image_size")]
    [InlineData("img_channels", "channels")]
    [InlineData("label_dim", "num_classes")]
    [InlineData("num_blocks", "blocks_per_level")]
    [InlineData("attn_resolutions", "resolutions' under 'attention")]
    [InlineData("channels_per_head", "head_dim' under 'attention")]
    [InlineData("ch", "dim")]
    [InlineData("ch_mult", "channel_multipliers")]
    [InlineData("self_cond", "self_condition")]
    [InlineData("temb_ch", "time_emb_dim")]
    [InlineData("embedding_type", "type' under 'time_embedding")]
    [InlineData("filters", "dim")]
    [InlineData("first_conv_channels", "dim")]
    [InlineData("channel_multiplier", "channel_multipliers")]
    [InlineData("block_depth", "blocks_per_level")]
    [InlineData("norm_groups", "groups")]
    [InlineData("activation_fn", "activation")]
    [InlineData("embedding_dims", "time_emb_dim")]
    [InlineData("block_out_channels", "channel_multipliers")]
    public void A_key_with_a_counterpart(string foreign, string ours)
    {
        var spec = $"preset: adm\n{foreign}: 1\n";
        var message = GeneratorHarness
            .RunTwice(null, ("a.unet.yaml", spec)).Diagnostics.Single(diagnostic => diagnostic.Id == "UNG0004")
            .GetMessage();
        Assert.Equal($"unknown key '{foreign}'; did you mean '{ours}'?", message);
    }

    public static TheoryData<string> Foreign => [.. ForeignKeys.ByName.Keys];

    [Theory]
    [MemberData(nameof(Foreign))]
    public void A_key_without_a_counterpart_says_what_to_write_instead(string foreign)
    {
        var diagnostic = Assert.Single(GeneratorHarness.RunTwice(null, ("a.unet.yaml", $"{Spec}{foreign}: true")).Diagnostics);
        Assert.Equal($"UNG0004: unknown key '{foreign}'; {ForeignKeys.ByName[foreign].Advice}",
            $"{diagnostic.Id}: {diagnostic.GetMessage()}");
        Assert.Null(Fields.All.FirstOrDefault(field => field.AlsoKnownAs.Contains(foreign)));
        foreach (Match snippet in Snippet().Matches(ForeignKeys.ByName[foreign].Advice))
            GeneratorHarness.Run(Spec + snippet.Groups[1].Value);
    }

    [Theory]
    [InlineData("block_out_channels: [128, 256, 256]", "write `dim: 128` and `channel_multipliers: [1, 2, 2]`")]
    [InlineData("num_channels: [32, 64]", "write `dim: 32` and `channel_multipliers: [1, 2]`")]
    [InlineData("filters:\n- 64\n- 64", "write `dim: 64` and `channel_multipliers: [1, 1]`")]
    [InlineData("widths: [64, 96, 128]", "96 is no multiple of 64, but `dim: 32` and `channel_multipliers: [2, 3, 4]` have these widths, "
        + "with `init_dim: 64` the first convolution too; the embedding of the timesteps is narrower")]
    public void Widths_of_levels_are_written_as_dim_and_multiples_of_it(string line, string advice)
    {
        const string start = "preset: ddpm\nimage_size: 32\nchannels: 3\n";
        var diagnostic = Assert.Single(GeneratorHarness.RunTwice(null, ("a.unet.yaml", start + line)).Diagnostics);
        Assert.Equal($"UNG0004: unknown key '{line.Split(':')[0]}'; {advice}", $"{diagnostic.Id}: {diagnostic.GetMessage()}");
        GeneratorHarness.Run(start + string.Join('\n', Snippet().Matches(advice).Select(match => match.Groups[1].Value)));
    }

    [Theory]
    [InlineData("[33, 66]", "a level is dim times its multiplier wide: no even dim from 4 divides all of these")]
    [InlineData("[64, many]", "a level is dim times its multiplier wide: write 'dim', and each width as a multiple of it in "
        + "'channel_multipliers'")]
    public void Widths_that_no_dim_has_are_told_what_a_width_is(string widths, string advice)
    {
        var run = GeneratorHarness.RunTwice(null, ("a.unet.yaml", $"preset: ddpm\nimage_size: 32\nchannels: 3\nfilters: {widths}"));
        Assert.Equal($"unknown key 'filters'; {advice}", Assert.Single(run.Diagnostics).GetMessage());
    }

    [Theory]
    [InlineData("activation: swish", "silu")]
    [InlineData("norm: GroupNorm", "group")]
    [InlineData("norm: rms_norm", "rms")]
    [InlineData("downsample: resnet", "resblock")]
    [InlineData("downsample: pixel_unshuffle", "unshuffle")]
    [InlineData("upsample: nearest", "nearest_conv")]
    [InlineData("time_embedding: { type: positional }", "sinusoidal")]
    [InlineData("time_embedding: { conditioning: default }", "add")]
    [InlineData("diffusion: { schedule: squaredcos_cap_v2 }", "cosine")]
    [InlineData("diffusion: { schedule: quad }", "scaled_linear")]
    [InlineData("diffusion: { objective: epsilon }", "noise")]
    [InlineData("diffusion: { objective: v_prediction }", "v")]
    [InlineData("diffusion: { objective: sample }", "x0")]
    [InlineData("diffusion: { variance: fixedlarge }", "fixed_large")]
    [InlineData("diffusion: { variance: learned }", "learned_range")]
    [InlineData("diffusion: { variance: learned_sigma }", "learned_range")]
    [InlineData("diffusion: { variance: fixed }", "fixed_small")]
    [InlineData("diffusion: { schedule: cos }", "cosine")]
    [InlineData("diffusion: { loss_weight: min_snr_gamma }", "min_snr")]
    [InlineData("diffusion: { schedule_rescale: zero_snr }", "zero_terminal_snr")]
    [InlineData("time_embedding: { type: sin }", "sinusoidal")]
    [InlineData("time_embedding: { order: cos }", "cos_sin")]
    [InlineData("time_embedding: { conditioning: FiLM }", "scale_shift")]
    public void A_value_of_another_project(string line, string ours)
    {
        var diagnostic = Assert.Single(GeneratorHarness.RunTwice(null, ("a.unet.yaml", Spec + line)).Diagnostics);
        Assert.Equal("UNG0005", diagnostic.Id);
        Assert.EndsWith($"; did you mean '{ours}'?", diagnostic.GetMessage(), StringComparison.Ordinal);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Snippet();
}
