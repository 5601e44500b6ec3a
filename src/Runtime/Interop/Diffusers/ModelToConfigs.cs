using System.Text.Json.Nodes;
using UNetGen.Blocks;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// Writes the configuration files of diffusers, every setting spelled out, since its defaults are others than ddpm's and have changed.
/// </summary>
internal static class ModelToConfigs
{
    /// <summary>Whose settings these are.</summary>
    private const string Version = "0.40.0";

    /// <summary>
    /// model_index.json: the parts of a DDPMPipeline, which steps with any scheduler that takes images as they are; null for EDM, whose
    /// scheduler is to scale what the network is given, and which no pipeline of a UNet2DModel asks for that.
    /// </summary>
    public static JsonObject? Pipeline(DiffusionType type) => type == DiffusionType.Edm ? null : new()
    {
        ["_class_name"] = "DDPMPipeline",
        ["_diffusers_version"] = Version,
        ["scheduler"] = new JsonArray("diffusers", type == DiffusionType.Flow ? SchedulerWords.FlowEuler : SchedulerWords.Ddpm),
        ["unet"] = new JsonArray("diffusers", "UNet2DModel"),
    };

    /// <summary>config.json of a UNet2DModel or a UNet2DConditionModel.</summary>
    public static JsonObject UNet(DiffusersModel model)
    {
        if (model.Transformers is { } transformers)
            return ConditionModelToConfig.UNet(model, transformers, Version);
        var last = model.Widths.Count - 1;
        var (downInBlock, upInBlock) = (model.Downsample == "resblock", model.Upsample == "resblock");
        var scaleShift = model.Conditioning == TimeConditioning.ScaleShift;
        return new()
        {
            ["_class_name"] = "UNet2DModel",
            ["_diffusers_version"] = Version,
            ["sample_size"] = model.Height == model.Width ? model.Height : List([model.Height, model.Width]),
            ["in_channels"] = model.Channels,
            ["out_channels"] = model.LearnedVariance ? 2 * model.Channels : model.Channels,
            ["center_input_sample"] = false,
            ["time_embedding_type"] = "positional",
            // A setting of 2025: older versions know the default alone.
            ["time_embedding_dim"] = model.TimeEmbDim == 4 * model.Widths[0] ? null : model.TimeEmbDim,
            ["freq_shift"] = model.FreqShift,
            ["flip_sin_to_cos"] = model.Order == SinusoidOrder.CosSin,
            ["down_block_types"] = List(
                model.Attention.Select(
                    (attends, level) =>
                        attends ? "AttnDownBlock2D" : downInBlock && level < last ? "ResnetDownsampleBlock2D" : "DownBlock2D")),
            ["mid_block_type"] = "UNetMidBlock2D",
            ["up_block_types"] = List(
                model.Attention.Select(
                    (attends, level) =>
                        attends ? "AttnUpBlock2D" : upInBlock && level > 0 ? "ResnetUpsampleBlock2D" : "UpBlock2D").Reverse()),
            ["block_out_channels"] = List(model.Widths),
            ["layers_per_block"] = model.BlocksPerLevel,
            ["mid_block_scale_factor"] = 1,
            ["downsample_padding"] = model.Downsample == "conv_asymmetric" ? 0 : 1,
            ["downsample_type"] = downInBlock ? "resnet" : "conv",
            ["upsample_type"] = upInBlock ? "resnet" : "conv",
            ["dropout"] = model.Dropout,
            ["act_fn"] = SpecWords.SnakeCase(model.Activation.ToString()),
            ["attention_head_dim"] = model.HeadDim,
            ["norm_num_groups"] = model.Groups,
            // With scale_shift the middle's attention has no norm unless it is asked for.
            ["attn_norm_num_groups"] = scaleShift && model.AttentionInTheMiddle ? model.Groups : null,
            ["norm_eps"] = model.NormEps,
            ["resnet_time_scale_shift"] = scaleShift ? "scale_shift" : "default",
            ["add_attention"] = model.AttentionInTheMiddle,
            ["class_embed_type"] = null,
            ["num_class_embeds"] = model.NumClasses,
            ["num_train_timesteps"] = null,
        };
    }

    /// <summary>scheduler_config.json; how it samples is as the samplers here do it.</summary>
    public static JsonObject Scheduler(DiffusionOptions diffusion) => diffusion.Type switch
    {
        DiffusionType.Flow => OfFlow(diffusion),
        DiffusionType.Edm => OfEdm(diffusion),
        _ => OfDdpm(diffusion),
    };

    private static JsonObject OfFlow(DiffusionOptions diffusion) => new()
    {
        ["_class_name"] = SchedulerWords.FlowEuler,
        ["_diffusers_version"] = Version,
        ["num_train_timesteps"] = (int)FlowLevels.TimestepsOfOne,
        ["shift"] = diffusion.Shift,
        ["use_dynamic_shifting"] = false,
        ["base_shift"] = 0.5,
        ["max_shift"] = 1.15,
        ["base_image_seq_len"] = 256,
        ["max_image_seq_len"] = 4096,
        ["invert_sigmas"] = false,
        ["shift_terminal"] = null,
        ["use_karras_sigmas"] = false,
        ["use_exponential_sigmas"] = false,
        ["use_beta_sigmas"] = false,
        ["time_shift_type"] = "exponential",
        ["stochastic_sampling"] = false,
    };

    private static JsonObject OfEdm(DiffusionOptions diffusion) => new()
    {
        ["_class_name"] = SchedulerWords.EdmEuler,
        ["_diffusers_version"] = Version,
        ["sigma_min"] = diffusion.SigmaMin,
        ["sigma_max"] = diffusion.SigmaMax,
        ["sigma_data"] = diffusion.SigmaData,
        ["sigma_schedule"] = "karras",
        ["num_train_timesteps"] = 1000,
        ["prediction_type"] = "epsilon",
        ["rho"] = 7.0,
        ["final_sigmas_type"] = "zero",
    };

    private static JsonObject OfDdpm(DiffusionOptions diffusion)
    {
        var scale = diffusion is { Schedule: BetaSchedule.Linear, ScheduleScaling: true } ? 1000.0 / diffusion.Timesteps : 1;
        var rescales = diffusion.ScheduleRescale == ScheduleRescale.ZeroTerminalSnr;
        return new()
        {
            ["_class_name"] = SchedulerWords.Ddpm,
            ["_diffusers_version"] = Version,
            ["num_train_timesteps"] = diffusion.Timesteps,
            ["beta_start"] = diffusion.BetaStart * scale,
            ["beta_end"] = diffusion.BetaEnd * scale,
            ["beta_schedule"] = SchedulerWords.Schedules[diffusion.Schedule],
            ["trained_betas"] = null,
            ["variance_type"] = SchedulerWords.Variances[diffusion.Variance],
            ["clip_sample"] = diffusion.ClipSample,
            ["prediction_type"] = SchedulerWords.Objectives[diffusion.Objective],
            ["thresholding"] = false,
            ["dynamic_thresholding_ratio"] = 0.995,
            ["clip_sample_range"] = 1.0,
            ["sample_max_value"] = 1.0,
            // Only so are pictures begun at the last timestep, for which such a schedule is made.
            ["timestep_spacing"] = rescales ? "trailing" : "leading",
            ["steps_offset"] = 0,
            ["rescale_betas_zero_snr"] = rescales,
        };
    }

    private static JsonArray List(IEnumerable<int> items) => new([.. items.Select(item => JsonValue.Create(item))]);

    private static JsonArray List(IEnumerable<string> items) => new([.. items.Select(item => JsonValue.Create(item))]);
}
