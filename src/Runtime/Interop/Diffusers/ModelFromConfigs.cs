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

    internal static readonly Dictionary<string, TimeConditioning> Conditionings = new()
    {
        ["default"] = TimeConditioning.Add,
        ["scale_shift"] = TimeConditioning.ScaleShift,
    };

    private const string Widths = "block_out_channels", Down = "down_block_types", Up = "up_block_types";

    /// <summary>How old configurations say the same.</summary>
    private const string OldPrefix = "UNetRes";

    /// <summary>The model, which is none where the files have reasons against it.</summary>
    public static DiffusersModel Read(ConfigFile unet, DiffusionOptions diffusion)
    {
        if (unet.Value("_class_name", "UNet2DModel") == DiffusersModel.ConditionalClass)
            return ConditionModelFromConfig.Read(unet, diffusion);
        unet.Only("_class_name", "UNet2DModel", $"only a UNet2DModel or a {DiffusersModel.ConditionalClass} can be imported");
        unet.Only("center_input_sample", false, "the network would see 2 x - 1 in the place of x");
        unet.Only("time_embedding_type", "positional", "the others are unlike those here");
        unet.Only("mid_block_type", "UNetMidBlock2D", "there is always one");
        unet.Only("mid_block_scale_factor", 1.0, "no block here scales its output");
        unet.Only<string?>("class_embed_type", null, "classes have a learned embedding here (num_class_embeds alone)");
        unet.IgnoreAll<int?>("num_train_timesteps"); // of time_embedding_type learned

        var (widths, down, up) = Levels(unet);
        var channels = unet.Count("in_channels", 3, SpecLimits.Channels);
        var outChannels = unet.Count("out_channels", 3, 2 * SpecLimits.Channels);
        var learned = diffusion.Variance == Variance.LearnedRange;
        if (unet.Knows("in_channels", "out_channels", "variance_type", DiffusionFromConfig.ClassName)
            && outChannels != (learned ? 2 * channels : channels))
            unet.Refuse(
                "out_channels",
                $"for {channels} in_channels and the scheduler's variance_type it should be {(learned ? 2 * channels : channels)}");
        if (learned && diffusion.Objective == Objective.V)
            unet.Refuse("out_channels", "a learned variance goes with prediction_type epsilon or sample");

        var (height, width) = SampleSize(unet, widths.Length);
        var groups = unet.Count("norm_num_groups", 32, SpecLimits.Width);
        var model = new DiffusersModel
        {
            Height = height,
            Width = width,
            Channels = channels,
            Widths = widths,
            TimeEmbDim = unet.CountOrNull("time_embedding_dim", SpecLimits.TimeEmbDim) ?? 4 * widths[0],
            BlocksPerLevel = unet.Count("layers_per_block", 2, SpecLimits.BlocksPerLevel),
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
            Downsample = Resampling(unet, Down, "downsample_type", down.SkipLast(1)) switch
            {
                null => DiffusersModel.DefaultDownsample,
                "resnet" => "resblock",
                _ => Padding(unet),
            },
            Upsample = Resampling(unet, Up, "upsample_type", up.Skip(1)) == "resnet"
                ? "resblock"
                : DiffusersModel.DefaultUpsample,
            LearnedVariance = learned,
            NumClasses = unet.CountOrNull("num_class_embeds", SpecLimits.Classes),
            Diffusion = diffusion,
        };
        unet.IgnoreAll<int?>("downsample_padding");

        CheckNumbers(unet, model);
        // Null: those of the blocks, but with scale_shift no norm at all.
        var attentionGroups = unet.CountOrNull("attn_norm_num_groups", SpecLimits.Width)
            ?? (model.Conditioning == TimeConditioning.ScaleShift ? null : groups);
        if (unet.Knows("attn_norm_num_groups", "norm_num_groups", "resnet_time_scale_shift")
            && model.AttentionInTheMiddle
            && attentionGroups != groups)
            unet.Refuse("attn_norm_num_groups", $"the middle's attention is normed here as the blocks are, by {groups} groups");
        if (unet.Knows(Widths, Down, Up))
            CheckLevels(unet, model);
        unet.RefuseUnknown();
        // One head of all features is what the other side says by no number.
        return model.HeadDim is { } headDim && model.AttendedWidths.All(attended => attended == headDim)
            ? model with { HeadDim = null }
            : model;
    }

    public static void CheckNumbers(ConfigFile unet, DiffusersModel model)
    {
        if (!Float32.IsPositive(model.NormEps))
            unet.Refuse("norm_eps", $"it should be {Float32.Range}");
        if (!Float32.IsNotNegative(model.Dropout) || !Float32.IsPart(model.Dropout))
            unet.Refuse("dropout", "it should lie in [0, 1), as float32 tells it from 0 and 1");
        if (model.FreqShift is not (0 or 1))
            unet.Refuse("freq_shift", "0 and 1 are known");
    }

    /// <summary>Whether there are as many widths as blocks, which the generator takes.</summary>
    public static void CheckWidths(ConfigFile unet, int[] widths, int down, int up)
    {
        if (unet.Knows(Widths, Down, Up) && (down != widths.Length || up != widths.Length))
            unet.Refuse(Widths, $"{Counted.Of(widths.Length, "level")}, but {CountOf(Down, down)} and {CountOf(Up, up)}");
        else if (unet.Knows(Widths) && (widths.Length > SpecLimits.Levels || widths.Any(width => width > SpecLimits.Width)))
            unet.Refuse(Widths, $"at most {SpecLimits.Levels} levels of at most {SpecLimits.Width} channels are known here");
        else if (unet.Knows(Widths)
            && (widths[0] < SpecLimits.LeastDim || widths[0] % 2 != 0 || widths.Any(width => width < 1 || width % widths[0] != 0)))
            unet.Refuse(Widths, $"the first must be even and at least {SpecLimits.LeastDim}, and the others multiples of it");

        string CountOf(string key, int blocks) => $"{blocks} {key}{(unet.Has(key) ? "" : " (missing: diffusers' default)")}";
    }

    public static void CheckBlocksAndGroups(ConfigFile unet, DiffusersModel model)
    {
        if (unet.Knows("layers_per_block") && model.BlocksPerLevel > SpecLimits.BlocksPerLevel)
            unet.Refuse("layers_per_block", $"at most {SpecLimits.BlocksPerLevel} are known here");
        else if (unet.Knows("layers_per_block") && model.BlocksPerLevel * model.Widths.Count is var blocks && blocks > SpecLimits.Blocks)
            unet.Refuse("layers_per_block", $"{blocks} residual blocks on the way down; at most {SpecLimits.Blocks} are known here");
        if (unet.Knows("norm_num_groups") && model.Widths.FirstOrDefault(width => width % model.Groups != 0) is > 0 and var undivided)
            unet.Refuse("norm_num_groups", $"{undivided} channels can't be shared out to {Counted.Of(model.Groups, "group")}");
    }

    /// <summary>
    /// The levels' widths and blocks, those of the way up in the order of the levels; any that go together where they are wrong.
    /// </summary>
    private static (int[] Widths, Block[] Down, Block[] Up) Levels(ConfigFile unet)
    {
        var widths = unet.List(Widths, [224, 448, 672, 896]);
        var down = BlockTypes(unet, Down, "Down", ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"]);
        var up = BlockTypes(unet, Up, "Up", ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"]);
        CheckWidths(unet, widths, down.Length, up.Length);
        Array.Reverse(up);
        if (unet.Knows(Widths, Down, Up) && !down.Select(block => block.Attends).SequenceEqual(up.Select(block => block.Attends)))
            unet.Refuse(Up, "a level has attention on both ways or on none");
        return unet.Knows(Widths, Down, Up) ? (widths, down, up) : ([32], [new(false, "conv")], [new(false, "conv")]);
    }

    /// <summary>What the generator refuses of widths that are right by themselves.</summary>
    private static void CheckLevels(ConfigFile unet, DiffusersModel model)
    {
        CheckBlocksAndGroups(unet, model);
        if (!unet.Knows("attention_head_dim"))
            return;
        if (model.HeadDim is { } features
            && model.AttendedWidths.FirstOrDefault(width => features < 1 || width % features != 0) is > 0 and var odd)
        {
            unet.Refuse("attention_head_dim", $"{odd} channels can't be shared out to heads of {features}");
            return;
        }

        var places = Enumerable.Range(0, model.Widths.Count).Where(level => model.Attention[level]).ToList();
        if (model.AttentionInTheMiddle)
            places.Add(model.Widths.Count - 1);
        if (unet.Knows("sample_size") && places.Any(level => Scores(level) > SpecLimits.ScoreBytes))
            unet.Refuse("sample_size", "attention's scores would take more memory than a process can address");

        double Scores(int level) => SpecLimits.ScoreBytesOf((long)(model.Height >> level) * (model.Width >> level))
            * (model.HeadDim is { } width ? model.Widths[level] / width : 1);
    }

    private static Block[] BlockTypes(ConfigFile unet, string key, string way, string[] fallback)
    {
        var attends = $"Attn{way}Block2D";
        var known = new Dictionary<string, Block>
        {
            [$"{way}Block2D"] = new(false, "conv"),
            [way == "Down" ? "ResnetDownsampleBlock2D" : "ResnetUpsampleBlock2D"] = new(false, "resnet"),
            // As downsample_type or upsample_type says.
            [attends] = new(true, null),
        };
        var types = unet.List(key, fallback);
        if (types.Select(Current).FirstOrDefault(type => !known.ContainsKey(type)) is { } unknown)
            unet.Refuse(key, $"{Excerpt.Of(unknown)} isn't known here; known are {string.Join(", ", known.Keys)}");
        return [.. types.Select(type => known.GetValueOrDefault(Current(type)))];

        static string Current(string type) => type.StartsWith(OldPrefix, StringComparison.Ordinal) ? type[OldPrefix.Length..] : type;
    }

    /// <summary>conv or resnet, which must be the same for all blocks that resample; null where none does.</summary>
    private static string? Resampling(ConfigFile unet, string blocksKey, string typeKey, IEnumerable<Block> blocks)
    {
        var ofAttention = unet.Value<string?>(typeKey, "conv") ?? "conv";
        var all = blocks.Select(block => block.Resampling ?? ofAttention).Distinct().ToList();
        if (all.Any(type => type is not ("conv" or "resnet")))
            unet.Refuse(typeKey, "known are conv and resnet");
        else if (all.Count > 1 && unet.Knows(typeKey))
            unet.Refuse(blocksKey, $"levels change the image's size in one way here, conv or resnet, and {typeKey} is {ofAttention}");
        return all.FirstOrDefault();
    }

    public static string Padding(ConfigFile unet)
    {
        var padding = unet.Value("downsample_padding", 1);
        if (padding is not (0 or 1))
            unet.Refuse("downsample_padding", "0 (right and below) and 1 (all around) are known");
        return padding == 0 ? "conv_asymmetric" : "conv";
    }

    public static (int Height, int Width) SampleSize(ConfigFile unet, int levels)
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

        var knowsLevels = unet.Knows(Widths, Down, Up);
        var factor = knowsLevels ? 1 << (levels - 1) : 1;
        if (unet.Knows("sample_size") && !(Fits(height) && Fits(width)))
        {
            var multiple = knowsLevels ? $", a multiple of {factor} for {Counted.Of(levels, "level")}" : "";
            unet.Refuse("sample_size", $"it must be the images' size{multiple}, at most {SpecLimits.ImageSize}, or [height, width]");
        }
        return (height, width);

        bool Fits(int size) => size >= factor && size % factor == 0 && size <= SpecLimits.ImageSize;
    }

    /// <param name="Attends">Whether it has attention.</param>
    /// <param name="Resampling">How it changes the image's size, conv or resnet; null: as the file says for all that attend.</param>
    private readonly record struct Block(bool Attends, string? Resampling);
}
