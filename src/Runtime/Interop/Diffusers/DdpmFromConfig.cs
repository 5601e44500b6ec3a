using System.Globalization;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>Reads the configuration of DDPMScheduler, DDIMScheduler and PNDMScheduler.</summary>
internal static class DdpmFromConfig
{
    /// <param name="scheduler">The file.</param>
    /// <param name="hasVariance">Whether the class has a setting of that.</param>
    /// <param name="clips">Whether it clips estimates where it doesn't say.</param>
    public static DiffusionOptions Read(ConfigFile scheduler, bool hasVariance, bool clips = true)
    {
        scheduler.Only<double[]?>("trained_betas", null, "betas come from a named schedule here");
        scheduler.Only("thresholding", false, "x_0 is clipped here, not thresholded");
        IgnoreSampling(scheduler);

        var timesteps = scheduler.Count("num_train_timesteps", 1000, SpecLimits.Timesteps);
        var schedule = scheduler.Choice("beta_schedule", "linear", SchedulerWords.Schedules.Select(Swap));
        var variance = Variance.FixedSmall;
        // One that knows none keeps what it was made from (from_config), and the network is the same.
        if (hasVariance || scheduler.Has("variance_type"))
        {
            // fixed_small_log draws the same as fixed_small.
            variance = scheduler.Choice(
                "variance_type", "fixed_small", [.. SchedulerWords.Variances.Select(Swap), new("fixed_small_log", Variance.FixedSmall)]);
        }

        var objective = scheduler.Choice("prediction_type", "epsilon", SchedulerWords.Objectives.Select(Swap));
        // The word before there was prediction_type, which is heard alone where both are.
        if (!scheduler.Value("predict_epsilon", true) && !scheduler.Has("prediction_type"))
            objective = Objective.X0;
        var options = new DiffusionOptions
        {
            Timesteps = timesteps,
            Schedule = schedule,
            Objective = objective,
            Variance = variance,
            ClipSample = scheduler.Value("clip_sample", clips),
        };
        return Rescaled(scheduler, WithBetas(scheduler, options));
    }

    /// <summary>A network doesn't depend on how it is drawn with.</summary>
    private static void IgnoreSampling(ConfigFile scheduler)
    {
        scheduler.IgnoreAll<double?>("clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value");
        scheduler.IgnoreAll<bool?>("set_alpha_to_one", "skip_prk_steps");
        scheduler.IgnoreAll<int?>("steps_offset");
        scheduler.IgnoreWord("tensor_format", "np", "pt");
        scheduler.IgnoreWord("timestep_spacing", "leading", "linspace", "trailing");
    }

    public static IEnumerable<string> Remarks(ConfigFile scheduler)
    {
        if (scheduler.Value("clip_sample", true) && scheduler.Value<double?>("clip_sample_range", null) is not (null or 1))
            yield return "Its scheduler clips x_0 to other bounds while it samples (clip_sample_range); samplers here do to [-1, 1].";
        if (scheduler.Value<string?>("timestep_spacing", "leading") is ("trailing" or "linspace") and var spacing)
            yield return
                $"Its scheduler spaces the timesteps of few steps by timestep_spacing {spacing}, as sample --spacing {spacing} does.";
    }

    /// <summary>
    /// With the betas' ends: Ho et al.'s, those by 1000 / timesteps, or others. The cosine's curve has none.
    /// </summary>
    private static DiffusionOptions WithBetas(ConfigFile scheduler, DiffusionOptions options)
    {
        var (start, end) = (scheduler.Value("beta_start", options.BetaStart), scheduler.Value("beta_end", options.BetaEnd));
        if (!scheduler.Knows("num_train_timesteps", "beta_schedule", "beta_start", "beta_end") || options.Schedule == BetaSchedule.Cosine)
            return options;
        var isLinear = options.Schedule == BetaSchedule.Linear;
        if (isLinear && HaveScale(1000.0 / options.Timesteps))
        {
            if (SpecLimits.LastScaledBeta(options.Timesteps, options.BetaEnd) >= SpecLimits.NearlyOne)
                scheduler.Refuse("beta_end", "betas must be below 1");
            return options;
        }
        // At a thousand timesteps both are the same betas.
        options = options with { ScheduleScaling = !isLinear || options.Timesteps == 1000 };
        if (HaveScale(1))
            return WithSignal(options);
        if (Float32.IsPositive(start) && start <= end && end < SpecLimits.NearlyOne)
            return WithSignal(options with { BetaStart = start, BetaEnd = end });
        scheduler.Refuse(
            "beta_start",
            string.Create(CultureInfo.InvariantCulture, $"with beta_end {end}; betas lie between 0 and 1, and don't fall"));
        return options;

        bool HaveScale(double scale) => IsNear(start, options.BetaStart * scale) && IsNear(end, options.BetaEnd * scale);

        DiffusionOptions WithSignal(DiffusionOptions found)
        {
            var betas = isLinear
                ? LinearBetas.Of(found.Timesteps, found.BetaStart, found.BetaEnd, areScaled: false)
                : LinearBetas.OfRoots(found.Timesteps, found.BetaStart, found.BetaEnd);
            if (LinearBetas.FirstWithoutSignal(betas) is { } lost)
                scheduler.Refuse(
                    "beta_end",
                    $"from timestep {lost} of {found.Timesteps} on less than {SpecWords.Number(LinearBetas.LeastSignal)} would be left of the "
                        + "image, the least that float32 holds");
            return found;
        }
    }

    private static DiffusionOptions Rescaled(ConfigFile scheduler, DiffusionOptions options)
    {
        if (!scheduler.Value("rescale_betas_zero_snr", false))
            return options;
        if (options.Objective == Objective.Noise && scheduler.Knows("prediction_type"))
            scheduler.Refuse(
                "rescale_betas_zero_snr",
                "with prediction_type epsilon; the last timestep would be noise alone, and its prediction say nothing of the image");
        if (options.Timesteps == 1 && scheduler.Knows("num_train_timesteps"))
            scheduler.Refuse(
                "rescale_betas_zero_snr", "with num_train_timesteps 1; the first timestep keeps its noise, and the last has no signal");
        return options with { ScheduleRescale = ScheduleRescale.ZeroTerminalSnr, LossWeight = LossWeight.Plain };
    }

    private static bool IsNear(double value, double expected) => Math.Abs(value - expected) <= 1e-9 * expected;

    private static KeyValuePair<string, T> Swap<T>(KeyValuePair<T, string> pair) => new(pair.Value, pair.Key);
}
