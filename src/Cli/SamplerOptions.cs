using System.CommandLine;
using UNetGen.Networks;
using UNetGen.Sampling;

namespace UNetGen.Cli;

/// <summary>Which sampler, and how: the options of the command line that choose one.</summary>
internal sealed class SamplerOptions
{
    private const int DefaultDdimSteps = 100;

    // With fresh noise in each step, the errors of a briefly trained network are drawn over; without, they add up.
    private const double DefaultEta = 1;

    private const string Yes = "true";

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

    private readonly Option<string?> sampler = CommonOptions.Choice(
        "--sampler",
        "ddim, dpm++ (DPM-Solver++ 2M) or heun (EDM): few steps; ddpm: every timestep.",
        ["ddpm", "ddim", "dpm++", "heun"],
        standard: "ddim");

    private readonly Option<int?> steps = new("--steps")
    {
        Description =
            $"Steps of the others than ddpm; {string.Join(", ", DefaultSteps.Select(pair => $"{pair.Value} of {pair.Key}"))} where it "
                + "isn't given.",
        HelpName = "N",
        CustomParser = result => CommonOptions.Whole(result, 1),
    };

    private readonly Option<double?> eta = new("--eta")
    {
        Description = $"Fresh noise in ddim, from 0 (none) to 1 (as much as ddpm); {DefaultEta} where it isn't given.",
        HelpName = "X",
        CustomParser = result => CommonOptions.Real(result, value => value is >= 0 and <= 1, "a number from 0 to 1"),
    };

    private readonly Option<string?> spacing = CommonOptions.Choice(
        "--spacing", "How the timesteps lie; karras for heun and even for the others where it isn't given.", [.. Spacings.Keys]);

    private readonly Option<int> stepsOffset = new("--steps-offset")
    {
        Description = "What is added to the timesteps of --spacing leading, as diffusers' steps_offset.",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
        CustomParser = result => CommonOptions.Whole(result, 0),
    };

    private readonly Option<string?> rederiveNoise = CommonOptions.Choice(
        "--rederive-noise",
        "Whether ddim derives a step's noise again from the clipped estimate; false as diffusers' DDIM has it by default.",
        [Yes, "false"],
        standard: Yes);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { sampler, steps, eta, rederiveNoise, spacing, stepsOffset })
            command.Add(option);
    }

    /// <summary>The sampler's name on the command line.</summary>
    public string NameIn(ParseResult parsed) => parsed.GetRequiredValue(sampler)!;

    /// <exception cref="UsageException">Options are given that the sampler, or the spacing, hasn't.</exception>
    public void Check(ParseResult parsed)
    {
        var name = NameIn(parsed);
        if (name != "ddim" && Given(parsed, eta, rederiveNoise) is { } own)
            throw new UsageException($"{own} belongs to ddim, and the sampler is {name}.");
        if (name == "ddpm" && Given(parsed, steps, spacing, stepsOffset) is { } few)
            throw new UsageException($"ddpm takes every timestep: {few} belongs to the samplers of few steps.");
        if (parsed.IsGiven(stepsOffset) && parsed.GetValue(spacing) != "leading")
            throw new UsageException("--steps-offset belongs to --spacing leading.");
    }

    public Sampler Make(ParseResult parsed, NoisePredictor network)
    {
        var name = NameIn(parsed);
        if (name == "ddpm")
            return new AncestralSampler();
        var count = parsed.GetValue(steps) ?? Math.Min(DefaultSteps[name], network.Diffusion.Timesteps);
        var chosen = parsed.GetValue(spacing) is { } given
            ? Spacings[given]
            : name == "heun" ? TimestepSpacing.Karras : TimestepSpacing.Even;
        var offset = parsed.GetValue(stepsOffset);
        return name switch
        {
            "dpm++" => new DpmSolverSampler(count, chosen) { StepsOffset = offset },
            "heun" => new HeunSampler(count, spacing: chosen) { StepsOffset = offset },
            _ => new DdimSampler(count, parsed.GetValue(eta) ?? DefaultEta, chosen, parsed.GetValue(rederiveNoise) == Yes)
            {
                StepsOffset = offset,
            },
        };
    }

    /// <summary>The program's way to draw, where nothing else is asked for.</summary>
    public static DdimSampler Default(NoisePredictor network, int steps = DefaultDdimSteps) =>
        new(Math.Min(steps, network.Diffusion.Timesteps), DefaultEta);

    private static string? Given(ParseResult parsed, params Option[] options) => options.FirstOrDefault(parsed.IsGiven)?.Name;
}
