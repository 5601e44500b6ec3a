using UNetGen.Diffusion;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Cli.Runs;

/// <summary>What a network was trained for, in few words, as its effective spec says it.</summary>
/// <param name="Type">ddpm, flow or edm.</param>
/// <param name="Details">What is most of interest of such a one, and what else changes the training where it isn't the default.</param>
internal sealed record DiffusionInWords(string Type, string Details)
{
    /// <summary>Null where the text is no effective spec that this version can read.</summary>
    public static DiffusionInWords? Of(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        try
        {
            var spec = new EffectiveSpec(text);
            // Those of a DDPM don't say it.
            var type = spec.Find("diffusion.type") ?? "ddpm";
            string?[] details = type switch
            {
                "flow" =>
                [
                    $"times {spec.Text("diffusion.timestep_sampling")}", Unless("logit_mean", SpecDefaults.Diffusion.LogitMean),
                    Unless("logit_std", SpecDefaults.Diffusion.LogitStd), Unless("mode_scale", SpecDefaults.Diffusion.ModeScale),
                    $"shift {spec.Text("diffusion.shift")}", Unless("weighting_scheme", WeightingScheme.None),
                ],
                "edm" =>
                [
                    $"sigma_data {spec.Text("diffusion.sigma_data")}", Unless("p_mean", SpecDefaults.Diffusion.PMean),
                    Unless("p_std", SpecDefaults.Diffusion.PStd),
                ],
                _ =>
                [
                    $"predicts {spec.Text("diffusion.objective")}", spec.Text("diffusion.schedule"),
                    Unless("beta_start", SpecDefaults.Diffusion.BetaStart), Unless("beta_end", SpecDefaults.Diffusion.BetaEnd),
                    Unless("schedule_rescale", ScheduleRescale.None), $"{spec.Text("diffusion.timesteps")} timesteps",
                    Unless("loss_weight", LossWeight.None), Unless("min_snr_gamma", SpecDefaults.Diffusion.MinSnrGamma),
                ],
            };
            return new(type, string.Join(", ", details.OfType<string>()));

            string? Unless(string key, object standard) =>
                spec.Find($"diffusion.{key}") is { } value && value != Written(standard) ? $"{key} {value}" : null;
        }
        catch (UNetGenException)
        {
            return null;
        }
    }

    /// <summary>A default as effective specs write it.</summary>
    private static string Written(object standard) =>
        standard is double number ? SpecWords.Number(number) : SpecWords.SnakeCase(standard.ToString()!);

    /// <inheritdoc/>
    public override string ToString() => $"{Type}: {Details}";
}
