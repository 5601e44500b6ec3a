using System.Text.Json.Nodes;
using UNetGen.Blocks;

namespace UNetGen.Interop.Diffusers;

/// <summary>Writes config.json of a UNet2DConditionModel, every setting spelled out.</summary>
internal static class ConditionModelToConfig
{
    public static JsonObject UNet(DiffusersModel model, TransformerModel transformers, string version)
    {
        var heads = transformers.HeadsOf(model.Widths).ToArray();
        return new()
        {
            ["_class_name"] = DiffusersModel.ConditionalClass,
            ["_diffusers_version"] = version,
            ["sample_size"] = model.Height == model.Width ? model.Height : List([model.Height, model.Width]),
            ["in_channels"] = model.Channels + transformers.ConditionChannels,
            ["out_channels"] = model.LearnedVariance ? 2 * model.Channels : model.Channels,
            ["center_input_sample"] = false,
            ["flip_sin_to_cos"] = model.Order == SinusoidOrder.CosSin,
            ["freq_shift"] = model.FreqShift,
            ["down_block_types"] = List(model.Attention.Select(attends => attends ? "CrossAttnDownBlock2D" : "DownBlock2D")),
            ["mid_block_type"] = "UNetMidBlock2DCrossAttn",
            ["up_block_types"] = List(model.Attention.Reverse().Select(attends => attends ? "CrossAttnUpBlock2D" : "UpBlock2D")),
            ["only_cross_attention"] = false,
            ["block_out_channels"] = List(model.Widths),
            ["layers_per_block"] = model.BlocksPerLevel,
            ["downsample_padding"] = model.Downsample == "conv_asymmetric" ? 0 : 1,
            ["mid_block_scale_factor"] = 1,
            ["dropout"] = model.Dropout,
            ["act_fn"] = "silu",
            ["norm_num_groups"] = model.Groups,
            ["norm_eps"] = model.NormEps,
            ["cross_attention_dim"] = transformers.ContextDim,
            ["transformer_layers_per_block"] = OneOrList(transformers.Layers),
            ["reverse_transformer_layers_per_block"] = null,
            ["encoder_hid_dim"] = null,
            ["encoder_hid_dim_type"] = null,
            // The number of heads, whatever it is called.
            ["attention_head_dim"] = OneOrList(heads),
            ["num_attention_heads"] = null,
            ["dual_cross_attention"] = false,
            ["use_linear_projection"] = transformers.LinearProjection,
            ["class_embed_type"] = null,
            ["addition_embed_type"] = null,
            ["addition_time_embed_dim"] = null,
            ["num_class_embeds"] = model.NumClasses,
            ["upcast_attention"] = false,
            ["resnet_time_scale_shift"] = model.Conditioning == TimeConditioning.ScaleShift ? "scale_shift" : "default",
            ["resnet_skip_time_act"] = false,
            ["resnet_out_scale_factor"] = 1.0,
            ["time_embedding_type"] = "positional",
            ["time_embedding_dim"] = model.TimeEmbDim == 4 * model.Widths[0] ? null : model.TimeEmbDim,
            ["time_embedding_act_fn"] = null,
            ["timestep_post_act"] = null,
            ["time_cond_proj_dim"] = null,
            ["conv_in_kernel"] = 3,
            ["conv_out_kernel"] = 3,
            ["projection_class_embeddings_input_dim"] = null,
            ["attention_type"] = "default",
            ["class_embeddings_concat"] = false,
            ["mid_block_only_cross_attention"] = null,
            ["cross_attention_norm"] = null,
            ["addition_embed_type_num_heads"] = 64,
        };
    }

    private static JsonNode OneOrList(IReadOnlyList<int> numbers) =>
        numbers.Distinct().Count() == 1 ? JsonValue.Create(numbers[0]) : List(numbers);

    private static JsonArray List(IEnumerable<int> items) => new([.. items.Select(item => JsonValue.Create(item))]);

    private static JsonArray List(IEnumerable<string> items) => new([.. items.Select(item => JsonValue.Create(item))]);
}
