using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>Reads a scheduler's configuration as the diffusion that the network was trained for.</summary>
internal static class DiffusionFromConfig
{
    // They share the settings that say what was trained; how they sample is of no concern here.
    private static readonly Dictionary<string, bool> Classes = new() { ["DDPMScheduler"] = true, ["DDIMScheduler"] = false };

    /// <summary>Settings of sampling, which a network doesn't depend on.</summary>
    private static readonly string[] OfSampling =
        [
            "clip_sample", "clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value", "set_alpha_to_one", "skip_prk_steps",
            "steps_offset", "tensor_format", "timestep_spacing"];

    public static DiffusionOptions Read(ConfigFile scheduler)
    {
        var hasVariance = scheduler.Choice("_class_name", "missing", Classes);
        scheduler.Only<double[]?>("trained_betas", null, "betas come from a named schedule here");
        scheduler.Only("thresholding", false, "x_0 is clipped here, not thresholded");
        scheduler.Only("rescale_betas_zero_snr", false, "there are no such betas here");
        scheduler.Ignore(OfSampling);

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
            ScheduleScaling = IsScaled(scheduler, schedule, timesteps),
            Objective = objective,
            Variance = variance,
        };
        scheduler.RefuseUnknown();
        return options;
    }

    /// <summary>
    /// The betas' ends must be Ho et al.'s, or those by 1000 / timesteps; the curves of other schedules have none, but for the scaled
    /// linear one.
    /// </summary>
    private static bool IsScaled(ConfigFile scheduler, BetaSchedule schedule, int timesteps)
    {
        var (start, end) = (scheduler.Value("beta_start", ModelToConfigs.BetaStart), scheduler.Value("beta_end", ModelToConfigs.BetaEnd));
        if (!scheduler.Knows("num_train_timesteps", "beta_schedule", "beta_start", "beta_end") || schedule == BetaSchedule.Cosine)
            return true;
        if (schedule == BetaSchedule.Linear && HaveScale(1000.0 / timesteps))
        {
            if (SpecLimits.LastScaledBeta(timesteps) >= 1)
                scheduler.Refuse("beta_end", "betas must be below 1");
            return true;
        }
        if (!HaveScale(1))
            scheduler.Refuse(
                "beta_start",
                $"with beta_end {end}; betas run from {ModelToConfigs.BetaStart} to {ModelToConfigs.BetaEnd} "
                    + $"here{(schedule == BetaSchedule.Linear ? ", or both times 1000 / num_train_timesteps" : "")}");
        return schedule != BetaSchedule.Linear;

        bool HaveScale(double scale) => IsNear(start, ModelToConfigs.BetaStart * scale) && IsNear(end, ModelToConfigs.BetaEnd * scale);
    }

    private static bool IsNear(double value, double expected) => Math.Abs(value - expected) <= 1e-9 * expected;

    private static KeyValuePair<string, T> Swap<T>(KeyValuePair<T, string> pair) => new(pair.Value, pair.Key);
}
