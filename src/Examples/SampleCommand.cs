using System.CommandLine;
using Spectre.Console;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Training;

namespace UNetGen.Examples;

/// <summary>Draws pictures with a trained network.</summary>
internal sealed class SampleCommand(Interrupt interrupt)
{
    private const int DefaultSteps = 100;

    // With fresh noise in each step, the errors of a briefly trained network are drawn over; without, they add up.
    private const double DefaultEta = 1;

    private readonly Option<string> checkpoint = new("--checkpoint") { Description = "A run's checkpoint folder, or a .safetensors file in it.", Required = true, HelpName = "PATH" };
    private readonly Option<string> sampler = new Option<string>("--sampler") { Description = "ddim (few steps) or ddpm (every timestep).", DefaultValueFactory = _ => "ddim" }.AcceptOnlyFromAmong("ddim", "ddpm");
    private readonly Option<int?> steps = new("--steps") { Description = $"Steps of ddim; {DefaultSteps} where it isn't given.", HelpName = "N", CustomParser = result => CommonOptions.Whole(result, 1) };
    private readonly Option<double?> eta = new("--eta")
    {
        Description = $"Fresh noise in ddim, from 0 (none) to 1 (as much as ddpm); {DefaultEta} where it isn't given.",
        HelpName = "X",
        CustomParser = result => CommonOptions.Real(result, value => value is >= 0 and <= 1, "a number from 0 to 1"),
    };
    private readonly Option<int> count = CommonOptions.Count("How many pictures.");
    private readonly Option<long> seed = CommonOptions.Seed();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string?> output = new("--out") { Description = "The picture to write; by default beside the checkpoint's folder.", HelpName = "FILE.png" };

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { checkpoint, sampler, steps, eta, count, seed, device, output })
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(sampler) == "ddpm" && (result.GetValue(steps) is not null || result.GetValue(eta) is not null))
                result.AddError("ddpm takes every timestep with its own noise: --steps and --eta belong to ddim.");
        });
        output.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } file && (!file.EndsWith(".png", StringComparison.OrdinalIgnoreCase) || Directory.Exists(file)))
                result.AddError($"--out must be a .png file, not '{file}'.");
        });
        command.SetAction(Run);
        return command;
    }

    /// <summary>The program's way to draw, where nothing else is asked for.</summary>
    public static DdimSampler Ddim(NoisePredictor network, int? steps = null, double? eta = null) =>
        new(steps ?? Math.Min(DefaultSteps, network.Diffusion.Timesteps), eta ?? DefaultEta);

    private int Run(ParseResult parsed)
    {
        var path = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(checkpoint));
        // A run's folder stands for the checkpoint in it.
        if (Directory.Exists(Path.Combine(path, RunFolder.CheckpointName)))
            path = Path.Combine(path, RunFolder.CheckpointName);
        var trained = Checkpoint.Open(path, damaged => AnsiConsole.MarkupLineInterpolated($"[yellow]warning:[/] {damaged}"));
        using var network = Catalog.Create(trained.Network);
        trained.LoadInto(network);
        network.to(Libtorch.ParseDevice(parsed.GetValue(device)));

        var timesteps = network.Diffusion.Timesteps;
        if (parsed.GetValue(steps) > timesteps)
            throw new UNetGenException($"--steps {parsed.GetValue(steps)}: the network's diffusion has {timesteps} timesteps, and ddim takes at most so many steps.");
        Sampler chosen = parsed.GetValue(sampler) == "ddpm" ? new AncestralSampler() : Ddim(network, parsed.GetValue(steps), parsed.GetValue(eta));
        var options = new SamplingOptions { Count = parsed.GetValue(count), Seed = parsed.GetValue(seed) };
        // Not into the checkpoint's own folder, which holds nothing else.
        var folder = Path.GetFullPath(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!);
        var picture = parsed.GetValue(output) ?? Path.Combine(Path.GetDirectoryName(folder)!, $"samples-{parsed.GetValue(sampler)}-{options.Seed}.png");

        using var images = Progress.WhileSampling(options, observe => chosen.Sample(network, options, observe, interrupt.Token));
        ImageGrid.Save(images, picture);
        AnsiConsole.MarkupLineInterpolated($"{options.Count} {(options.Count == 1 ? "picture" : "pictures")} in [blue]{picture}[/]");
        return 0;
    }
}
