using UNetGen.Interop.Diffusers;

namespace UNetGen.Cli.Runs;

/// <summary>What a network was trained for, in few words, as its effective spec says it.</summary>
/// <param name="Type">ddpm, flow or edm.</param>
/// <param name="Details">What is most of interest of such a one.</param>
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
            return new(type, type switch
            {
                "flow" => $"times {spec.Text("diffusion.timestep_sampling")}, shift {spec.Text("diffusion.shift")}",
                "edm" => $"sigma_data {spec.Text("diffusion.sigma_data")}",
                _ => $"predicts {spec.Text("diffusion.objective")}, {spec.Text("diffusion.schedule")}, "
                    + $"{spec.Text("diffusion.timesteps")} timesteps",
            });
        }
        catch (UNetGenException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type}: {Details}";
}
