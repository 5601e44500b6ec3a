using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>
/// Networks of a DDPM in EDM's sampler, of Golden/edm.json: the part <c>iddpm</c>, whose schedule is the cosine here, and
/// <c>discrete</c>. <c>vp</c> is a schedule of continuous time, which no spec here says. Nor does any sampler ask for a sigma at the
/// timestep of another, as <c>iddpm</c>'s D does between the schedule's.
/// </summary>
public class WrappedDdpmTests
{
    private static readonly JsonElement Golden = GoldenFile.Read("edm.json");

    private static readonly long[] Shape = [.. Golden.Numbers("shape").Select(size => (long)size)];

    private static readonly DiffusionOptions Cosine = new() { Schedule = BetaSchedule.Cosine };

    private static readonly DiffusionOptions Linear = new();

    [Fact]
    public void The_cosine_schedule_has_iddpms_sigmas()
    {
        var golden = Golden.GetProperty("iddpm");
        var schedule = new NoiseSchedule(Cosine);
        foreach (var (index, u) in golden.Numbers("index").Zip(golden.Numbers("u_float64")).Where(pair => pair.First < 1000))
            Assert.Equal(u, schedule.Sigma(999 - (int)index), 1e-9 * u);
    }

    [Fact]
    public void A_sigma_is_rounded_to_the_timestep_that_the_reference_rounds_it_to()
    {
        var golden = Golden.GetProperty("iddpm");
        var schedule = new NoiseSchedule(Cosine);
        var (rounded, timesteps) = (golden.Numbers("rounded"), golden.Numbers("c_noise"));
        foreach (var (sigma, i) in golden.Numbers("sigma").Select((sigma, i) => (sigma, i)).Where(pair => timesteps[pair.i] >= 0))
        {
            Assert.Equal(timesteps[i], schedule.NearestTimestep(sigma));
            // Of the least sigmas the reference's float32 has lost some digits.
            Assert.Equal(rounded[i], schedule.Sigma((int)timesteps[i]), 1e-3 * rounded[i]);
        }
    }

    [Fact]
    public void Over_iddpms_steps_heun_and_euler_draw_what_the_reference_draws()
    {
        using var scope = NewDisposeScope();
        foreach (var golden in Golden.GetProperty("iddpm").Each("samplers"))
        {
            using var walk = new Walk(Toy(Cosine), new() { Clip = false });
            double[] times = [.. golden.Numbers("j").Select(j => 999 - j), walk.Schedule.Clean];
            var steps = golden.Whole("steps");
            if (golden.GetProperty("discretization").GetString() == "edm")
                Assert.Equal(times, new HeunSampler(steps).Times(walk.Schedule));
            SpacedSampler sampler = golden.GetProperty("solver").GetString() == "heun" ? new HeunSampler(steps) : new DdimSampler(steps);

            GoldenFile.Agrees(golden.Floats("output"), walk.Through(sampler, Start(walk.Schedule, times[0]), times), 5e-5);
        }
    }

    [Fact]
    public void Times_between_timesteps_and_what_heun_draws_over_them_are_the_references()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Each("discrete").Single(each => each.GetProperty("karras").GetBoolean());
        using var walk = new Walk(Toy(Linear), new() { Clip = false });
        var schedule = walk.Schedule;
        foreach (var (index, sigma) in golden.Numbers("index").Zip(golden.Numbers("sigma")))
            Assert.Equal(sigma, schedule.Sigma((int)index), 1e-4 * sigma);
        GoldenFile.Agrees(golden.Numbers("t_of_sigma"), [.. golden.Numbers("sigmas").Select(schedule.TimeOfSigma)], 2e-5);

        double[] times = [.. golden.Numbers("sampler_sigmas").SkipLast(1).Select(schedule.TimeOfSigma), schedule.Clean];
        GoldenFile.Agrees([.. golden.Numbers("sampler_timesteps").Distinct()], times[..^1], 2e-5);
        var drawn = walk.Through(new HeunSampler(times.Length - 1), Start(schedule, times[0]), times);
        GoldenFile.Agrees(golden.Floats("output"), drawn, 1e-4);
    }

    [Fact]
    public void Sigmas_that_are_linear_between_timesteps_and_what_heun_draws_over_them_are_the_references()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Each("discrete").Single(each => !each.GetProperty("karras").GetBoolean());
        var options = new DiffusionOptions
        {
            Schedule = BetaSchedule.ScaledLinear,
            BetaStart = golden.Number("beta_start"),
            BetaEnd = golden.Number("beta_end"),
        };
        using var walk = new Walk(Toy(options), new() { Clip = false });
        var schedule = walk.Schedule;
        foreach (var (index, sigma) in golden.Numbers("index").Zip(golden.Numbers("sigma")))
            Assert.Equal(sigma, schedule.Sigma((int)index), 1e-4 * sigma);
        var sampler = new HeunSampler(golden.Whole("steps"), spacing: TimestepSpacing.Linspace) { IsFractional = true };
        var times = sampler.Times(schedule);

        GoldenFile.Agrees([.. golden.Numbers("sampler_sigmas").SkipLast(1)], [.. times.SkipLast(1).Select(schedule.Sigma)], 1e-5);
        // The reference tells the network the place between timesteps, and here it is told the time of the sigma.
        Assert.All(
            times.Zip(golden.Numbers("sampler_timesteps").Distinct()), pair => Assert.Equal(pair.Second, pair.First, 2e-3));
        GoldenFile.Agrees(golden.Floats("output"), walk.Through(sampler, Start(schedule, times[0]), times), 1e-4);
        Assert.Contains(
            "can't take 1,001 steps",
            Assert.Throws<UNetGenException>(
                () => new DdimSampler(1001, spacing: TimestepSpacing.Linspace) { IsFractional = true }.Times(schedule)).Message);
    }

    [Theory]
    [InlineData(Objective.Noise)]
    [InlineData(Objective.X0)]
    [InlineData(Objective.V)]
    public void Between_timesteps_a_perfect_prediction_gives_the_image_back(Objective objective)
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(Linear with { Objective = objective });
        var (x0, noise) = (Fill.Input("x0", 1.0, 2, 1, 3, 3), Fill.Input("noise", 2, 1, 3, 3));
        const double time = 412.3;
        var (level, wrap) = (diffusion.Schedule.At(time), diffusion.Schedule.PreconditioningAt(time));
        var (t, xt) = (diffusion.Times(x0, time), level.Image * x0 + level.Noise * noise);
        var prediction = (x0 - wrap.Skip * xt) / wrap.Out;

        GoldenFile.Agrees(x0.data<float>().ToArray(), diffusion.PredictX0(xt, t, prediction), 1e-5);
        var told = diffusion.Asked(xt, t).Timesteps;
        Assert.Equal((ScalarType.Float32, (float)time), (told.dtype, told[0].item<float>()));
    }

    [Fact]
    public void Times_between_timesteps_are_edms_and_are_for_spacings_of_sigma_alone()
    {
        var schedule = new NoiseSchedule(Linear);
        var sampler = new HeunSampler(6, churn: 5) { IsFractional = true };
        var edm = new HeunSampler(6).Times(new EdmLevels(new() { Type = DiffusionType.Edm, SigmaMin = schedule.Sigma(0), SigmaMax = 80 }));

        GoldenFile.Agrees([.. edm.SkipLast(1)], [.. sampler.Times(schedule).SkipLast(1).Select(schedule.Sigma)], 1e-9);
        Assert.Equal("Heun (EDM), 6 steps, usual spacing, between timesteps, churn 5", sampler.Description);
        Assert.Equal("Heun (EDM), 6 steps, spacing karras, between timesteps, churn 5", sampler.DescriptionFor(schedule));
        Assert.Contains(
            "are for the spacings karras, log-snr and linspace, not for trailing",
            Assert.Throws<ArgumentOutOfRangeException>(
                () => new DdimSampler(5, spacing: TimestepSpacing.Trailing) { IsFractional = true }).Message);
    }

    /// <summary>EDM begins with noise of deviation sigma, and scales what the network is given.</summary>
    private static Tensor Start(NoiseSchedule schedule, double time) => Fill.Input("input:latents", Shape) * schedule.At(time).Noise;

    private static FunctionPredictor Toy(DiffusionOptions options) => new(options, (x, t, _) => Predict(x, t));

    private static Tensor Predict(Tensor x, Tensor t) => GoldenDiffusion.Predict(x, t);
}
