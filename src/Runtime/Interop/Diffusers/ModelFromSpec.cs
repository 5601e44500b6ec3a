using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Networks;

namespace UNetGen.Interop.Diffusers;

/// <summary>Reads a network's spec, and says why diffusers couldn't express it.</summary>
internal static class ModelFromSpec
{
    /// <summary>Keys that diffusers' models have no word for, and the one value that is what they do.</summary>
    private static readonly (string Key, string Only, string Why)[] Fixed =
    [
        ("init_kernel", "3", "MODEL's first convolution is 3 x 3"),
        ("norm", "group", "MODEL has GroupNorm alone"),
        ("weight_standardization", "false", "MODEL doesn't standardise its filters"),
        ("time_embedding.type", "sinusoidal", "MODEL's Fourier features are of the timestep's logarithm, others than these"),
        ("time_embedding.theta", "10000", "MODEL has 10000, always"),
        ("self_condition", "false", "MODEL takes no previous estimate"),
    ];

    private static readonly (string Key, string Only, string Why)[] FixedOfUNet2DModel =
    [
        ("attention.memory_tokens", "0", "MODEL's attention has no memory tokens"),
        ("condition_channels", "0", "diffusers' pipelines of MODEL give it noised images alone"),
    ];

    private static readonly (string Key, string Only, string Why)[] FixedOfConditionModel =
    [
        ("activation", "silu", "MODEL has it in the embedding of the timesteps and before the last convolution too"),
        ("attention.mid", "cross", "MODEL's middle attends"),
        ("downsample", "conv, conv_asymmetric", "MODEL with resampling blocks has no transformers beside them"),
        ("upsample", "nearest_conv", "MODEL with resampling blocks has no transformers beside them"),
    ];

    /// <summary>What the network is.</summary>
    /// <param name="network">What to read.</param>
    /// <param name="refuse">The error for a network that diffusers can't express, of all the reasons.</param>
    /// <exception cref="DiffusersException">diffusers can't express it.</exception>
    public static DiffusersModel Read(NoisePredictor network, Func<IReadOnlyList<string>, DiffusersException> refuse)
    {
        var info = network.Info;
        var spec = new EffectiveSpec(info.Spec);
        List<string> reasons = [.. Reasons(spec, network)];
        if (reasons.Count > 0)
            throw refuse(reasons);

        var isConditional = IsConditional(spec);
        var model = new DiffusersModel
        {
            Height = info.ImageHeight,
            Width = info.ImageWidth,
            Channels = info.Channels,
            Widths = Widths(spec),
            TimeEmbDim = spec.Int("time_emb_dim"),
            BlocksPerLevel = spec.Ints("blocks_per_level")[0],
            Groups = spec.Int("groups"),
            NormEps = spec.Real("norm_eps"),
            Activation = spec.Word<Activation>("activation"),
            Dropout = spec.Real("dropout"),
            Order = spec.Word<SinusoidOrder>("time_embedding.order"),
            FreqShift = spec.Int("time_embedding.freq_shift"),
            Conditioning = spec.Word<TimeConditioning>("time_embedding.conditioning"),
            Attention = [.. spec.List("attention.levels").Select(kind => kind != "none")],
            AttentionInTheMiddle = spec.Text("attention.mid") != "none",
            HeadDim = isConditional || spec.Find("attention.head_dim") is null ? null : spec.Int("attention.head_dim"),
            Downsample = spec.Find("downsample")
                ?? (isConditional ? DiffusersModel.ConditionalDownsample : DiffusersModel.DefaultDownsample),
            Upsample = spec.Find("upsample") ?? DiffusersModel.DefaultUpsample,
            LearnedVariance = spec.Bool("learned_variance"),
            NumClasses = info.NumClasses,
            ZeroInit = spec.Bool("zero_init"),
            Diffusion = network.Diffusion,
            Transformers = isConditional ? Transformers(spec, info) : null,
        };
        if (isConditional)
            return model;
        // Several heads at one width: the same as heads of that width's share.
        return spec.Find("attention.heads") is not (null or "1")
            ? model with { HeadDim = AttendedWidths(spec).First() / spec.Int("attention.heads") }
            : model;
    }

    private static bool IsConditional(EffectiveSpec spec) => spec.Text("preset") == "conditional";

    private static TransformerModel Transformers(EffectiveSpec spec, NetworkInfo info) => new()
    {
        ContextDim = spec.Int("context_dim"),
        Heads = spec.Find("attention.heads") is null ? null : spec.Int("attention.heads"),
        HeadDim = spec.Find("attention.heads") is null ? spec.Int("attention.head_dim") : null,
        Layers = spec.Ints("attention.layers"),
        LinearProjection = spec.Bool("attention.linear_projection"),
        ConditionChannels = info.ConditionChannels,
    };

    private static IEnumerable<string> Reasons(EffectiveSpec spec, NoisePredictor network)
    {
        if (spec.Text("preset") is not ("ddpm" or "conditional"))
        {
            yield return $"preset: {spec.Text("preset")}: UNet2DModel is preset ddpm, and UNet2DConditionModel preset conditional";
            yield break;
        }

        var isConditional = IsConditional(spec);
        var name = isConditional ? DiffusersModel.ConditionalClass : "UNet2DModel";
        foreach (var (key, only, why) in Fixed.Concat(isConditional ? FixedOfConditionModel : FixedOfUNet2DModel))
        {
            if (spec.Find(key) is { } value && !only.Split(", ").Contains(value))
                yield return $"{key}: {value}: {why.Replace("MODEL", name, StringComparison.Ordinal)}";
        }

        if (spec.Find("blocks.resnet") is { } block)
            yield return $"blocks.resnet: {block}: {name} has its own residual blocks alone";
        else if (network.state_dict().Keys.Except(network.Info.StateDict.Select(entry => entry.Key)).FirstOrDefault() is { } added)
            yield return $"the class's hooks have added {added}, which isn't in the spec";
        if (spec.Ints("blocks_per_level").Distinct().Count() > 1)
            yield return $"blocks_per_level: {spec.Text("blocks_per_level")}: {name} has as many at every level (layers_per_block)";
        if (!isConditional && spec.Find("downsample") is "unshuffle" or "avg_pool")
            yield return $"downsample: {spec.Text("downsample")}: UNet2DModel has conv, conv_asymmetric and resblock";
        if (!isConditional && spec.Find("upsample") == "conv_transpose")
            yield return "upsample: conv_transpose: UNet2DModel has nearest_conv and resblock";
        if (spec.List("attention.levels").Append(spec.Text("attention.mid")).Contains("linear"))
            yield return $"attention.levels: {spec.Text("attention.levels")}: UNet2DModel's attention is full";
        // Of another type than ddpm there is none.
        if (spec.Find("diffusion.schedule") == "sigmoid")
            yield return "diffusion.schedule: sigmoid: here that is the curve of alpha-bar, in DDPMScheduler that of the betas";

        var (first, dim, initDim) = (Widths(spec)[0], spec.Int("dim"), spec.Int("init_dim"));
        if (dim != first)
            yield return $"dim: {dim}: {name}'s sinusoid is as wide as its first level, {first}; channel_multipliers would have to "
                + "begin with 1";
        if (initDim != first)
            yield return $"init_dim: {initDim}: {name}'s first convolution is as wide as its first level, {first}";
        if (!isConditional && spec.Find("attention.heads") is { } heads and not "1"
            && AttendedWidths(spec).Distinct().ToList() is { Count: > 1 } widths)
            yield return $"attention.heads: {heads} at widths {string.Join(" and ", widths)}: UNet2DModel's heads all have one width "
                + "(attention.head_dim)";
    }

    private static int[] Widths(EffectiveSpec spec) =>
        [.. spec.Ints("channel_multipliers").Select(multiplier => multiplier * spec.Int("dim"))];

    private static IEnumerable<int> AttendedWidths(EffectiveSpec spec)
    {
        var (widths, levels) = (Widths(spec), spec.List("attention.levels"));
        return widths.Where((_, level) => levels[level] != "none").Concat(spec.Text("attention.mid") == "none" ? [] : [widths[^1]]);
    }
}
