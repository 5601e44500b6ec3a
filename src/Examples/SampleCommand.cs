using System.CommandLine;
using Spectre.Console;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Training;

namespace UNetGen.Examples;

/// <summary>Draws pictures with a trained network.</summary>
internal sealed class SampleCommand
{
    private const int DefaultSteps = 50;

    private readonly Option<string> checkpoint = new("--checkpoint") { Description = "A run's checkpoint folder, or a .safetensors file in it.", Required = true, HelpName = "PATH" };
    private readonly Option<string> sampler = new Option<string>("--sampler") { Description = "ddim (few steps) or ddpm (every timestep).", DefaultValueFactory = _ => "ddim" }.AcceptOnlyFromAmong("ddim", "ddpm");
    private readonly Option<int?> steps = new Option<int?>("--steps") { Description = "Steps of ddim; 50 where it isn't given.", HelpName = "N" }.AtLeast(1);
    private readonly Option<double?> eta = new Option<double?>("--eta") { Description = "Fresh noise in ddim, from 0 (none) to 1.", HelpName = "X" }.Must(value => value is >= 0 and <= 1, "from 0 to 1");
    private readonly Option<int> count = new Option<int>("--count") { Description = "How many pictures.", DefaultValueFactory = _ => 36, HelpName = "N" }.AtLeast(1);
    private readonly Option<long> seed = CommonOptions.Seed();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string?> output = new("--out") { Description = "The picture to write; by default beside the checkpoint.", HelpName = "FILE.png" };

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { checkpoint, sampler, steps, eta, count, seed, device, output })
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(sampler) == "ddpm" && (result.GetValue(steps) is not null || result.GetValue(eta) is not null))
                result.AddError("ddpm takes every timestep with its own noise: --steps and --eta belong to ddim.");
        });
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        var path = parsed.GetRequiredValue(checkpoint);
        var trained = Checkpoint.Open(path);
        using var network = Catalog.Create(trained.Network);
        trained.LoadInto(network);
        network.to(Libtorch.ParseDevice(parsed.GetValue(device)));

        var timesteps = network.Diffusion.Timesteps;
        if (parsed.GetValue(steps) > timesteps)
            throw new UNetGenException($"--steps {parsed.GetValue(steps)}: the network's diffusion has {timesteps} timesteps, and ddim takes at most so many steps.");
        Sampler chosen = parsed.GetValue(sampler) == "ddpm"
            ? new AncestralSampler()
            : new DdimSampler(parsed.GetValue(steps) ?? Math.Min(DefaultSteps, timesteps), parsed.GetValue(eta) ?? 0);
        var options = new SamplingOptions { Count = parsed.GetValue(count), Seed = parsed.GetValue(seed) };
        var picture = parsed.GetValue(output)
            ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(path)))!, $"samples-{parsed.GetValue(sampler)}-{options.Seed}.png");

        using var images = Progress.WhileSampling(options, observe => chosen.Sample(network, options, observe, cancellation));
        ImageGrid.Save(images, picture);
        AnsiConsole.MarkupLineInterpolated($"{options.Count} pictures in [blue]{picture}[/]");
        return 0;
    }
}
