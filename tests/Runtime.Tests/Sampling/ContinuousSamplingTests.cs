using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>
/// Samplers of a flow and of EDM for normally distributed data, where the best network and what the ODE makes of a noise are known.
/// </summary>
public class ContinuousSamplingTests
{
    private const double Mean = 0.3;
    private const double Deviation = 0.5;

    private static readonly DiffusionOptions Flow = new() { Type = DiffusionType.Flow };
    private static readonly DiffusionOptions Edm = new() { Type = DiffusionType.Edm };

    [Fact]
    public void Euler_is_of_first_order_and_heun_is_of_second()
    {
        Assert.InRange(Order(Flow, steps => new DdimSampler(steps)), 0.9, 1.1);
        Assert.InRange(Order(Flow, steps => new HeunSampler(steps)), 1.8, 2.2);
        Assert.InRange(Order(Edm, steps => new DdimSampler(steps)), 0.9, 1.1);
        Assert.InRange(Order(Edm, steps => new HeunSampler(steps)), 1.8, 2.2);
        Assert.InRange(Order(Edm, steps => new DpmSolverSampler(steps)), 1.8, 2.2);
    }

    [Fact]
    public void Dpm_solver_goes_over_a_flow_though_its_first_lambda_is_infinite()
    {
        Assert.True(Error(Flow, new DpmSolverSampler(80)) < 0.5 * Error(Flow, new DdimSampler(80)));
    }

    [Theory]
    [InlineData(DiffusionType.Flow)]
    [InlineData(DiffusionType.Edm)]
    public void With_fresh_noise_pictures_are_distributed_as_the_data(DiffusionType type)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var options = new DiffusionOptions { Type = type };
        foreach (var sampler in new SpacedSampler[] { new DdimSampler(640, eta: 1), new HeunSampler(80, churn: 20) })
        {
            using var walk = new Walk(Gaussian(options), noise: Noise);
            var times = sampler.Times(walk.Diffusion.Levels);
            var x = walk.Through(sampler, Noise() * walk.Diffusion.Levels.At(times[0]).Noise, times);
            Assert.Equal(Mean, x.mean().item<float>(), 0.02);
            Assert.Equal(Deviation, x.std().item<float>(), 0.02);
        }

        Tensor Noise() => randn([20_000, 1, 1, 1], generator: generator);
    }

    [Theory]
    [InlineData(DiffusionType.Flow)]
    [InlineData(DiffusionType.Edm)]
    public void What_a_network_predicts_is_told_by_the_levels_alone(DiffusionType type)
    {
        using var scope = NewDisposeScope();
        using var diffusion = DiffusionProcess.Of(new() { Type = type });
        var (x, said) = (randn(2, 1, 3, 3), randn(2, 1, 3, 3));
        foreach (var time in new[] { 0.02, 0.5, 1.0 })
        {
            var t = diffusion.Times(x, time);
            var (scale, timestep, skip, output) = diffusion.Levels.PreconditioningAt(time);
            var (asked, timesteps) = diffusion.Asked(x, t);

            Assert.True(asked.allclose(scale * x, 1e-5, 1e-6));
            Assert.Equal(timestep, timesteps[1].item<float>(), 1e-4);
            Assert.True(diffusion.PredictX0(x, t, said).allclose(skip * x + output * said, 1e-5, 1e-6));
        }
    }

    [Fact]
    public void Spacings_and_samplers_of_timesteps_are_refused_with_the_reason()
    {
        Assert.Contains("`shift` in its spec moves them", Refusal(Flow, new HeunSampler(5, spacing: TimestepSpacing.Karras)));
        Assert.Contains("Use the spacing karras or log-snr", Refusal(Edm, new DdimSampler(5, spacing: TimestepSpacing.Trailing)));
        Assert.Contains("The ancestral sampler is a DDPM's", Refusal(Edm, new AncestralSampler()));
        Assert.Contains("The ancestral sampler is a DDPM's", Refusal(Flow, new AncestralSampler()));

        static string Refusal(DiffusionOptions options, Sampler sampler) =>
            Assert.Throws<UNetGenException>(() => sampler.Times(NoiseLevels.Of(options))).Message;
    }

    [Fact]
    public void Where_no_spacing_is_given_it_is_the_networks()
    {
        var heun = new HeunSampler(4);
        Assert.Equal([1, 0.75, 0.5, 0.25, 0], heun.Times(NoiseLevels.Of(Flow)));
        Assert.Equal(80, heun.Times(NoiseLevels.Of(Edm))[0], 1e-9);
        Assert.Equal(0.002, heun.Times(NoiseLevels.Of(Edm))[3], 1e-9);
        Assert.Equal("Heun (EDM), 4 steps, usual spacing, churn 0", heun.Description);
        Assert.Equal("Heun (EDM), 4 steps, spacing even, churn 0", heun.DescriptionFor(NoiseLevels.Of(Flow)));
        Assert.Equal("Heun (EDM), 4 steps, spacing karras, churn 0", heun.DescriptionFor(NoiseLevels.Of(Edm)));
        Assert.Equal("Heun (EDM), 4 steps, spacing karras, churn 0", heun.DescriptionFor(NoiseLevels.Of(new())));
        Assert.Null(heun.Spacing);
        Assert.Equal("DDIM, 4 steps, spacing even, eta 0", new DdimSampler(4).DescriptionFor(NoiseLevels.Of(Flow)));
        Assert.Equal(
            "DPM-Solver++(2M), 4 steps, spacing log-snr",
            new DpmSolverSampler(4, TimestepSpacing.LogSnr).DescriptionFor(NoiseLevels.Of(Edm)));
        Assert.Equal(
            new HeunSampler(4, spacing: TimestepSpacing.Karras).Times(NoiseLevels.Of(new())), heun.Times(NoiseLevels.Of(new())));
    }

    /// <summary>The slope of log error over log steps.</summary>
    private static double Order(DiffusionOptions options, Func<int, SpacedSampler> sampler) =>
        Math.Log2(Error(options, sampler(40)) / Error(options, sampler(160))) / 2;

    /// <summary>The largest distance of what is drawn, before a last step from sigma_min to 0, from the ODE's own solution.</summary>
    private static double Error(DiffusionOptions options, SpacedSampler sampler)
    {
        using var scope = NewDisposeScope();
        using var walk = new Walk(Gaussian(options));
        var levels = walk.Diffusion.Levels;
        IReadOnlyList<double> all = sampler.Times(levels);
        var times = options.Type == DiffusionType.Edm ? [.. all.SkipLast(1)] : all;
        var (first, last) = (levels.At(times[0]), levels.At(times[^1]));
        var normal = linspace(-2, 2, 9, ScalarType.Float64).reshape(1, 1, 3, 3);
        var start = first.Image * Mean + normal * Spread(first);
        var exact = last.Image * Mean + normal * Spread(last);
        return (walk.Through(sampler, start, times) - exact).abs().max().item<double>();
    }

    private static double Spread(NoiseLevel level) => Math.Sqrt(Square(level.Image * Deviation) + Square(level.Noise));

    /// <summary>The network whose estimate is the mean of what the image may be.</summary>
    private static FunctionPredictor Gaussian(DiffusionOptions options)
    {
        var levels = NoiseLevels.Of(options);
        return new(options, (asked, timesteps, _) =>
        {
            var told = timesteps[0].to(ScalarType.Float64).item<double>();
            var time = options.Type == DiffusionType.Flow ? told / 1000 : Math.Exp(4 * told);
            var (level, wrap) = (levels.At(time), levels.PreconditioningAt(time));
            var x = asked / wrap.In;
            var gain = level.Image * Square(Deviation) / Square(Spread(level));
            var clean = Mean + gain * (x - level.Image * Mean);
            return (clean - wrap.Skip * x) / wrap.Out;
        });
    }

    private static double Square(double value) => value * value;
}
