using System.CommandLine;
using System.CommandLine.Parsing;
using UNetGen.Diffusion;

namespace UNetGen.Examples;

/// <summary>Which sampler, and how: the options of the command line that choose one.</summary>
internal sealed class SamplerOptions
{
    private const int DefaultDdimSteps = 100;

    // With fresh noise in each step, the errors of a briefly trained network are drawn over; without, they add up.
    private const double DefaultEta = 1;

    private static readonly Dictionary<string, int> DefaultSteps = new() { ["ddim"] = DefaultDdimSteps, ["dpm++"] = 20, ["heun"] = 18 };

    private static readonly Dictionary<string, TimestepSpacing> Spacings = new()
    {
        ["even"] = TimestepSpacing.Even,
        ["leading"] = TimestepSpacing.Leading,
        ["linspace"] = TimestepSpacing.Linspace,
        ["trailing"] = TimestepSpacing.Trailing,
        ["log-snr"] = TimestepSpacing.LogSnr,
        ["karras"] = TimestepSpacing.Karras,
    };

    private readonly Option<string> sampler = new Option<string>("--sampler")
    {
        Description = "ddim, dpm++ (DPM-Solver++ 2M) or heun (EDM): few steps; ddpm: every timestep.",
        DefaultValueFactory = _ => "ddim",
    }.AcceptOnlyFromAmong("ddpm", "ddim", "dpm++", "heun");

    private readonly Option<int?> steps = new("--steps")
    {
        Description = $"Steps of the others than ddpm; {string.Join(", ", DefaultSteps.Select(pair => $"{pair.Value} of {pair.Key}"))} where it isn't given.",
        HelpName = "N",
        CustomParser = result => CommonOptions.Whole(result, 1),
    };

    private readonly Option<double?> eta = new("--eta")
    {
        Description = $"Fresh noise in ddim, from 0 (none) to 1 (as much as ddpm); {DefaultEta} where it isn't given.",
        HelpName = "X",
        CustomParser = result => CommonOptions.Real(result, value => value is >= 0 and <= 1, "a number from 0 to 1"),
    };

    private readonly Option<string?> spacing = new Option<string?>("--spacing")
    {
        Description = $"How the timesteps lie: {string.Join(", ", Spacings.Keys)}; karras for heun and even for the others where it isn't given.",
        HelpName = "SPACING",
    }.AcceptOnlyFromAmong([.. Spacings.Keys]);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { sampler, steps, eta, spacing })
            command.Add(option);
        command.Validators.Add(Check);
    }

    /// <summary>The sampler's name on the command line.</summary>
    public string NameIn(ParseResult parsed) => parsed.GetRequiredValue(sampler);

    public Sampler Make(ParseResult parsed, NoisePredictor network)
    {
        var name = NameIn(parsed);
        if (name == "ddpm")
            return new AncestralSampler();
        var count = parsed.GetValue(steps) ?? Math.Min(DefaultSteps[name], network.Diffusion.Timesteps);
        var chosen = parsed.GetValue(spacing) is { } given ? Spacings[given] : name == "heun" ? TimestepSpacing.Karras : TimestepSpacing.Even;
        return name switch
        {
            "dpm++" => new DpmSolverSampler(count, chosen),
            "heun" => new HeunSampler(count, spacing: chosen),
            _ => new DdimSampler(count, parsed.GetValue(eta) ?? DefaultEta, chosen),
        };
    }

    /// <summary>The program's way to draw, where nothing else is asked for.</summary>
    public static DdimSampler Default(NoisePredictor network, int steps = DefaultDdimSteps) => new(Math.Min(steps, network.Diffusion.Timesteps), DefaultEta);

    private void Check(CommandResult result)
    {
        var name = result.GetValue(sampler);
        if (name == "ddpm" && (result.GetValue(steps) is not null || result.GetValue(eta) is not null || result.GetValue(spacing) is not null))
            result.AddError("ddpm takes every timestep with its own noise: --steps, --eta and --spacing belong to ddim and the other samplers of few steps.");
        else if (name != "ddim" && result.GetValue(eta) is not null)
            result.AddError($"{name} adds no noise: --eta belongs to ddim.");
    }
}
