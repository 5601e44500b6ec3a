using TorchSharp;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

public class GaussianDiffusionTests
{
    [Theory]
    [InlineData("linear")]
    [InlineData("cosine")]
    public void Noised_images_are_the_references(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenDiffusion.Of(name);
        using var diffusion = new GaussianDiffusion(golden.Options());

        var xt = diffusion.QSample(CleanImages(), tensor(golden.QSample.T, ScalarType.Int64), Noise());

        AssertClose(GoldenDiffusion.Floats(golden.QSample.Output), xt, 1e-6);
    }

    [Theory]
    [InlineData("linear", LossWeight.None)]
    [InlineData("linear", LossWeight.MinSnr)]
    [InlineData("cosine", LossWeight.None)]
    [InlineData("cosine", LossWeight.MinSnr)]
    public void Losses_are_the_references(string name, LossWeight weight)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenDiffusion.Of(name);
        using var diffusion = new GaussianDiffusion(golden.Options(weight));
        var t = tensor(golden.QSample.T, ScalarType.Int64);

        var xt = diffusion.QSample(CleanImages(), t, Noise());
        var loss = diffusion.Loss(GoldenDiffusion.Predict(xt, t), CleanImages(), xt, t, Noise()).item<float>();

        var expected = weight == LossWeight.None ? golden.Loss : golden.LossMinSnr5;
        Assert.Equal(expected, loss, 1e-6 * expected);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("cosine")]
    public void Clipped_estimates_and_posterior_means_are_the_references(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenDiffusion.Of(name);
        using var diffusion = new GaussianDiffusion(golden.Options());
        var x = Fill.Input("input:xT", 2, 1, 4, 4);

        foreach (var step in golden.AncestralStepClipped)
        {
            var t = full([2], step.T, dtype: ScalarType.Int64);
            var x0 = diffusion.PredictX0(x, t, GoldenDiffusion.Predict(x, t)).clamp(-1, 1);

            AssertClose(GoldenDiffusion.Floats(step.X0), x0, 1e-5);
            AssertClose(GoldenDiffusion.Floats(step.Mean), diffusion.PosteriorMean(x0, x, t), 1e-5);
        }
    }

    [Theory]
    [InlineData(Objective.Noise)]
    [InlineData(Objective.X0)]
    [InlineData(Objective.V)]
    public void A_perfect_prediction_gives_image_and_noise_back(Objective objective)
    {
        using var scope = NewDisposeScope();
        foreach (var schedule in new[] { BetaSchedule.Linear, BetaSchedule.Cosine, BetaSchedule.Sigmoid, BetaSchedule.ScaledLinear })
        {
            using var diffusion = new GaussianDiffusion(new() { Timesteps = 100, Schedule = schedule, Objective = objective });
            var (x0, noise) = (CleanImages(), Noise());
            for (var step = 0; step < 100; step++)
            {
                var t = full([2], step, dtype: ScalarType.Int64);
                var xt = diffusion.QSample(x0, t, noise);

                // Where little is left of the image, dividing by sqrt(alpha-bar) magnifies float32's rounding.
                var left = Math.Sqrt(diffusion.Schedule.AlphasCumprod[step]);
                var added = Math.Sqrt(1 - diffusion.Schedule.AlphasCumprod[step]);
                AssertClose(
                    x0, diffusion.PredictX0(xt, t, diffusion.Target(x0, t, noise)), objective == Objective.Noise ? 1e-6 / left : 2e-6);
                AssertClose(noise, diffusion.PredictNoise(xt, t, x0), 2e-6 / added);
            }
        }
    }

    [Fact]
    public void Every_image_is_noised_by_its_own_timestep()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(new() { Timesteps = 50 });
        var (x0, noise) = (CleanImages(), Noise());

        var together = diffusion.QSample(x0, tensor(new long[] { 3, 40 }), noise);

        AssertClose(diffusion.QSample(x0[..1], tensor(new long[] { 3 }), noise[..1]), together[..1], 0);
        AssertClose(diffusion.QSample(x0[1..], tensor(new long[] { 40 }), noise[1..]), together[1..], 0);
    }

    [Fact]
    public void The_loss_weighs_each_image_by_its_timestep()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(new() { Timesteps = 50, Objective = Objective.X0 });
        var weights = diffusion.Schedule.LossWeights;

        // Errors of 1 and 2 everywhere.
        var prediction = cat([ones(1, 1, 4, 4), full([1, 1, 4, 4], 2.0f)]);
        var x0 = zeros(2, 1, 4, 4);
        var loss = diffusion.Loss(prediction, x0, x0, tensor(new long[] { 10, 20 }), x0).item<float>();

        Assert.Equal((weights[10] + 4 * weights[20]) / 2, loss, 1e-6 * loss);
    }

    [Fact]
    public void Nothing_but_the_result_stays_alive()
    {
        using var diffusion = new GaussianDiffusion(new() { Timesteps = 50, Objective = Objective.V });
        using var learned = new GaussianDiffusion(new() { Timesteps = 50, Variance = Variance.LearnedRange });
        using var scope = NewDisposeScope();
        var (x, t) = (CleanImages(), tensor(new long[] { 3, 40 }));
        var both = cat([x, x], 1);

        var functions = new Func<Tensor>[]
        {
            () => diffusion.QSample(x, t, x), () => diffusion.Target(x, t, x), () => diffusion.PredictX0(x, t, x),
            () => diffusion.PredictNoise(x, t, x), () => diffusion.PosteriorMean(x, x, t), () => diffusion.Loss(x, x, x, t, x),
            () => learned.Loss(both, x, x, t, x), () => learned.LearnedLogVariance(x, t),
        };
        Assert.All(functions, function =>
        {
            var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            function();
            Assert.Equal(before + 1, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        });
    }

    private static Tensor CleanImages() => Fill.Input("input:x0", 1, [2, 1, 4, 4]);

    private static Tensor Noise() => Fill.Input("input:noise", 2, 1, 4, 4);

    private static void AssertClose(float[] expected, Tensor actual, double tolerance) =>
        AssertClose(tensor(expected).reshape(actual.shape), actual, tolerance);

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        var difference = (expected - actual).abs().max().item<float>();
        Assert.True(difference <= tolerance, $"differs by {difference:G4}, more than {tolerance:G4}");
    }
}
