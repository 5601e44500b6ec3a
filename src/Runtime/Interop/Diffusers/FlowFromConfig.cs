using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// Reads the configuration of FlowMatchEulerDiscreteScheduler and of FlowMatchHeunDiscreteScheduler. Of what was trained they know the
/// shift; how times were drawn and weighed is not in them.
/// </summary>
internal static class FlowFromConfig
{
    /// <summary>What moves the times of a drawing, or adds noise to it, where it is true.</summary>
    private static readonly string[] OfDrawing =
        ["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "stochastic_sampling"];

    public static DiffusionOptions Read(ConfigFile scheduler)
    {
        scheduler.Only("num_train_timesteps", (int)FlowLevels.TimestepsOfOne, "a network here is told 1000 times the flow's time");
        scheduler.Only("use_dynamic_shifting", false, "the shift would follow from each image's size; a spec has one, for all");
        scheduler.Only("invert_sigmas", false, "the flow would go from image to noise; here it ends at the image");
        // These count where the shift is dynamic.
        scheduler.IgnoreAll<double?>("base_shift", "max_shift");
        scheduler.IgnoreAll<int?>("base_image_seq_len", "max_image_seq_len");
        scheduler.IgnoreWord("time_shift_type", "exponential", "linear");
        scheduler.IgnoreAll<bool?>(OfDrawing);
        scheduler.IgnoreAll<double?>("shift_terminal");
        return new() { Type = DiffusionType.Flow, Shift = scheduler.Positive("shift", SpecDefaults.Diffusion.Shift) };
    }

    public static IEnumerable<string> Remarks(ConfigFile scheduler)
    {
        var sampler = scheduler.Value("_class_name", "") == SchedulerWords.FlowHeun ? "heun" : "euler";
        yield return $"Its scheduler draws as sample --sampler {sampler} --spacing linspace does.";
        List<string> others = [.. OfDrawing.Where(key => scheduler.Value<bool?>(key, null) == true)];
        if (scheduler.Value<double?>("shift_terminal", null) is not (null or 0))
            others.Add("shift_terminal");
        if (others.Count > 0)
            yield return $"It has settings of drawing that sample has not: {string.Join(", ", others)}.";
    }
}
