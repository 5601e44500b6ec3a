using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// Reads the configuration of a UNet2DConditionModel, with the defaults of its constructor; what can't be expressed here is collected in
/// the file's reasons.
/// </summary>
internal static class ConditionModelFromConfig
{
    private const string Widths = "block_out_channels", Down = "down_block_types", Up = "up_block_types", Heads = "attention_head_dim";
    private const string Layers = "transformer_layers_per_block";
    private const string Pooled = "a network here is conditioned on classes and a context alone";

    /// <summary>The model, which is none where the file has reasons against it.</summary>
    public static DiffusersModel Read(ConfigFile unet, DiffusionOptions diffusion)
    {
        RefuseOthers(unet);
        var (widths, attends) = Levels(unet);
        var learned = diffusion.Variance == Variance.LearnedRange;
        var (channels, condition) = Channels(unet, learned);
        var (height, width) = ModelFromConfigs.SampleSize(unet, widths.Length);
        var perLevel = unet.Numbers("layers_per_block", 2, widths.Length);
        if (unet.Knows("layers_per_block") && perLevel.Distinct().Count() > 1)
            unet.Refuse("layers_per_block", "one number for all levels is known here");
        var model = new DiffusersModel
        {
            Height = height,
            Width = width,
            Channels = channels,
            Widths = widths,
            TimeEmbDim = unet.CountOrNull("time_embedding_dim", SpecLimits.TimeEmbDim) ?? 4 * widths[0],
            BlocksPerLevel = perLevel[0],
            Groups = unet.Count("norm_num_groups", SpecDefaults.Conditional.Groups, SpecLimits.Width),
            NormEps = unet.Value("norm_eps", 1e-5),
            Activation = Activation.Silu,
            Dropout = unet.Value("dropout", 0.0),
            Order = unet.Value("flip_sin_to_cos", true) ? SinusoidOrder.CosSin : SinusoidOrder.SinCos,
            FreqShift = unet.Value("freq_shift", 0),
            Conditioning = unet.Choice("resnet_time_scale_shift", "default", ModelFromConfigs.Conditionings),
            Attention = attends,
            AttentionInTheMiddle = true,
            HeadDim = null,
            Downsample = widths.Length == 1 ? DiffusersModel.ConditionalDownsample : ModelFromConfigs.Padding(unet),
            LearnedVariance = learned,
            NumClasses = unet.CountOrNull("num_class_embeds", SpecLimits.Classes),
            Diffusion = diffusion,
            Transformers = Transformers(unet, widths, attends, condition),
        };
        unet.IgnoreAll<int?>("downsample_padding");
        ModelFromConfigs.CheckNumbers(unet, model);
        if (unet.Knows(Widths, Down, Up))
            CheckLevels(unet, model);
        unet.RefuseUnknown();
        return model;
    }

    private static void RefuseOthers(ConfigFile unet)
    {
        unet.Only("center_input_sample", false, "the network would see 2 x - 1 in the place of x");
        unet.Only("time_embedding_type", "positional", "the others are unlike those here");
        unet.Only<string?>("mid_block_type", "UNetMidBlock2DCrossAttn", "the middle has two residual blocks and a transformer here");
        unet.Only("mid_block_scale_factor", 1.0, "no block here scales its output");
        if (unet.Value<string?>("act_fn", "silu") is not ("silu" or "swish"))
            unet.Refuse("act_fn", "the embedding of the timesteps and the last norm would have it too, and these have SiLU here");
        unet.Only<string?>("class_embed_type", null, "classes have a learned embedding here (num_class_embeds alone)");
        unet.Only<string?>("addition_embed_type", null, Pooled);
        unet.Only<int?>("addition_time_embed_dim", null, Pooled);
        unet.Only<int?>("projection_class_embeddings_input_dim", null, Pooled);
        unet.Only<string?>("encoder_hid_dim_type", null, "the context goes into the transformers as it is");
        unet.Only<int?>("encoder_hid_dim", null, "the context goes into the transformers as it is");
        // Of each level, or of all.
        if (unet.IsList("only_cross_attention") ? unet.Value<bool[]>("only_cross_attention", []).Contains(true)
            : unet.Value("only_cross_attention", false))
            unet.Refuse("only_cross_attention", "pixels attend to one another as well");
        unet.Only<bool?>("mid_block_only_cross_attention", null, "pixels attend to one another as well");
        unet.Only("dual_cross_attention", false, "there is one context, and one transformer at each place");
        unet.Only<string?>("cross_attention_norm", null, "the context isn't normed here");
        unet.Only<int?>("num_attention_heads", null, "diffusers itself refuses it: attention_head_dim is the number of heads");
        unet.Only<int[]?>("reverse_transformer_layers_per_block", null, "both ways have as many layers here");
        unet.Only("attention_type", "default", "the others attend to further tokens");
        unet.Only("resnet_skip_time_act", false, "time has its activation in each residual block here");
        unet.Only("resnet_out_scale_factor", 1.0, "no block here scales its output");
        unet.Only<string?>("time_embedding_act_fn", null, "the time embedding isn't activated once more here");
        unet.Only<string?>("timestep_post_act", null, "the time embedding isn't activated once more here");
        unet.Only<int?>("time_cond_proj_dim", null, "guidance is no input of a network here");
        unet.Only("class_embeddings_concat", false, "a class's embedding is added to the timestep's here");
        unet.Only("conv_in_kernel", 3, "the first convolution is 3 x 3");
        unet.Only("conv_out_kernel", 3, "the last convolution is 3 x 3");
        // In which numbers attention computes is said where a network runs; the other goes with addition_embed_type.
        unet.IgnoreAll<bool?>("upcast_attention");
        unet.IgnoreAll<int?>("addition_embed_type_num_heads");
    }

    private static (int[] Widths, bool[] Attends) Levels(ConfigFile unet)
    {
        var widths = unet.List(Widths, [320, 640, 1280, 1280]);
        const string cross = "CrossAttnDownBlock2D", crossUp = "CrossAttnUpBlock2D";
        var down = unet.List(Down, [cross, cross, cross, "DownBlock2D"]);
        var up = unet.List(Up, ["UpBlock2D", crossUp, crossUp, crossUp]);
        RefuseUnknown(Down, down, "DownBlock2D", cross);
        RefuseUnknown(Up, up, "UpBlock2D", crossUp);
        ModelFromConfigs.CheckWidths(unet, widths, down.Length, up.Length);
        var attends = down.Select(type => type == cross).ToArray();
        if (unet.Knows(Widths, Down, Up) && !up.Reverse().Select(type => type == crossUp).SequenceEqual(attends))
            unet.Refuse(Up, "a level has attention on both ways or on none");
        return unet.Knows(Widths, Down, Up) ? (widths, attends) : ([32], [false]);

        void RefuseUnknown(string key, string[] types, params string[] known)
        {
            if (types.FirstOrDefault(type => !known.Contains(type)) is { } unknown)
                unet.Refuse(key, $"{Excerpt.Of(unknown)} isn't known here; known are {string.Join(", ", known)}");
        }
    }

    /// <summary>Of the images, and behind them.</summary>
    private static (int Images, int Condition) Channels(ConfigFile unet, bool learned)
    {
        var given = unet.Count("in_channels", 4, 2 * SpecLimits.Channels);
        var predicted = unet.Count("out_channels", 4, 2 * SpecLimits.Channels);
        var images = learned ? predicted / 2 : predicted;
        if (!unet.Knows("in_channels", "out_channels", "variance_type", DiffusionFromConfig.ClassName))
            return (1, 0);
        if (learned && predicted % 2 != 0)
            unet.Refuse("out_channels", "with variance_type learned_range there are as many channels of the variance as of the images");
        else if (images > given || images > SpecLimits.Channels || given - images > SpecLimits.Channels)
            unet.Refuse("out_channels", $"of {given} in_channels, those that are predicted go in first and the others are a condition");
        return (Math.Max(1, images), Math.Max(0, given - images));
    }

    private static TransformerModel Transformers(ConfigFile unet, int[] widths, bool[] attends, int condition)
    {
        var last = widths.Length - 1;
        var places = Enumerable.Range(0, widths.Length).Where(level => attends[level] || level == last).ToList();
        var contexts = unet.Numbers("cross_attention_dim", 1280, widths.Length);
        var heads = unet.Numbers(Heads, SpecDefaults.Conditional.Heads, widths.Length);
        var layers = unet.Numbers(Layers, 1, widths.Length);
        if (unet.Knows("cross_attention_dim") && places.Select(level => contexts[level]).Distinct().Count() > 1)
            unet.Refuse("cross_attention_dim", "there is one context, of one width");
        else if (unet.Knows("cross_attention_dim") && contexts[last] > SpecLimits.Width)
            unet.Refuse("cross_attention_dim", $"at most {SpecLimits.Width} is known here");
        if (unet.Knows(Layers) && layers.Any(number => number > SpecLimits.TransformerLayers))
            unet.Refuse(Layers, $"at most {SpecLimits.TransformerLayers} are known here");
        var (count, features) = (heads[last], 0);
        if (unet.Knows(Heads, Widths, Down, Up))
        {
            if (places.FirstOrDefault(level => widths[level] % heads[level] != 0, -1) is >= 0 and var odd)
                unet.Refuse(Heads, $"{widths[odd]} channels can't be shared out to {Counted.Of(heads[odd], "head")}");
            else if (places.Any(level => heads[level] != count))
            {
                features = widths[last] / heads[last];
                if (places.Any(level => widths[level] / heads[level] != features))
                    unet.Refuse(Heads, "it is the number of heads, of which there are as many at each level, or as many features in each");
            }
        }

        return new TransformerModel
        {
            ContextDim = contexts[last],
            Heads = features == 0 ? count : null,
            HeadDim = features == 0 ? null : features,
            Layers = [.. layers.Select((number, level) => places.Contains(level) ? number : 1)],
            LinearProjection = unet.Value("use_linear_projection", false),
            ConditionChannels = condition,
        };
    }

    /// <summary>What the generator refuses of numbers that are right by themselves.</summary>
    private static void CheckLevels(ConfigFile unet, DiffusersModel model)
    {
        ModelFromConfigs.CheckBlocksAndGroups(unet, model);
        var transformers = model.Transformers!;
        if (unet.Knows("layers_per_block", Layers))
        {
            var all = model.Widths
                .Select((_, level) => model.Attention[level] ? (2L * model.BlocksPerLevel + 1) * transformers.Layers[level] : 0)
                .Sum() + transformers.Layers[^1];
            if (all > SpecLimits.AllTransformerLayers)
                unet.Refuse(Layers, $"the transformers have {all} layers together; at most {SpecLimits.AllTransformerLayers} are known here");
        }

        if (!unet.Knows("sample_size", Heads))
            return;
        var heads = transformers.HeadsOf(model.Widths).ToArray();
        var last = model.Widths.Count - 1;
        if (Enumerable.Range(0, model.Widths.Count).Any(level => (model.Attention[level] || level == last)
            && SpecLimits.ScoreBytesOf((long)(model.Height >> level) * (model.Width >> level)) * heads[level] > SpecLimits.ScoreBytes))
            unet.Refuse("sample_size", "attention's scores would take more memory than a process can address");
    }
}
