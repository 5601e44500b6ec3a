using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// Reads the configuration of EDMEulerScheduler and of EDMDPMSolverMultistepScheduler. Of what was trained they know sigma_data; how sigmas
/// were drawn is not in them.
/// </summary>
internal static class EdmFromConfig
{
    private const string Exponential = "exponential";

    /// <summary>Settings of drawing, and what samplers here do, as JSON.</summary>
    private static readonly (string Key, string Here)[] OfDrawing =
    [
        ("rho", "7"), ("final_sigmas_type", "\"zero\""), ("solver_order", "2"), ("algorithm_type", "\"dpmsolver++\""),
        ("solver_type", "\"midpoint\""), ("lower_order_final", "true"), ("euler_at_final", "false"),
    ];

    public static DiffusionOptions Read(ConfigFile scheduler)
    {
        scheduler.Only("prediction_type", "epsilon", "EDM's F is what diffusers calls epsilon; as v_prediction it has the other sign");
        scheduler.Only("thresholding", false, "x_0 is clipped here, not thresholded");
        IgnoreDrawing(scheduler);
        var options = new DiffusionOptions
        {
            Type = DiffusionType.Edm,
            SigmaData = scheduler.Positive("sigma_data", SpecDefaults.Diffusion.SigmaData),
            SigmaMin = scheduler.Positive("sigma_min", SpecDefaults.Diffusion.SigmaMin),
            SigmaMax = scheduler.Positive("sigma_max", SpecDefaults.Diffusion.SigmaMax),
        };
        if (options.SigmaData is < SpecLimits.LeastSigmaData or > SpecLimits.SigmaData)
            scheduler.Refuse("sigma_data", "it should be a number from 1e-16 to 1e16");
        if (scheduler.Knows("sigma_min", "sigma_max") && options.SigmaMin >= options.SigmaMax)
            scheduler.Refuse("sigma_min", $"it should be less than sigma_max, {SpecWords.Number(options.SigmaMax)}");
        return options;
    }

    /// <summary>Words that diffusers itself takes; num_train_timesteps is the length of a list that drawing replaces.</summary>
    private static void IgnoreDrawing(ConfigFile scheduler)
    {
        scheduler.IgnoreAll<double?>("rho", "dynamic_thresholding_ratio", "sample_max_value");
        scheduler.IgnoreAll<int?>("solver_order", "num_train_timesteps");
        scheduler.IgnoreAll<bool?>("lower_order_final", "euler_at_final");
        scheduler.IgnoreWord("sigma_schedule", "karras", Exponential);
        scheduler.IgnoreWord("final_sigmas_type", "zero", "sigma_min");
        scheduler.IgnoreWord("algorithm_type", "dpmsolver++", "sde-dpmsolver++", "deis");
        scheduler.IgnoreWord("solver_type", "midpoint", "heun", "logrho", "bh1", "bh2");
    }

    public static IEnumerable<string> Remarks(ConfigFile scheduler)
    {
        var sampler = scheduler.Value("_class_name", "") == SchedulerWords.EdmDpmSolver ? "dpm++" : "euler";
        var spacing = scheduler.Value<string?>("sigma_schedule", null) == Exponential ? "log-snr" : "karras";
        yield return $"Its scheduler draws as sample --sampler {sampler} --spacing {spacing} does.";
        var others = OfDrawing.Where(setting => scheduler.IsOther(setting.Key, setting.Here)).ToList();
        if (others.Count > 0)
            yield return $"It has settings of drawing that sample has not: {string.Join(", ", others.Select(setting => setting.Key))}.";
    }
}
