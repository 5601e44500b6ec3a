using UNetGen.Compiler;
using UNetGen.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Tests;

/// <summary>Files that draw, against the samplers in C#.</summary>
public sealed class DrawingTests : FileTests
{
    // In [-1, 1], where two levels of a byte are 0.0078 apart.
    private const double Closeness = 1e-3;

    private static readonly Dictionary<string, SpacedSampler> Samplers = new()
    {
        ["DDIM"] = new DdimSampler(7),
        ["DDIM, noise as predicted"] = new DdimSampler(7, rederiveNoise: false),
        ["DDIM, 1 step"] = new DdimSampler(1),
        ["DPM-Solver++"] = new DpmSolverSampler(6, TimestepSpacing.LogSnr),
        ["DPM-Solver++, even"] = new DpmSolverSampler(6),
        ["Heun"] = new HeunSampler(5),
    };

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (var sampler in Samplers.Keys)
            {
                foreach (var objective in (string[])["noise", "x0", "v"])
                    cases.Add(sampler, objective, "");
                cases.Add(sampler, "v", "self_condition: true\nnum_classes: 4");
                cases.Add(sampler, "noise", "learned_variance: true");
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pictures_are_the_sampler_s(string sampler, string objective, string keys)
    {
        using var compiled = SpecCompiler.CompileText($$"""
            preset: lucidrains
            image_size: 8
            channels: 3
            dim: 8
            channel_multipliers: [1, 2]
            diffusion: { timesteps: 100, schedule_scaling: false, objective: {{objective}} } # so little noise that not all is clipped
            {{keys}}
            """);
        using var network = Comparison.Network(compiled);

        int[]? labels = network.Info.NumClasses is null ? null : [0, 1, 2];
        AssertSame(network, Samplers[sampler], new SamplingOptions { Count = 3, Labels = labels });
    }

    [Theory]
    [InlineData("type: flow, shift: 2", "")]
    [InlineData("type: edm, sigma_max: 3", "")]
    [InlineData("type: flow", "self_condition: true\nnum_classes: 4")]
    [InlineData("type: edm, sigma_max: 3", "self_condition: true\nnum_classes: 4")]
    public void Pictures_of_a_flow_and_of_edm_are_the_sampler_s(string diffusion, string keys)
    {
        using var compiled = SpecCompiler.CompileText($$"""
            preset: lucidrains
            image_size: 8
            channels: 3
            dim: 8
            channel_multipliers: [1, 2]
            diffusion: { {{diffusion}} }
            {{keys}}
            """);
        using var network = Comparison.Network(compiled);

        int[]? labels = network.Info.NumClasses is null ? null : [0, 1, 2];
        foreach (var sampler in new SpacedSampler[] { new DdimSampler(7), new DdimSampler(1), new DpmSolverSampler(6), new HeunSampler(5) })
            AssertSame(network, sampler, new SamplingOptions { Count = 3, Labels = labels });
    }

    [Theory]
    [InlineData("DDIM", "v")]
    [InlineData("DDIM, noise as predicted", "v")]
    [InlineData("DDIM, 1 step", "v")]
    [InlineData("DPM-Solver++, even", "v")]
    [InlineData("DPM-Solver++, even", "x0")]
    [InlineData("Heun", "v")]
    public void Pictures_from_a_timestep_without_signal_are_the_sampler_s(string sampler, string objective)
    {
        using var compiled = SpecCompiler.CompileText($$"""
            preset: annotated
            image_size: 8
            channels: 3
            dim: 8
            channel_multipliers: [1, 2]
            diffusion: { beta_start: 0.00085, beta_end: 0.012, schedule_rescale: zero_terminal_snr, objective: {{objective}} }
            """);
        using var network = Comparison.Network(compiled);

        AssertSame(network, Samplers[sampler], new SamplingOptions { Count = 3 });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(0)]
    public void Guided_pictures_are_the_sampler_s(double guidance)
    {
        using var compiled = SpecCompiler.CompileText("""
            preset: annotated
            image_size: [8, 16]
            channels: 1
            dim: 8
            channel_multipliers: [1, 2]
            num_classes: 4
            diffusion: { schedule: cosine, objective: v }
            """);
        using var network = Comparison.Network(compiled);

        AssertSame(network, new DdimSampler(6), new SamplingOptions { Count = 3, Labels = [0, 1, 2], Guidance = guidance });
    }

    [Theory]
    [InlineData("DDIM")]
    [InlineData("DPM-Solver++")]
    [InlineData("Heun")]
    public void Pictures_in_float16_are_the_sampler_s_as_well(string sampler)
    {
        using var network = Comparison.Network(
            Comparison.TinySpec + "\nself_condition: true\ndiffusion: { timesteps: 100, schedule_scaling: false, objective: v }");

        AssertSame(network, Samplers[sampler], new SamplingOptions { Count = 3 }, isHalf: true);
    }

    /// <summary>
    /// A byte is the rounded level of a picture, so that it is off by half a level, and by the closeness that is wanted of the picture.
    /// </summary>
    private void AssertSame(NoisePredictor network, SpacedSampler sampler, SamplingOptions options, bool isHalf = false)
    {
        var path = PathOf("draw.onnx");
        OnnxExport.Save(path, network, new OnnxOptions { Sampler = sampler, Half = isHalf });
        using var scope = NewDisposeScope();
        using var noise = new ImageNoise(network.Info, options.Seed, 0, options.Count, CPU);
        var first = noise.Next();
        var images = sampler.Sample(network, options);

        using var file = new OnnxRun(path);
        List<(string, Array, long[])> inputs = [("noise", Comparison.Floats(first), first.shape)];
        if (options.Labels is { } labels)
            inputs.AddRange([
                ("labels", labels.Select(label => (long)label).ToArray(), [labels.Count]),
                ("guidance", new[] { (float)options.Guidance }, []),
            ]);
        var (bytes, shape) = file.Run<byte>([.. inputs]);

        var levels = Comparison.Floats((images.clamp(-1, 1).permute(0, 2, 3, 1) + 1) * 127.5);
        Assert.Equal([images.shape[0], images.shape[2], images.shape[3], images.shape[1]], shape);
        Assert.True(levels.Distinct().Count() > levels.Length / 10, "The pictures are nearly one colour, which proves nothing.");
        const double most = 0.5 + 127.5 * Closeness;
        Assert.All(levels.Zip(bytes), pair => Assert.InRange(pair.Second - pair.First, -most, most));
    }
}
