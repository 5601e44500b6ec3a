using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Sampling;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>Flow matching as diffusers has it, of Golden/flow.json.</summary>
public class RectifiedFlowTests
{
    private static readonly JsonElement Golden = GoldenFile.Read("flow.json");

    private static readonly long[] Shape = [.. Golden.Numbers("shape").Select(size => (long)size)];

    [Fact]
    public void Noised_images_targets_and_the_loss_are_the_references()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("training");
        using var flow = new RectifiedFlow(Options());
        var (x0, noise, t) = (Fill.Input("input:x0", 1, Shape), Fill.Input("input:noise", Shape), flow.Times(golden.Numbers("t")));

        var xt = flow.QSample(x0, t, noise);
        var (asked, timesteps) = flow.Asked(xt, t);
        var prediction = Velocity(asked, timesteps);

        GoldenFile.Agrees(golden.Floats("x_t"), xt, 1e-6);
        GoldenFile.Agrees(golden.Floats("target"), flow.Target(x0, t, noise), 1e-6);
        GoldenFile.Agrees(golden.Floats("prediction"), prediction, 1e-6);
        Assert.Equal(golden.Number("loss"), flow.Loss(prediction, x0, xt, t, noise).item<float>(), 1e-6);
        Assert.Equal(ScalarType.Float32, timesteps.dtype);
    }

    [Fact]
    public void A_perfect_prediction_gives_the_image_back_at_any_time()
    {
        using var scope = NewDisposeScope();
        using var flow = new RectifiedFlow(Options());
        var (x0, noise) = (Fill.Input("x0", 1.0, 3, 1, 2, 2), Fill.Input("noise", 3, 1, 2, 2));
        var t = flow.Times([1e-3, 0.4, 1]);

        GoldenFile.Agrees(x0.data<float>().ToArray(), flow.PredictX0(flow.QSample(x0, t, noise), t, flow.Target(x0, t, noise)), 1e-6);
    }

    [Fact]
    public void Euler_and_heun_over_the_references_own_grid_draw_what_it_draws()
    {
        using var scope = NewDisposeScope();
        foreach (var golden in Golden.Each("schedules"))
        {
            var (steps, times) = (golden.Whole("steps"), golden.Numbers("sigmas"));
            using var walk = new Walk(Toy(golden.Number("shift")));
            var start = Fill.Input("input:xT", Shape);

            GoldenFile.Agrees(times, new DdimSampler(steps, spacing: TimestepSpacing.Linspace).Times(walk.Diffusion.Levels), 1e-6);
            GoldenFile.Agrees(
                golden.Floats("euler_first_step"), walk.Through(new DdimSampler(steps), start, times[..2]), 2e-6);
            GoldenFile.Agrees(golden.Floats("euler_output"), walk.Through(new DdimSampler(steps), start, times), 2e-6);
            GoldenFile.Agrees(golden.Floats("heun_output"), walk.Through(new HeunSampler(steps), start, times), 2e-5);
        }
    }

    [Fact]
    public void The_references_own_grid_is_shifted_twice_at_its_low_end()
    {
        foreach (var golden in Golden.Each("schedules"))
        {
            var levels = new FlowLevels(Options(golden.Number("shift")));
            var times = new DdimSampler(golden.Whole("steps"), spacing: TimestepSpacing.Linspace).Times(levels);

            Assert.Equal(levels.Shifted(levels.Shifted(0.001)), times[^2], 1e-12);
            GoldenFile.Agrees(
                golden.Numbers("timesteps"), [.. times.SkipLast(1).Select(time => levels.PreconditioningAt(time).Timestep)], 1e-6);
            foreach (var timestep in golden.GetProperty("train_timesteps").EnumerateObject())
                Assert.Equal(
                    timestep.Value.GetDouble(), 1000 * levels.Shifted((1000 - int.Parse(timestep.Name)) / 1000.0), 1e-4);
        }
    }

    [Fact]
    public void Even_times_shifted_once_and_what_euler_draws_over_them_are_the_references()
    {
        using var scope = NewDisposeScope();
        foreach (var golden in Golden.Each("uniform_grid"))
        {
            var sampler = new DdimSampler(golden.Whole("steps"));
            using var walk = new Walk(Toy(golden.Number("shift")));
            var times = sampler.Times(walk.Diffusion.Levels);

            GoldenFile.Agrees(golden.Numbers("sigmas"), [.. times], 1e-6);
            GoldenFile.Agrees(golden.Floats("euler_output"), walk.Through(sampler, Fill.Input("input:xT", Shape), times), 2e-6);
        }
    }

    [Fact]
    public void Training_times_are_the_references_logit_normal_ones()
    {
        foreach (var golden in Golden.GetProperty("timestep_sampling").Each("logit_normal"))
        {
            var (mean, std) = (golden.Number("mean"), golden.Number("std"));
            var levels = new FlowLevels(new() { Type = DiffusionType.Flow, LogitMean = mean, LogitStd = std });
            var normals = Golden.GetProperty("timestep_sampling").Numbers("normals");
            GoldenFile.Agrees(golden.Numbers("u"), [.. normals.Select(levels.TimeOfNormal)], 1e-6);

            // The density of what a normal number becomes: its own over the slope.
            const double step = 1e-5;
            foreach (var (t, density) in golden.Numbers("density_t").Zip(golden.Numbers("density")))
            {
                var normal = (Math.Log(t / (1 - t)) - mean) / std;
                var slope = (levels.TimeOfNormal(normal + step) - levels.TimeOfNormal(normal - step)) / (2 * step);
                Assert.Equal(density, Math.Exp(-normal * normal / 2) / Math.Sqrt(2 * Math.PI) / slope, 1e-6);
            }
        }
    }

    [Fact]
    public void Times_of_mode_are_the_references_counted_from_noise()
    {
        var golden = Golden.GetProperty("timestep_sampling");
        foreach (var each in golden.Each("mode"))
        {
            var levels = new FlowLevels(Options() with
            {
                TimestepSampling = TimestepSampling.Mode,
                ModeScale = each.Number("mode_scale"),
            });
            // There a large u is little noise.
            GoldenFile.Agrees(
                each.Numbers("u"), [.. golden.Numbers("uniforms").Select(u => 1 - levels.TimeOfUniform(u))], 1e-6);
        }
        Assert.Equal(1.29, Options().ModeScale);
    }

    [Theory]
    [InlineData(WeightingScheme.SigmaSqrt, "sigma_sqrt")]
    [InlineData(WeightingScheme.Cosmap, "cosmap")]
    public void The_loss_weighs_times_as_the_reference_does(WeightingScheme scheme, string name)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("timestep_sampling").GetProperty("loss_weights");
        using var flow = new RectifiedFlow(Options() with { WeightingScheme = scheme });
        var (times, weights) = (golden.Numbers("sigma"), golden.Numbers(name));
        GoldenFile.Agrees(weights, [.. times.Select(flow.Levels.LossWeightAt)], 1e-6);

        // Of one image and time after the other, and of all at once.
        var (x0, noise) = (Fill.Input("input:x0", 1.0, 3, 1, 2, 2), Fill.Input("input:noise", 3, 1, 2, 2));
        var (t, prediction) = (flow.Times(times), zeros_like(x0));
        var errors = flow.Target(x0, t, noise).square().flatten(1).mean([1]).data<float>().ToArray();
        Assert.Equal(
            errors.Zip(weights, (error, weight) => error * weight).Average(),
            flow.Loss(prediction, x0, flow.QSample(x0, t, noise), t, noise).item<float>(), 1e-5 * weights.Max());
        Assert.Equal(flow.Levels.LossWeightAt(0.001), flow.Levels.LossWeightAt(1e-9));
        Assert.True(flow.Loss(prediction, x0, x0, flow.Times([1e-9, 1e-9, 1e-9]), noise).isfinite().item<bool>());
    }

    [Theory]
    [InlineData(TimestepSampling.Mode, 0, 1, 1)]
    [InlineData(TimestepSampling.Mode, 0, 1, 3)]
    [InlineData(TimestepSampling.LogitNormal, 0, 1, 1)]
    [InlineData(TimestepSampling.LogitNormal, -0.5, 1.4, 1)]
    [InlineData(TimestepSampling.LogitNormal, 0, 1, 3)]
    [InlineData(TimestepSampling.Uniform, 0, 1, 1)]
    [InlineData(TimestepSampling.Uniform, 0, 1, 0.5)]
    public void Half_of_the_training_times_lie_below_the_median(TimestepSampling sampling, double mean, double std, double shift)
    {
        var levels = new FlowLevels(
            new() { Type = DiffusionType.Flow, TimestepSampling = sampling, LogitMean = mean, LogitStd = std, Shift = shift });
        var random = new Random(1);
        var times = Enumerable.Range(0, 20_000)
            .Select(_ => levels.TimeOf((ulong)random.NextInt64() << 1, (ulong)random.NextInt64() << 1)).ToList();

        var median = levels.Shifted(sampling == TimestepSampling.LogitNormal ? levels.TimeOfNormal(0) : 0.5);
        Assert.InRange(times.Count(time => time < median) / 20_000.0, 0.49, 0.51);
        Assert.All(times, time => Assert.InRange(time, 0, 1));
    }

    [Fact]
    public void From_a_noised_picture_euler_goes_on_as_the_references_img2img()
    {
        using var scope = NewDisposeScope();
        foreach (var golden in Golden.Each("img2img"))
        {
            using var walk = new Walk(Toy(golden.Number("shift")));
            double[] times = [.. golden.Numbers("timesteps").Select(timestep => timestep / 1000), 0];
            var noised = walk.Diffusion.QSample(
                Fill.Input("input:x0", 1, Shape), walk.Diffusion.Times([times[0], times[0]]), Fill.Input("input:noise", Shape));

            GoldenFile.Agrees(golden.Floats("start_sample"), noised, 1e-6);
            GoldenFile.Agrees(golden.Floats("output"), walk.Through(new DdimSampler(golden.Whole("steps")), noised, times), 2e-6);
        }
    }

    private static DiffusionOptions Options(double shift = 1) => new() { Type = DiffusionType.Flow, Shift = shift };

    private static FunctionPredictor Toy(double shift) => new(Options(shift), (x, t, _) => Velocity(x, t));

    private static Tensor Velocity(Tensor x, Tensor t) => 0.6 * x * cos(0.01 * t.reshape(-1, 1, 1, 1)) + 0.05;
}
