using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Drawing from a timestep at which nothing is left of the image, and guidance that is rescaled.</summary>
public class ZeroTerminalSamplingTests
{
    private static readonly GoldenZeroTerminal Golden = GoldenZeroTerminal.File;

    private static readonly DiffusionOptions Options = new()
    {
        Objective = Objective.V,
        ScheduleRescale = ScheduleRescale.ZeroTerminalSnr,
        LossWeight = LossWeight.Plain,
    };

    public static TheoryData<int, int> Drawn
    {
        get
        {
            var cases = new TheoryData<int, int>();
            for (var schedule = 0; schedule < Golden.Schedules.Length; schedule++)
            {
                for (var drawn = 0; drawn < Golden.Schedules[schedule].Drawn.Length; drawn++)
                    cases.Add(schedule, drawn);
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Drawn))]
    public void Ddim_from_the_last_timestep_draws_as_diffusers_does(int schedule, int number)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Schedules[schedule].Drawn[number];
        var network = Toy(Golden.Schedules[schedule].Options(ScheduleRescale.ZeroTerminalSnr));
        var options = new SamplingOptions { Clip = golden.Clip };
        var sampler = new DdimSampler(golden.Steps, 0, TimestepSpacing.Trailing, rederiveNoise: false);
        var xT = Fill.Input("input:xT", 2, 1, 4, 4);
        // Without set_alpha_to_one diffusers ends with the noise of timestep 0.
        double[] times = [.. golden.Timesteps, golden.SetAlphaToOne ? -1 : 0];

        using var walk = new Walk(network, options);
        Assert.Equal([.. golden.Timesteps, -1], sampler.Times(walk.Schedule));
        using var diffusion = new GaussianDiffusion(network.Diffusion);
        using var denoiser = new Denoiser(network, diffusion, options with { Count = 2 });
        Agree.Values(GoldenDiffusion.Floats(golden.FirstX0), denoiser.Denoise(xT, times[0]).X0, 5e-6);
        Agree.Values(GoldenDiffusion.Floats(golden.FirstStep), walk.Through(sampler, xT, times[..2]), 5e-6);
        Agree.Values(GoldenDiffusion.Floats(golden.Output), walk.Through(sampler, xT, times), 5e-5);
        if (golden.Rederived is { } rederived)
        {
            sampler = new DdimSampler(golden.Steps, 0, TimestepSpacing.Trailing);
            Agree.Values(GoldenDiffusion.Floats(rederived), walk.Through(sampler, xT, times), 5e-5);
        }
    }

    [Fact]
    public void Dpm_solver_takes_its_first_two_steps_by_the_first_order_since_lambda_begins_at_minus_infinity()
    {
        using var scope = NewDisposeScope();
        using var walk = new Walk(Toy(Options), new() { Clip = false });
        var sampler = new DpmSolverSampler(6);
        var times = sampler.Times(walk.Schedule);
        var xT = Fill.Input("input:xT", 2, 1, 4, 4);

        var expected = xT.data<float>().Select(x => (float)DpmSolver(walk.Schedule, x, times)).ToArray();

        Assert.Equal(999, times[0]);
        Agree.Values(expected, walk.Through(sampler, xT, times), 2e-6);
    }

    /// <summary>
    /// One value on its way, in float64, with steps in DDIM's form: of an estimate of the image they are DPM-Solver++'s (Lu et al. 2022,
    /// proposition 4.1), and no logarithm of 0 is in them.
    /// </summary>
    private static double DpmSolver(NoiseSchedule schedule, double x, IReadOnlyList<double> times)
    {
        var before = 0.0;
        for (var i = 0; i + 1 < times.Count; i++)
        {
            var now = schedule.At(times[i]);
            var x0 = now.Image * x - now.Noise * (0.6 * x * Math.Cos(0.01 * times[i]) + 0.05);
            var next = schedule.At(times[i + 1]);
            var target = x0;
            if (i > 1 && times[i + 1] >= 0)
                target += (Lambda(i + 1) - Lambda(i)) / (2 * (Lambda(i) - Lambda(i - 1))) * (x0 - before);
            var noise = next.Noise / now.Noise;
            x = times[i + 1] < 0 ? x0 : noise * x + (next.Image - now.Image * noise) * target;
            before = x0;
        }
        return x;

        double Lambda(int i) => Math.Log(schedule.SignalToNoise[(int)times[i]]) / 2;
    }

    public static TheoryData<string> Samplers => [.. Making.Keys];

    private static readonly Dictionary<string, Sampler> Making = new()
    {
        ["ancestral"] = new AncestralSampler(),
        ["ancestral, beta's variance"] = new AncestralSampler(Variance.FixedLarge),
        ["DDIM, fresh noise"] = new DdimSampler(7, 1),
        ["DDIM, trailing"] = new DdimSampler(7, 0.5, TimestepSpacing.Trailing),
        ["DDIM, one step"] = new DdimSampler(1),
        ["DPM-Solver++, trailing"] = new DpmSolverSampler(7, TimestepSpacing.Trailing),
        ["DPM-Solver++, log-snr"] = new DpmSolverSampler(7, TimestepSpacing.LogSnr),
        ["Heun, Karras"] = new HeunSampler(7),
        ["Heun, Karras, churn"] = new HeunSampler(7, 100),
        ["Heun, log-snr"] = new HeunSampler(7, 0, TimestepSpacing.LogSnr),
        ["Heun, one step"] = new HeunSampler(1, 0, TimestepSpacing.Even),
    };

    [Theory]
    [MemberData(nameof(Samplers))]
    public void A_network_that_knows_the_image_draws_it_from_nothing_but_noise(string sampler)
    {
        // Of an image c everywhere v = (sqrt(alpha-bar) x - c) / sqrt(1 - alpha-bar).
        var schedule = new NoiseSchedule(Options with { Timesteps = 60 });
        var network = new FunctionPredictor(Options with { Timesteps = 60 }, (x, t, _) =>
        {
            var level = schedule.At(t[0].item<long>());
            return (level.Image * x - 0.25) / level.Noise;
        });

        using var drawn = Making[sampler].Sample(network, new() { Count = 3 });

        Assert.All(drawn.data<float>(), value => Assert.Equal(0.25, value, 1e-4));
    }

    [Theory]
    [InlineData(TimestepSpacing.Even)]
    [InlineData(TimestepSpacing.Trailing)]
    [InlineData(TimestepSpacing.Linspace)]
    public void Heun_does_not_begin_where_sigma_is_infinite_and_says_what_does(TimestepSpacing spacing)
    {
        var message = Assert.Throws<UNetGenException>(() => new HeunSampler(5, 0, spacing).Sample(Toy(Options), new())).Message;

        Assert.Contains("can't begin at time 999", message);
        Assert.Contains("the spacing karras or log-snr, which begin at sigma 80, or another sampler", message);
    }

    [Fact]
    public void Rescaled_guidance_is_diffusers()
    {
        using var scope = NewDisposeScope();
        var shape = Golden.GuidanceRescale.Shape.Select(size => (long)size).ToArray();
        var (text, without) = (Fill.Input("input:text", shape), Fill.Input("input:uncond", shape));
        var network = new FunctionPredictor(
            new() { Objective = Objective.X0 }, 2, (x, _, labels, _) => labels![0].item<long>() == 0 ? text.clone() : without.clone());
        using var diffusion = new GaussianDiffusion(network.Diffusion);

        Assert.All(Golden.GuidanceRescale.Cases, golden =>
        {
            Agree.Values(GoldenDiffusion.Floats(golden.Guided), Guided(golden.Scale, 0), 2e-6);
            Agree.Values(GoldenDiffusion.Floats(golden.Output), Guided(golden.Scale, golden.Rescale), 2e-6);
            var full = Guided(golden.Scale, 1).flatten(1).std([1L]);
            Agree.Values([.. golden.StdText.Select(value => (float)value)], full, 2e-6);
        });

        Tensor Guided(double scale, double rescale)
        {
            using var denoiser = new Denoiser(
                network, diffusion,
                new() { Count = (int)shape[0], Labels = [0], Guidance = scale, GuidanceRescale = rescale, Clip = false });
            return denoiser.Denoise(zeros(shape), 0).X0;
        }
    }

    [Fact]
    public void A_guided_prediction_that_is_the_same_everywhere_stays_as_it_is()
    {
        var network = new FunctionPredictor(
            new() { Timesteps = 100, Objective = Objective.X0 }, 2,
            (x, _, labels, _) => (0.2 - 0.1 * labels!.reshape(-1, 1, 1, 1)).to(ScalarType.Float32) * ones_like(x));

        using var drawn = new DdimSampler(2).Sample(network, new() { Count = 1, Labels = [0], Guidance = 2, GuidanceRescale = 0.5 });

        Assert.All(drawn.data<float>(), value => Assert.Equal(0.3, value, 1e-6));
    }

    [Theory]
    [InlineData(-0.1, 2, "from 0, which is not at all, to 1, but `GuidanceRescale` is -0.1")]
    [InlineData(1.5, 2, "to 1, but `GuidanceRescale` is 1.5")]
    [InlineData(double.NaN, 2, "to 1, but `GuidanceRescale` is NaN")]
    [InlineData(0.7, 1, "with a guidance of 1 there is none")]
    public void A_rescaling_that_makes_no_sense_is_refused(double rescale, double guidance, string message)
    {
        var network = new FunctionPredictor(new() { Timesteps = 100 }, 3, (x, _, _, _) => x.clone());

        Assert.Contains(message, Assert.Throws<UNetGenException>(() => new DdimSampler(2).Sample(
            network, new() { Labels = [0], Guidance = guidance, GuidanceRescale = rescale })).Message);
    }

    private static FunctionPredictor Toy(DiffusionOptions options) => new(options, (x, t, _) => GoldenDiffusion.Predict(x, t));
}
