using CsCheck;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>Schedules with betas of other ends, and those that end without signal.</summary>
public class ZeroTerminalScheduleTests
{
    // What float32 is off by: of betas, as 1 less a ratio of alpha-bars, also near 0.
    private const double Float32 = 5e-6;

    private static readonly DiffusionOptions Options = new()
    {
        Objective = Objective.V,
        ScheduleRescale = ScheduleRescale.ZeroTerminalSnr,
        LossWeight = LossWeight.Plain,
    };

    private static readonly Gen<DiffusionOptions> AnyRescaled =
        from timesteps in Gen.Int[25, 1500]
        from schedule in Gen.Enum<BetaSchedule>()
        from objective in Gen.OneOf(Objective.X0, Objective.V)
        from start in Gen.Double[1e-5, 1e-2]
        from end in Gen.Double[1e-2, 2.4e-2]
        select Options with { Timesteps = timesteps, Schedule = schedule, Objective = objective, BetaStart = start, BetaEnd = end };

    public static TheoryData<int> Schedules => [.. Enumerable.Range(0, GoldenZeroTerminal.File.Schedules.Length)];

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Schedules_with_and_without_their_last_signal_are_diffusers(int number)
    {
        var golden = GoldenZeroTerminal.File.Schedules[number];

        AssertNumbers(golden.Plain, ScheduleRescale.None);
        AssertNumbers(golden.ZeroTerminalSnr, ScheduleRescale.ZeroTerminalSnr);

        void AssertNumbers(GoldenZeroTerminal.Numbers numbers, ScheduleRescale rescale)
        {
            var schedule = new NoiseSchedule(golden.Options(rescale));
            for (var i = 0; i < golden.Index.Length; i++)
            {
                var t = golden.Index[i];
                Assert.Equal(numbers.Betas[i], schedule.Betas[t], Float32);
                Assert.Equal(numbers.AlphasCumprod[i], schedule.AlphasCumprod[t], Float32);
                AssertExact(numbers.Exact[i], schedule.AlphasCumprod[t]);
                if (numbers.ExactBetas is { } betas)
                    AssertExact(betas[i], schedule.Betas[t]);
            }
        }
    }

    [Fact]
    public void Betas_of_other_ends_are_diffusers() => Assert.All(GoldenZeroTerminal.File.Customs, golden =>
    {
        var schedule = new NoiseSchedule(golden.Options);
        for (var i = 0; i < golden.Index.Length; i++)
        {
            var t = golden.Index[i];
            Assert.Equal(golden.Betas[i], schedule.Betas[t], Float32);
            Assert.Equal(golden.AlphasCumprod[i], schedule.AlphasCumprod[t], Float32);
            AssertExact(golden.ExactBetas[i], schedule.Betas[t]);
            AssertExact(golden.Exact[i], schedule.AlphasCumprod[t]);
        }
    });

    [Theory]
    [InlineData(1000, true)]
    [InlineData(250, true)]
    [InlineData(250, false)]
    public void The_usual_ends_are_the_betas_of_before_they_could_be_said_to_the_bit(int timesteps, bool scaling)
    {
        var schedule = new NoiseSchedule(new() { Timesteps = timesteps, ScheduleScaling = scaling });

        var scale = scaling ? 1000.0 / timesteps : 1;
        var (first, last) = (scale * 1e-4, scale * 0.02);
        Assert.Equal(Enumerable.Range(0, timesteps).Select(t => first + (last - first) * t / (timesteps - 1)), [.. schedule.Betas]);
        var said = new NoiseSchedule(new() { Timesteps = timesteps, ScheduleScaling = scaling, BetaStart = 1e-4, BetaEnd = 0.02 });
        Assert.Equal(schedule.Betas.ToArray(), said.Betas.ToArray());
    }

    [Fact]
    public void Nothing_is_left_at_the_last_timestep_and_the_first_one_stays() => AnyRescaled.Sample(options =>
    {
        var plain = new NoiseSchedule(options with { ScheduleRescale = ScheduleRescale.None });
        var schedule = new NoiseSchedule(options);

        Assert.Equal(0, schedule.AlphasCumprod[^1]);
        Assert.Equal(1, schedule.Betas[^1]);
        Assert.Equal(0, schedule.SignalToNoise[^1]);
        Assert.Equal(plain.AlphasCumprod[0], schedule.AlphasCumprod[0], 1e-12);
        for (var t = 0; t < schedule.Timesteps; t++)
        {
            Assert.True(schedule.AlphasCumprod[t] < schedule.AlphasCumprodPrevious[t]);
            Assert.True(schedule.AlphasCumprod[t] <= plain.AlphasCumprod[t] * (1 + 1e-12));
            Assert.InRange(schedule.Betas[t], double.Epsilon, 1);
            Assert.InRange(schedule.PosteriorVariance[t], 0, schedule.Betas[t]);
            Assert.Equal(1, schedule.LossWeights[t]);
            double[] numbers =
            [
                schedule.PosteriorLogVarianceClipped[t], schedule.PosteriorMeanCoefficientX0[t], schedule.PosteriorMeanCoefficientXt[t],
            ];
            Assert.All(numbers, number => Assert.True(double.IsFinite(number)));
        }
    }, iter: 100);

    [Fact]
    public void At_the_last_timestep_v_is_the_image_with_its_sign_changed_and_its_error_counts()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(Options);
        var (x0, noise, t) = (Images("input:x0", 2), Fill.Input("input:noise", 2, 1, 4, 4), tensor(new[] { 999L, 999 }));

        var xt = diffusion.QSample(x0, t, noise);
        Assert.Equal(noise.data<float>(), xt.data<float>());
        Assert.Equal((-x0).data<float>(), diffusion.Target(x0, t, noise).data<float>());
        Assert.Equal(x0.data<float>(), diffusion.PredictX0(xt, t, -x0).data<float>());
        Assert.Equal(
            x0.square().mean().item<float>(), diffusion.Loss(zeros_like(x0), x0, xt, t, noise).item<float>(), 1e-6);
    }

    [Fact]
    public void A_learned_variance_has_a_finite_loss_at_every_timestep()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(
            Options with { Timesteps = 50, Objective = Objective.X0, Variance = Variance.LearnedRange });
        var t = arange(50, ScalarType.Int64);
        var (x0, noise) = (Images("input:x0", 50), Fill.Input("input:noise", 50, 1, 4, 4));
        var prediction = Fill.Input("prediction", 50, 2, 4, 4).requires_grad_();

        var loss = diffusion.Loss(prediction, x0, diffusion.QSample(x0, t, noise), t, noise);
        loss.backward();

        Assert.True(double.IsFinite(loss.item<float>()));
        Assert.True(prediction.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void Plain_weights_are_1_for_every_objective()
    {
        foreach (var objective in Enum.GetValues<Objective>())
        {
            var schedule = new NoiseSchedule(new() { Objective = objective, LossWeight = LossWeight.Plain });
            Assert.All(schedule.LossWeights, weight => Assert.Equal(1, weight));
        }
    }

    [Fact]
    public void A_last_timestep_that_cannot_be_learnt_is_refused_with_what_can()
    {
        Assert.Contains("`Objective` must be V or X0", Refusal(Options with { Objective = Objective.Noise }));
        Assert.Contains("`LossWeight` None weighs it", Refusal(Options with { LossWeight = LossWeight.None }));
        Assert.Contains("`LossWeight` must be Plain", Refusal(Options with { LossWeight = LossWeight.MinSnr }));
        Assert.Contains("needs at least 2 timesteps", Refusal(Options with { Timesteps = 1, Schedule = BetaSchedule.Cosine }));
        Assert.Contains("has beta 0 at timestep 0", Refusal(Options with { BetaStart = 0 }));
        Assert.Contains("at least 13 timesteps", Refusal(new() { Timesteps = 12, BetaEnd = 0.012 }));

        static string Refusal(DiffusionOptions options) => Assert.Throws<UNetGenException>(() => new NoiseSchedule(options)).Message;
    }

    private static Tensor Images(string name, int count) => Fill.Input(name, 1.0, count, 1, 4, 4);

    private static void AssertExact(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-9 * Math.Abs(expected), $"expected {expected:R}, got {actual:R}");
}
