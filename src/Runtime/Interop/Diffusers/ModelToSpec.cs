using System.Globalization;
using System.Text;
using UNetGen.Blocks;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>Writes a spec as a person would: what differs from the preset's defaults, in the order of the language's table.</summary>
internal static class ModelToSpec
{
    /// <param name="model">What it shall say.</param>
    /// <param name="name">The class's name; null: it follows from the file's.</param>
    /// <param name="remarks">Lines of comment at the top.</param>
    public static string Write(DiffusersModel model, string? name, IEnumerable<string> remarks)
    {
        var (dim, transformers) = (model.Widths[0], model.Transformers);
        // Both presets' defaults are other ones.
        var (groups, eps) = transformers is null
            ? (SpecDefaults.Ddpm.Groups, SpecDefaults.Ddpm.NormEps)
            : (SpecDefaults.Conditional.Groups, 1e-5);
        var (order, shift) = transformers is null
            ? (SpecDefaults.TimeEmbedding.Order, SpecDefaults.TimeEmbedding.FreqShift)
            : (SinusoidOrder.CosSin, 0);
        var downsample = transformers is null ? DiffusersModel.DefaultDownsample : DiffusersModel.ConditionalDownsample;
        var text = new StringBuilder();
        foreach (var remark in remarks)
            text.Append("# ").Append(remark).Append('\n');
        Line("name", name);
        Line("preset", transformers is null ? "ddpm" : "conditional");
        Line("image_size", model.Height == model.Width ? $"{model.Height}" : $"[{model.Height}, {model.Width}]");
        Line("channels", $"{model.Channels}");
        Line("condition_channels", transformers is { ConditionChannels: > 0 and var behind } ? $"{behind}" : null);
        Line("dim", $"{dim}");
        Line("channel_multipliers", List(model.Widths.Select(width => width / dim)));
        Line("time_emb_dim", Unless(4 * dim, model.TimeEmbDim));
        Line("blocks_per_level", Unless(SpecDefaults.BlocksPerLevel, model.BlocksPerLevel));
        Line("groups", Unless(groups, model.Groups));
        Line("norm_eps", Unless(eps, model.NormEps));
        Line("activation", Unless(SpecDefaults.Nonlinearity, model.Activation));
        Line("dropout", Unless(0.0, model.Dropout));
        Line("time_embedding", Group(
            ("order", Unless(order, model.Order)),
            ("freq_shift", Unless(shift, model.FreqShift)),
            ("conditioning", Unless(SpecDefaults.Ddpm.Conditioning, model.Conditioning))));
        Line("attention", transformers is null ? Attention(model) : Attention(model, transformers));
        Line("downsample", Unless(downsample, model.Downsample));
        Line("upsample", Unless(DiffusersModel.DefaultUpsample, model.Upsample));
        Line("zero_init", model.ZeroInit ? "true" : null);
        Line("learned_variance", model.LearnedVariance ? "true" : null);
        Line("num_classes", model.NumClasses?.ToString(CultureInfo.InvariantCulture));
        Line("context_dim", transformers is null ? null : Unless(SpecDefaults.Conditional.ContextDim, transformers.ContextDim));
        Line("diffusion", Diffusion(model.Diffusion));
        return text.ToString();

        void Line(string key, string? value)
        {
            if (value is not null)
                text.Append(key).Append(": ").Append(value).Append('\n');
        }
    }

    private static string? Attention(DiffusersModel model, TransformerModel transformers)
    {
        var isUsual = model.Attention.Select((attends, level) => attends == level < model.Attention.Count - 1).All(usual => usual);
        // One number says it where every level that attends, and the middle, has as many.
        var last = model.Attention.Count - 1;
        var places = transformers.Layers.Where((_, level) => model.Attention[level] || level == last).Distinct().ToList();
        return Group(
            ("levels", isUsual ? null : List(model.Attention.Select(attends => attends ? "cross" : "none"))),
            ("heads", transformers.Heads is { } heads ? Unless(SpecDefaults.Conditional.Heads, heads) : null),
            ("head_dim", transformers.HeadDim?.ToString(CultureInfo.InvariantCulture)),
            ("layers", places is [var layers] ? Unless(1, layers) : List(transformers.Layers)),
            ("linear_projection", transformers.LinearProjection ? "true" : null));
    }

    private static string? Attention(DiffusersModel model)
    {
        if (!model.AttendedWidths.Any())
            return "none";
        var square = model.Height == model.Width;
        var sizes = model.Attention.Select((_, level) => model.Height >> level).ToList();
        var resolutions = sizes.Where((_, level) => model.Attention[level]).ToList();
        var byResolution = square && resolutions.Count > 0;
        return Group(
            ("resolutions", byResolution && resolutions is not [SpecDefaults.Ddpm.AttendedSize] ? List(resolutions) : null),
            ("levels", byResolution ? null : List(model.Attention.Select(attends => attends ? "full" : "none"))),
            ("mid", model.AttentionInTheMiddle ? null : "none"),
            ("head_dim", model.HeadDim?.ToString(CultureInfo.InvariantCulture)));
    }

    private static string? Diffusion(DiffusionOptions options) => options.Type switch
    {
        DiffusionType.Flow => Flow(options),
        DiffusionType.Edm => Edm(options),
        _ => Ddpm(options),
    };

    private static string? Flow(DiffusionOptions options)
    {
        var defaults = new DiffusionOptions();
        var (isNormal, isMode) = (
            options.TimestepSampling == TimestepSampling.LogitNormal, options.TimestepSampling == TimestepSampling.Mode);
        return Group(
            ("type", "flow"),
            ("timestep_sampling", Unless(defaults.TimestepSampling, options.TimestepSampling)),
            ("logit_mean", isNormal ? Unless(defaults.LogitMean, options.LogitMean) : null),
            ("logit_std", isNormal ? Unless(defaults.LogitStd, options.LogitStd) : null),
            ("mode_scale", isMode ? Unless(defaults.ModeScale, options.ModeScale) : null),
            ("shift", Unless(defaults.Shift, options.Shift)),
            ("weighting_scheme", Unless(defaults.WeightingScheme, options.WeightingScheme)));
    }

    private static string? Edm(DiffusionOptions options)
    {
        var defaults = new DiffusionOptions();
        return Group(
            ("type", "edm"),
            ("p_mean", Unless(defaults.PMean, options.PMean)),
            ("p_std", Unless(defaults.PStd, options.PStd)),
            ("sigma_data", Unless(defaults.SigmaData, options.SigmaData)),
            ("sigma_min", Unless(defaults.SigmaMin, options.SigmaMin)),
            ("sigma_max", Unless(defaults.SigmaMax, options.SigmaMax)));
    }

    private static string? Ddpm(DiffusionOptions options)
    {
        var defaults = new DiffusionOptions();
        var rescales = options.ScheduleRescale == ScheduleRescale.ZeroTerminalSnr;
        return Group(
            ("timesteps", Unless(defaults.Timesteps, options.Timesteps)),
            ("schedule", Unless(defaults.Schedule, options.Schedule)),
            ("schedule_scaling", options.Schedule == BetaSchedule.Linear && !options.ScheduleScaling ? "false" : null),
            ("beta_start", Unless(defaults.BetaStart, options.BetaStart)),
            ("beta_end", Unless(defaults.BetaEnd, options.BetaEnd)),
            ("schedule_rescale", Unless(defaults.ScheduleRescale, options.ScheduleRescale)),
            ("objective", Unless(defaults.Objective, options.Objective)),
            ("loss_weight", Unless(rescales ? LossWeight.Plain : defaults.LossWeight, options.LossWeight)),
            ("min_snr_gamma", options.LossWeight == LossWeight.MinSnr ? Unless(defaults.MinSnrGamma, options.MinSnrGamma) : null),
            // A learned one follows from learned_variance.
            ("variance", options.Variance == Variance.LearnedRange ? null : Unless(defaults.Variance, options.Variance)),
            ("clip_sample", options.ClipSample ? null : "false"));
    }

    private static string? Group(params (string Key, string? Value)[] entries)
    {
        var given = entries.Where(entry => entry.Value is not null).Select(entry => $"{entry.Key}: {entry.Value}").ToList();
        return given.Count == 0 ? null : $"{{ {string.Join(", ", given)} }}";
    }

    private static string List<T>(IEnumerable<T> items) => $"[{string.Join(", ", items)}]";

    private static string? Unless<T>(T usual, T value) where T : notnull =>
        EqualityComparer<T>.Default.Equals(usual, value) ? null : value switch
        {
            double number => SpecWords.Number(number),
            Enum word => SpecWords.SnakeCase(word.ToString()),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture),
        };
}
