using TorchSharp;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>
/// For normally distributed data the best denoiser is known in closed form, and so is what the diffusion's ODE makes of a noise: how fast
/// a sampler nears it with more steps is its order.
/// </summary>
public class SolverOrderTests
{
    private const double Mean = 0.3;
    private const double Deviation = 0.5;

    // So many timesteps that rounding to them is below the samplers' errors.
    private static readonly DiffusionOptions Options = new() { Timesteps = 20_000, Objective = Objective.X0 };

    private static readonly NoiseSchedule Schedule = new(Options);

    [Theory]
    [InlineData(TimestepSpacing.LogSnr)]
    [InlineData(TimestepSpacing.Karras)]
    public void Ddim_is_of_first_order_and_dpm_solver_and_heun_are_of_second(TimestepSpacing spacing)
    {
        Assert.InRange(Order(steps => new DdimSampler(steps, spacing: spacing)), 0.9, 1.1);
        Assert.InRange(Order(steps => new DpmSolverSampler(steps, spacing)), 1.9, 2.2);
        Assert.InRange(Order(steps => new HeunSampler(steps, spacing: spacing)), 1.9, 2.2);
    }

    [Fact]
    public void Of_second_order_the_error_is_far_smaller_for_the_same_number_of_passes()
    {
        var ddim = Error(new DdimSampler(160, spacing: TimestepSpacing.LogSnr));
        Assert.True(Error(new DpmSolverSampler(160, TimestepSpacing.LogSnr)) < 0.05 * ddim);
        Assert.True(Error(new HeunSampler(80, spacing: TimestepSpacing.LogSnr)) < 0.2 * ddim);
    }

    [Fact]
    public void With_fresh_noise_heuns_pictures_are_distributed_as_the_data()
    {
        using var scope = NewDisposeScope();
        // One of its own: other tests draw from libtorch's at the same time, and seed it.
        using var generator = new Generator(3);
        foreach (var churn in new[] { 0.0, 20 })
        {
            using var walk = new Walk(Gaussian(), new() { Clip = false }, Noise);
            var sampler = new HeunSampler(80, churn);
            var x = walk.Through(sampler, Noise(), sampler.Times(Schedule));
            Assert.Equal(Mean, x.mean().item<float>(), 0.015);
            Assert.Equal(Deviation, x.std().item<float>(), 0.015);
        }

        Tensor Noise() => randn([20_000, 1, 1, 1], generator: generator);
    }

    /// <summary>The slope of log error over log steps.</summary>
    private static double Order(Func<int, SpacedSampler> sampler) => Math.Log2(Error(sampler(40)) / Error(sampler(160))) / 2;

    /// <summary>
    /// The largest distance from the ODE's own solution, before the last step, which no solver can do well: it ends at sigma 0.
    /// </summary>
    private static double Error(SpacedSampler sampler)
    {
        using var scope = NewDisposeScope();
        using var walk = new Walk(Gaussian(), new() { Clip = false });
        var times = sampler.Times(Schedule).SkipLast(1).ToList();
        var start = linspace(-2, 2, 9).reshape(1, 1, 3, 3);

        var (first, last) = ((int)times[0], (int)times[^1]);
        var y = start / Factor(first);
        var exact = Mean + (y - Mean) * Math.Sqrt(
            (Square(Deviation) + Square(Schedule.Sigma(last))) / (Square(Deviation) + Square(Schedule.Sigma(first))));
        return (walk.Through(sampler, start, times) - exact * Factor(last)).abs().max().item<float>();
    }

    private static FunctionPredictor Gaussian() => new(Options, (x, t, _) =>
    {
        var time = (int)t[0].item<long>();
        var noise = Square(Schedule.Sigma(time));
        var sum = Square(Deviation) + noise;
        // Held, for nothing else holds them while libtorch reads them.
        using Scalar ofImages = Square(Deviation) / Factor(time) / sum, shift = noise * Mean / sum;
        return (x * ofImages).add(shift, Number.One);
    });

    private static double Factor(int time) => Math.Sqrt(Schedule.AlphasCumprod[time]);

    private static double Square(double value) => value * value;
}
