using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// Reads diffusers' configuration files, with the defaults that UNet2DModel and its schedulers have; what can't be expressed here is
/// collected in the files' reasons.
/// </summary>
internal static class ModelFromConfigs
{
    private static readonly Dictionary<string, Activation> Activations = new()
    {
        ["silu"] = Activation.Silu,
        ["swish"] = Activation.Silu,
        ["gelu"] = Activation.Gelu,
        ["relu"] = Activation.Relu,
        ["mish"] = Activation.Mish,
    };

    private static readonly Dictionary<string, TimeConditioning> Conditionings = new()
    {
        ["default"] = TimeConditioning.Add,
        ["scale_shift"] = TimeConditioning.ScaleShift,
    };

    private const int MostLevels = 13;
    private const int MostWidth = 1_000_000;

    /// <summary>How old configurations say the same.</summary>
    private const string OldPrefix = "UNetRes";

    /// <summary>Null where the parts don't even go together.</summary>
    public static DiffusersModel? Read(ConfigFile unet, DiffusionOptions diffusion)
    {
        unet.Only("_class_name", "UNet2DModel", "only a UNet2DModel can be imported");
        unet.Only("center_input_sample", false, "the network would see 2 x - 1 in the place of x");
        unet.Only("time_embedding_type", "positional", "the others are unlike those here");
        unet.Only("mid_block_type", "UNetMidBlock2D", "there is always one");
        unet.Only("mid_block_scale_factor", 1.0, "no block here scales its output");
        unet.Only<string?>("class_embed_type", null, "classes have a learned embedding here (num_class_embeds alone)");
        unet.Ignore("num_train_timesteps"); // of time_embedding_type learned

        var widths = unet.List("block_out_channels", [224, 448, 672, 896]);
        var down = BlockTypes(unet, "down_block_types", "Down", ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"]);
        var up = BlockTypes(unet, "up_block_types", "Up", ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"]);
        if (down.Length != widths.Length || up.Length != widths.Length)
        {
            unet.Refuse(
                "block_out_channels",
                $"{Counted.Of(widths.Length, "level")}, but {down.Length} down_block_types and {up.Length} up_block_types");
            return null;
        }

        Array.Reverse(up);
        if (!down.Select(block => block.Attends).SequenceEqual(up.Select(block => block.Attends)))
            unet.Refuse("up_block_types", "a level has attention on both ways or on none");
        if (widths.Length > MostLevels || widths.Any(width => width > MostWidth))
        {
            unet.Refuse("block_out_channels", $"at most {MostLevels} levels of at most {MostWidth:N0} channels are known here");
            return null;
        }
        if (widths[0] < 4 || widths[0] % 2 != 0 || widths.Any(width => width < 1 || width % widths[0] != 0))
            unet.Refuse("block_out_channels", "the first must be even and at least 4, and the others multiples of it");

        var channels = unet.Count("in_channels", 3);
        var outChannels = unet.Count("out_channels", 3);
        var learned = diffusion.Variance == Variance.LearnedRange;
        if (outChannels != (learned ? 2 * channels : channels))
            unet.Refuse(
                "out_channels",
                $"for {channels} in_channels and the scheduler's variance_type it should be {(learned ? 2 * channels : channels)}");
        if (learned && diffusion.Objective == Objective.V)
            unet.Refuse("out_channels", "a learned variance goes with prediction_type epsilon or sample");

        var (height, width) = SampleSize(unet, widths.Length);
        var groups = unet.Count("norm_num_groups", 32);
        var model = new DiffusersModel
        {
            Height = height,
            Width = width,
            Channels = channels,
            Widths = widths,
            TimeEmbDim = unet.CountOrNull("time_embedding_dim", null) ?? 4 * widths[0],
            BlocksPerLevel = unet.Count("layers_per_block", 2),
            Groups = groups,
            NormEps = unet.Value("norm_eps", 1e-5),
            Activation = unet.Choice("act_fn", "silu", Activations),
            Dropout = unet.Value("dropout", 0.0),
            Order = unet.Value("flip_sin_to_cos", true) ? SinusoidOrder.CosSin : SinusoidOrder.SinCos,
            FreqShift = unet.Value("freq_shift", 0),
            Conditioning = unet.Choice("resnet_time_scale_shift", "default", Conditionings),
            Attention = [.. down.Select(block => block.Attends)],
            AttentionInTheMiddle = unet.Value("add_attention", true),
            HeadDim = unet.Value<int?>("attention_head_dim", 8),
            Downsample = Resampling(unet, "down_block_types", "downsample_type", down.SkipLast(1)) switch
            {
                null => DiffusersModel.DefaultDownsample,
                "resnet" => "resblock",
                _ => Padding(unet),
            },
            Upsample = Resampling(unet, "up_block_types", "upsample_type", up.Skip(1)) == "resnet"
                ? "resblock"
                : DiffusersModel.DefaultUpsample,
            LearnedVariance = learned,
            NumClasses = unet.CountOrNull("num_class_embeds", null),
            Diffusion = diffusion,
        };
        unet.Ignore("downsample_padding");

        if (model.NormEps <= 0)
            unet.Refuse("norm_eps", "it should be positive");
        if (model.Dropout is < 0 or >= 1)
            unet.Refuse("dropout", "it should lie in [0, 1)");
        if (model.FreqShift is not (0 or 1))
            unet.Refuse("freq_shift", "0 and 1 are known");
        var headDim = model.HeadDim;
        if (
            headDim is { } features
                && model.AttendedWidths.FirstOrDefault(attended => features < 1 || attended % features != 0) is > 0 and var odd)
            unet.Refuse("attention_head_dim", $"{odd} channels can't be shared out to heads of so many");
        // Null: those of the blocks, but with scale_shift no norm at all.
        var attentionGroups = unet.CountOrNull("attn_norm_num_groups", null)
            ?? (model.Conditioning == TimeConditioning.ScaleShift ? null : groups);
        if (model.AttentionInTheMiddle && attentionGroups != groups)
            unet.Refuse("attn_norm_num_groups", $"the middle's attention is normed here as the blocks are, by {groups} groups");
        unet.RefuseUnknown();
        // One head of all features is what the other side says by no number.
        return headDim is not null && model.AttendedWidths.All(attended => attended == headDim) ? model with { HeadDim = null } : model;
    }

    private static (bool Attends, string? Resampling)[] BlockTypes(ConfigFile unet, string key, string way, string[] fallback)
    {
        var attends = $"Attn{way}Block2D";
        var known = new Dictionary<string, (bool, string?)>
        {
            [$"{way}Block2D"] = (false, "conv"),
            [way == "Down" ? "ResnetDownsampleBlock2D" : "ResnetUpsampleBlock2D"] = (false, "resnet"),
            // As downsample_type or upsample_type says.
            [attends] = (true, null),
        };
        var types = unet.List(key, fallback);
        if (types.Select(Current).FirstOrDefault(type => !known.ContainsKey(type)) is { } unknown)
            unet.Refuse(key, $"{Excerpt.Of(unknown)} isn't known here; known are {string.Join(", ", known.Keys)}");
        return [.. types.Select(type => known.GetValueOrDefault(Current(type), (type.Contains("Attn", StringComparison.Ordinal), "conv")))];

        static string Current(string type) => type.StartsWith(OldPrefix, StringComparison.Ordinal) ? type[OldPrefix.Length..] : type;
    }

    /// <summary>conv or resnet, which must be the same for all blocks that resample; null where none does.</summary>
    private static string? Resampling(
        ConfigFile unet, string blocksKey, string typeKey, IEnumerable<(bool Attends, string? Resampling)> blocks)
    {
        var ofAttention = unet.Value<string?>(typeKey, "conv") ?? "conv";
        var all = blocks.Select(block => block.Resampling ?? ofAttention).Distinct().ToList();
        if (all.Any(type => type is not ("conv" or "resnet")))
            unet.Refuse(typeKey, "known are conv and resnet");
        else if (all.Count > 1)
            unet.Refuse(blocksKey, $"levels change the image's size in one way here, conv or resnet, and {typeKey} is {ofAttention}");
        return all.FirstOrDefault();
    }

    private static string Padding(ConfigFile unet)
    {
        var padding = unet.Value("downsample_padding", 1);
        if (padding is not (0 or 1))
            unet.Refuse("downsample_padding", "0 (right and below) and 1 (all around) are known");
        return padding == 0 ? "conv_asymmetric" : "conv";
    }

    private static (int Height, int Width) SampleSize(ConfigFile unet, int levels)
    {
        var (height, width) = (0, 0);
        if (unet.IsList("sample_size"))
        {
            if (unet.List("sample_size", [32, 32]) is [var first, var second])
                (height, width) = (first, second);
        }
        else
        {
            height = width = unet.Value<int?>("sample_size", null) ?? 0;
        }

        var factor = 1 << (levels - 1);
        if (height < factor || width < factor || height % factor != 0 || width % factor != 0)
            unet.Refuse(
                "sample_size",
                $"it must be the images' size, a multiple of {factor} for {Counted.Of(levels, "level")}, or [height, width]");
        return (height, width);
    }
}
