using UNetGen.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>Pictures of one seed by one network on the device and on the CPU.</summary>
internal static class SamplerCheck
{
    // Of pictures from 0 to 1: a few steps of 255 for a pixel, and less than half a one for all.
    private const double Largest = 0.05;
    private const double Mean = 0.002;

    // A thousand steps, so by the smallest network alone.
    private static readonly (string Name, Sampler Sampler) Ancestral = ("ddpm, all timesteps", new AncestralSampler());

    private static readonly (string Name, Sampler Sampler)[] Samplers =
    [
        ("ddim, 20 steps", new DdimSampler(20)),
        ("ddim, 20 steps, eta 1", new DdimSampler(20, eta: 1)),
        ("dpm++, 10 steps", new DpmSolverSampler(10)),
        ("heun, 10 steps", new HeunSampler(10)),
        ("heun, 10 steps, churn 5", new HeunSampler(10, churn: 5)),
    ];

    public static void Run(Settings settings, Findings findings)
    {
        findings.Say("By networks of a short training. Differences of pictures from 0 to 1; in the last two columns TF32 is allowed.");
        findings.Head("network", "sampler", "largest", "mean", "largest, TF32", "mean, TF32");
        var worst = 0.0;
        foreach (var (index, spec) in settings.Trained.Index())
        {
            using var training = Trainings.Begin(spec, settings.Device, Trainings.Options(settings.Steps)).Run();
            using var cpu = Nets.Create(spec, CPU);
            cpu.load_state_dict(training.Network.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.cpu()));
            foreach (var (name, sampler) in settings.IsTrial ? Samplers[2..3] : index > 0 ? [Ancestral, .. Samplers] : Samplers)
            {
                using var scope = NewDisposeScope();
                var expected = Pictures(sampler, cpu);
                var (largest, mean) = Differences(expected, Pictures(sampler, training.Network));
                var (largestTf32, meanTf32) = sampler is AncestralSampler
                    ? (double.NaN, double.NaN)
                    : Differences(expected, Pictures(sampler, training.Network, tf32: true));
                findings.Row(spec, name, largest, mean, largestTf32, meanTf32);
                findings.Hold(
                    largest <= Largest && mean <= Mean,
                    $"{spec}, {name}: pictures differ by {largest:0.0e+0}, on average {mean:0.0e+0}");
                worst = Math.Max(worst, largest);
            }
        }
        findings.Summary = $"pictures to {worst:0.0e+0}";
    }

    private static Tensor Pictures(Sampler sampler, NoisePredictor network, bool tf32 = false)
    {
        var classes = network.Info.NumClasses;
        return (sampler.Sample(network, new()
        {
            Count = 4,
            Seed = 9,
            AllowTf32 = tf32,
            Labels = classes is null ? null : [0, 1, 2, 3],
            Guidance = classes is null ? 1 : 2,
        }).cpu().clamp(-1, 1) + 1) / 2;
    }

    private static (double Largest, double Mean) Differences(Tensor expected, Tensor actual)
    {
        var difference = (expected - actual).abs();
        return (difference.max().item<float>(), difference.mean().item<float>());
    }
}
