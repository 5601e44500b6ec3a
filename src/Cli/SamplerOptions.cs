using System.CommandLine;
using UNetGen.Diffusion;
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

    private const string Few = "ddim, euler, dpm++ or heun";

    private static readonly Dictionary<string, int> DefaultSteps = new()
    {
        ["ddim"] = DefaultDdimSteps,
        ["euler"] = 50,
        ["dpm++"] = 20,
        ["heun"] = 18,
    };

    private static readonly Dictionary<string, TimestepSpacing> Spacings =
        Enum.GetValues<TimestepSpacing>().ToDictionary(spacing => spacing.Word());

    private readonly Option<string?> sampler;
    private readonly Option<int?> steps;

    private readonly Option<double?> eta = new("--eta")
    {
        Description =
            $"Fresh noise in ddim, from 0 (none) to 1 (as much as ddpm); where it isn't given, {DefaultEta} for a DDPM and else 0.",
        HelpName = "X",
        CustomParser = result => CommonOptions.Real(result, value => value is >= 0 and <= 1, "a number from 0 to 1"),
    };

    private readonly Option<string?> spacing = CommonOptions.Choice(
        "--spacing",
        "How the timesteps lie; where it isn't given, karras for heun and for EDM, even else and for any flow.",
        [.. Spacings.Keys]);

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

    // What a file draws follows from its first noise alone.
    private readonly bool isOfFile;

    private SamplerOptions(Option<string?> sampler, string ofSteps, bool isOfFile)
    {
        (this.sampler, this.isOfFile) = (sampler, isOfFile);
        steps = new("--steps")
        {
            Description =
                $"{ofSteps}; {string.Join(", ", DefaultSteps.Select(pair => $"{pair.Value} of {pair.Key}"))} where it isn't given.",
            HelpName = "N",
            CustomParser = result => CommonOptions.Whole(result, 1),
        };
    }

    /// <summary>Of a command that draws.</summary>
    public static SamplerOptions OfDrawing() => new(
        CommonOptions.Choice(
            "--sampler",
            "ddim, euler (ddim without fresh noise), dpm++ (DPM-Solver++ 2M) or heun (EDM): few steps; ddpm: every timestep. Where it "
                + "isn't given, euler for a flow, heun for EDM and ddim for a DDPM.",
            ["ddpm", .. DefaultSteps.Keys]),
        "Steps of the others than ddpm",
        isOfFile: false);

    /// <summary>Of a file that draws, if a sampler is asked for.</summary>
    public static SamplerOptions OfFile() => new(
        CommonOptions.Choice(
            "--with-sampler",
            "Put the whole drawing into the file, from noise to pictures: ddim or euler (with eta 0 both), dpm++ or heun.",
            [.. DefaultSteps.Keys]),
        "Steps of --with-sampler",
        isOfFile: true);

    public void AddTo(Command command)
    {
        foreach (var option in All)
            command.Add(option);
    }

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All =>
        isOfFile ? [sampler, steps, rederiveNoise, spacing, stepsOffset] : [sampler, steps, eta, rederiveNoise, spacing, stepsOffset];

    /// <summary>The sampler's name on the command line, or that of the network's usual one.</summary>
    public string NameIn(ParseResult parsed, NoisePredictor network) => parsed.GetValue(sampler) ?? UsualFor(network.Diffusion.Type);

    /// <exception cref="UsageException">Options are given that the sampler, or the spacing, hasn't.</exception>
    public void Check(ParseResult parsed)
    {
        var name = NameIn(parsed);
        if (isOfFile && name is null && All.FirstOrDefault(parsed.IsGiven) is { } alone)
            throw new UsageException($"{alone.Name} belongs to {sampler.Name}, which isn't given.");
        if (name is not (null or "ddim") && Given(parsed, eta, rederiveNoise) is { } own)
            throw new UsageException($"{own} belongs to ddim, and the sampler is {name}.");
        if (name == "ddpm" && Given(parsed, steps, spacing, stepsOffset) is { } few)
            throw new UsageException($"ddpm takes every timestep, of a DDPM: {few} belongs to {Few}, which draw with any network.");
        if (parsed.IsGiven(stepsOffset) && parsed.GetValue(spacing) != "leading")
            throw new UsageException("--steps-offset belongs to --spacing leading.");
    }

    /// <summary>The sampler to draw with.</summary>
    /// <exception cref="UNetGenException">It isn't for the network's type of diffusion.</exception>
    public Sampler Make(ParseResult parsed, NoisePredictor network)
    {
        var name = NameIn(parsed, network);
        var type = network.Diffusion.Type;
        if (type != DiffusionType.Ddpm && name == "ddpm")
            throw new UNetGenException(
                $"--sampler ddpm takes each timestep of a DDPM, and {network.Info.Name} is {InWords(type)}, which has none. Use {Few}, or "
                    + "leave --sampler out.");
        // Else an option of how to draw would choose another sampler, unsaid.
        if (parsed.GetValue(sampler) is null && UsualFor(type) != "ddim" && Given(parsed, eta, rederiveNoise) is { } own)
            throw new UsageException(
                $"{own} belongs to ddim, and where --sampler isn't given that of {network.Info.Name}, {InWords(type)}, is "
                    + $"{UsualFor(type)}: add --sampler ddim.");
        return name == "ddpm" ? new AncestralSampler() : Make(parsed, name, network.Diffusion);
    }

    /// <summary>The sampler to put into a file; null where none is asked for.</summary>
    public SpacedSampler? MakeForFile(ParseResult parsed, DiffusionOptions diffusion) =>
        NameIn(parsed) is { } name ? Make(parsed, name, diffusion) : null;

    /// <summary>The program's way to draw on the way of a training, where nothing else is asked for.</summary>
    public static DdimSampler Default(NoisePredictor network, int steps = DefaultDdimSteps) =>
        new(AtMost(steps, network.Diffusion), UsualEta(network.Diffusion), UsualSpacing(isHeun: false, network.Diffusion));

    private SpacedSampler Make(ParseResult parsed, string name, DiffusionOptions diffusion)
    {
        var count = parsed.GetValue(steps) ?? AtMost(DefaultSteps[name], diffusion);
        var chosen = parsed.GetValue(spacing) is { } given ? Spacings[given] : UsualSpacing(name == "heun", diffusion);
        var offset = parsed.GetValue(stepsOffset);
        return name switch
        {
            "dpm++" => new DpmSolverSampler(count, chosen) { StepsOffset = offset },
            "heun" => new HeunSampler(count, spacing: chosen) { StepsOffset = offset },
            "euler" => new DdimSampler(count, spacing: chosen) { StepsOffset = offset },
            _ => new DdimSampler(count, EtaIn(parsed, diffusion), chosen, parsed.GetValue(rederiveNoise) == Yes) { StepsOffset = offset },
        };
    }

    private static string UsualFor(DiffusionType type) => type switch
    {
        DiffusionType.Flow => "euler",
        DiffusionType.Edm => "heun",
        _ => "ddim",
    };

    private static string InWords(DiffusionType type) => type == DiffusionType.Flow ? "a flow" : "an EDM";

    /// <summary>What the command line says; null where it follows from the network, or where a file is to have no sampler.</summary>
    private string? NameIn(ParseResult parsed) =>
        parsed.GetValue(sampler) ?? (isOfFile || Given(parsed, eta, rederiveNoise) is null ? null : "ddim");

    private double EtaIn(ParseResult parsed, DiffusionOptions diffusion) => isOfFile ? 0 : parsed.GetValue(eta) ?? UsualEta(diffusion);

    private static int AtMost(int steps, DiffusionOptions diffusion) =>
        diffusion.Type == DiffusionType.Ddpm ? Math.Min(steps, diffusion.Timesteps) : steps;

    private static double UsualEta(DiffusionOptions diffusion) => diffusion.Type == DiffusionType.Ddpm ? DefaultEta : 0;

    private static TimestepSpacing UsualSpacing(bool isHeun, DiffusionOptions diffusion) => diffusion.Type switch
    {
        DiffusionType.Flow => TimestepSpacing.Even,
        DiffusionType.Edm => TimestepSpacing.Karras,
        _ => isHeun ? TimestepSpacing.Karras : TimestepSpacing.Even,
    };

    private static string? Given(ParseResult parsed, params Option[] options) => options.FirstOrDefault(parsed.IsGiven)?.Name;
}
