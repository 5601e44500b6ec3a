using CsCheck;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

public class NoiseScheduleTests
{
    // The reference stores float32: a number is right to one unit in its last place.
    private const double Float32 = 1.2e-7;

    [Theory]
    [InlineData(1_000_001, "A diffusion has at most 1,000,000 timesteps, but `Timesteps` is 1,000,001.")]
    [InlineData(int.MaxValue, "A diffusion has at most 1,000,000 timesteps, but `Timesteps` is 2,147,483,647.")]
    [InlineData(-3, "A diffusion needs at least 1 timestep, but `Timesteps` is -3.")]
    public void So_many_timesteps_as_no_spec_may_ask_for_are_refused_at_once(int timesteps, string message) =>
        Assert.Equal(message, Assert.Throws<UNetGenException>(() => new NoiseSchedule(new() { Timesteps = timesteps })).Message);

    [Theory]
    [InlineData("linear")]
    [InlineData("cosine")]
    public void Schedules_are_the_references(string name)
    {
        var golden = GoldenDiffusion.Of(name);
        var schedule = new NoiseSchedule(golden.Options());
        var minSnr = new NoiseSchedule(golden.Options(LossWeight.MinSnr));

        for (var i = 0; i < golden.Index.Length; i++)
        {
            var t = golden.Index[i];
            AssertRelative(golden.Betas[i], schedule.Betas[t]);
            AssertRelative(golden.AlphasCumprod[i], schedule.AlphasCumprod[t]);
            AssertRelative(golden.PosteriorVariance[i], schedule.PosteriorVariance[t]);
            AssertRelative(golden.LossWeightNoMinSnr[i], schedule.LossWeights[t]);
            AssertRelative(golden.MinSnr5LossWeight[i], minSnr.LossWeights[t]);
        }
        foreach (var step in golden.AncestralStepClipped)
            AssertRelative(step.LogVariance, schedule.PosteriorLogVarianceClipped[step.T]);
    }

    [Fact]
    public void Scaled_linear_betas_are_squares_of_even_steps()
    {
        var schedule = new NoiseSchedule(new() { Schedule = BetaSchedule.ScaledLinear });

        AssertRelative(1e-4, schedule.Betas[0]);
        AssertRelative(0.02, schedule.Betas[999]);
        var step = (Math.Sqrt(0.02) - 0.01) / 999;
        for (var t = 1; t < 1000; t++)
            Assert.Equal(step, Math.Sqrt(schedule.Betas[t]) - Math.Sqrt(schedule.Betas[t - 1]), 1e-12);
    }

    [Fact]
    public void Unscaled_linear_betas_run_from_1e_minus_4_to_0_02_whatever_the_number_of_timesteps()
    {
        var schedule = new NoiseSchedule(new() { Timesteps = 10, ScheduleScaling = false });

        AssertRelative(1e-4, schedule.Betas[0]);
        AssertRelative(0.02, schedule.Betas[9]);
    }

    [Fact]
    public void A_sigmoids_alpha_bar_is_the_sigmoid_between_minus_3_and_3_scaled_to_1_and_0()
    {
        var schedule = new NoiseSchedule(new() { Schedule = BetaSchedule.Sigmoid });

        static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
        for (var t = 0; t < 999; t++)
        {
            // Jabri et al. 2022: (sigmoid(end) - sigmoid(start + (end - start) progress)) / (sigmoid(end) - sigmoid(start)).
            var expected = (Sigmoid(3) - Sigmoid(-3 + 6 * (t + 1) / 1000.0)) / (Sigmoid(3) - Sigmoid(-3));
            Assert.Equal(expected, schedule.AlphasCumprod[t], 1e-12);
        }
        Assert.Equal(0.999, schedule.Betas[999]);
    }

    private static readonly Gen<DiffusionOptions> AnyOptions =
        from timesteps in Gen.Int[21, 1500]
        from schedule in Gen.Enum<BetaSchedule>()
        from objective in Gen.Enum<Objective>()
        from gamma in Gen.Double[0.1, 20]
        select new DiffusionOptions { Timesteps = timesteps, Schedule = schedule, Objective = objective, MinSnrGamma = gamma };

    [Fact]
    public void Noise_only_grows_and_the_posterior_is_never_wider_than_the_step() => AnyOptions.Sample(options =>
    {
        var schedule = new NoiseSchedule(options);
        for (var t = 0; t < schedule.Timesteps; t++)
        {
            Assert.InRange(schedule.Betas[t], double.Epsilon, 0.999);
            Assert.True(schedule.AlphasCumprod[t] < schedule.AlphasCumprodPrevious[t]);
            Assert.InRange(schedule.PosteriorVariance[t], 0, schedule.Betas[t]);
        }
    }, iter: 100);

    [Fact]
    public void Without_noise_the_posterior_mean_of_a_step_is_the_image_at_the_step_before() => AnyOptions.Sample(options =>
    {
        // q(x_t-1 | x_t, x_0) at x_t = sqrt(alpha-bar_t) x_0 has its mean at sqrt(alpha-bar_t-1) x_0.
        var schedule = new NoiseSchedule(options);
        for (var t = 0; t < schedule.Timesteps; t++)
        {
            var mean = schedule.PosteriorMeanCoefficientX0[t] + schedule.PosteriorMeanCoefficientXt[t] * Math.Sqrt(
                schedule.AlphasCumprod[t]);
            Assert.Equal(Math.Sqrt(schedule.AlphasCumprodPrevious[t]), mean, 1e-9);
        }
    }, iter: 50);

    [Fact]
    public void Min_snr_clips_the_weight_of_an_x0_prediction_at_gamma_and_weighs_objectives_alike() => AnyOptions.Sample(options =>
    {
        var clipped = options with { LossWeight = LossWeight.MinSnr };
        var x0 = new NoiseSchedule(clipped with { Objective = Objective.X0 });
        var noise = new NoiseSchedule(clipped with { Objective = Objective.Noise });
        var v = new NoiseSchedule(clipped with { Objective = Objective.V });
        for (var t = 0; t < x0.Timesteps; t++)
        {
            // An error e of x_0 is an error e sqrt(snr) of the noise, and e sqrt(snr + 1) of v.
            var snr = x0.SignalToNoise[t];
            AssertRelative(Math.Min(snr, options.MinSnrGamma), x0.LossWeights[t]);
            Assert.Equal(x0.LossWeights[t], noise.LossWeights[t] * snr, 1e-9);
            Assert.Equal(x0.LossWeights[t], v.LossWeights[t] * (snr + 1), 1e-9);
        }
    }, iter: 50);

    [Fact]
    public void A_beta_that_float32_makes_1_is_refused() => Assert.Contains(
        "has beta 1 at timestep 999, outside (0, 1)",
        Assert.Throws<UNetGenException>(() => new NoiseSchedule(new() { BetaEnd = 0.99999999999 })).Message);

    public static TheoryData<DiffusionOptions, string> WithoutSignal => new()
    {
        { new() { BetaEnd = 0.5 }, "`BetaEnd` or `BetaStart`." },
        { new() { BetaEnd = 0.5, Objective = Objective.X0 }, "`BetaEnd` or `BetaStart`." },
        { new() { Schedule = BetaSchedule.ScaledLinear, BetaEnd = 0.9 }, "`BetaEnd`, `BetaStart` or `Timesteps`." },
        { new() { Timesteps = 1_000_000, ScheduleScaling = false }, "`BetaEnd`, `BetaStart` or `Timesteps`." },
        {
            new()
            {
                BetaEnd = 0.5, Objective = Objective.V, LossWeight = LossWeight.Plain, ScheduleRescale = ScheduleRescale.ZeroTerminalSnr,
            },
            "`BetaEnd` or `BetaStart`."
        },
    };

    [Theory]
    [MemberData(nameof(WithoutSignal))]
    public void Betas_that_leave_less_of_the_image_than_float32_holds_are_refused(DiffusionOptions options, string lower)
    {
        var error = Assert.Throws<UNetGenException>(() => new NoiseSchedule(options)).Message;

        Assert.Contains("leaves of the image less than 1.17549435e-38", error);
        Assert.EndsWith(lower, error);
    }

    [Theory]
    [InlineData(BetaSchedule.Linear)]
    [InlineData(BetaSchedule.Cosine)]
    [InlineData(BetaSchedule.Sigmoid)]
    public void A_million_timesteps_leave_as_much_as_a_thousand(BetaSchedule schedule) => Assert.True(
        new NoiseSchedule(new() { Timesteps = 1_000_000, Schedule = schedule }).AlphasCumprod[^1] > 1e-20);

    [Fact]
    public void The_most_noise_that_is_allowed_is_drawn_from_without_clipping()
    {
        var options = new DiffusionOptions { BetaEnd = 0.16, ClipSample = false };
        Assert.InRange(new NoiseSchedule(options).AlphasCumprod[^1], LinearBetas.LeastSignal, 1e-35);
        using var process = new GaussianDiffusion(options);
        using var noise = ones(1, 1, 2, 2);
        using var t = tensor(new long[] { 999 });
        using var x0 = process.PredictX0(noise, t, noise * 0.5);

        Assert.True(x0.isfinite().all().item<bool>());
    }

    [Theory]
    [InlineData(20)]
    [InlineData(2)]
    public void Betas_outside_0_and_1_are_refused_with_the_way_out(int timesteps)
    {
        var error = Assert.Throws<UNetGenException>(() => new NoiseSchedule(new() { Timesteps = timesteps }));

        Assert.Contains($"over {timesteps} timesteps has beta", error.Message);
        Assert.Contains("at least 21 timesteps, or switch `ScheduleScaling` off (in a spec: `schedule_scaling: false`)", error.Message);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(1e300)]
    public void Where_no_number_of_timesteps_leaves_a_signal_none_is_proposed(double end)
    {
        var error = Assert.Throws<UNetGenException>(() => new NoiseSchedule(new() { Timesteps = 10, BetaEnd = end }));

        Assert.Contains("use a lower `BetaEnd`, or switch `ScheduleScaling` off", error.Message);
    }

    [Fact]
    public void Twenty_one_timesteps_are_enough() => Assert.Equal(21, new NoiseSchedule(new() { Timesteps = 21 }).Timesteps);

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void No_timesteps_are_refused(int timesteps) =>
        Assert.Contains(
            $"`Timesteps` is {timesteps}",
            Assert.Throws<UNetGenException>(() => new NoiseSchedule(new() { Timesteps = timesteps })).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    public void A_gamma_that_is_not_positive_is_refused(double gamma) =>
        Assert.Contains(
            "`MinSnrGamma` must be a positive number",
            Assert.Throws<UNetGenException>(() => new NoiseSchedule(new() { MinSnrGamma = gamma })).Message);

    private static void AssertRelative(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Float32 * Math.Abs(expected), $"expected {expected:R}, got {actual:R}");
}
