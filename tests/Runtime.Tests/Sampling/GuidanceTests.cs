using TorchSharp;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Labels and classifier-free guidance.</summary>
public class GuidanceTests
{
    private static readonly DiffusionOptions X0 = new() { Timesteps = 100, Objective = Objective.X0 };

    /// <summary>Predicts of class k an image of k / 10 everywhere.</summary>
    private static readonly FunctionPredictor Tenths = new(X0, 5, (x, _, labels, _) => labels!.reshape(-1, 1, 1, 1) / 10.0f * ones_like(x));

    private static readonly SamplingOptions Options = new() { Count = 4, Labels = [0, 3, 1] };

    [Fact]
    public void Images_are_of_the_labels_in_turn_by_their_number()
    {
        Assert.Equal([0, 0.3f, 0.1f, 0], Draw(Tenths, Options));
        Assert.Equal([0, 0.3f, 0.1f, 0], Draw(Tenths, Options with { BatchSize = 3 }));
        Assert.Equal([0.1f, 0], Draw(Tenths, Options with { FirstImage = 2, Count = 2 }));
    }

    [Theory]
    [InlineData(0, new[] { 0.4f, 0.4f, 0.4f, 0.4f })] // the last class, 4, is no class
    [InlineData(0.5, new[] { 0.2f, 0.35f, 0.25f, 0.2f })]
    [InlineData(2, new[] { -0.4f, 0.2f, -0.2f, -0.4f })]
    [InlineData(100, new[] { -1f, -1, -1, -1 })] // clipped after it is guided
    public void Guidance_goes_from_no_class_towards_the_class(double guidance, float[] expected) =>
        Assert.All(expected.Zip(Draw(Tenths, Options with { Guidance = guidance })), pair => Assert.Equal(pair.First, pair.Second, 1e-6));

    [Fact]
    public void A_negative_class_is_what_guidance_leads_away_from()
    {
        var drawn = Draw(Tenths, Options with { Guidance = 2, NegativeClass = 2 });
        Assert.All(drawn.Zip([-0.2f, 0.4f, 0, -0.2f]), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
        Assert.Equal(
            Draw(Tenths, Options with { Guidance = 2 }), Draw(Tenths, Options with { Guidance = 2, NegativeClass = 4 }));
    }

    [Fact]
    public void Only_guidance_costs_a_second_pass()
    {
        var passes = 0;
        var network = new FunctionPredictor(X0, 5, (x, _, _, _) =>
        {
            passes++;
            return zeros_like(x);
        });

        Draw(network, Options);
        Assert.Equal(3, passes);
        Draw(network, Options with { Guidance = 1.5 });
        Assert.Equal(3 + 6, passes);
    }

    [Fact]
    public void The_variance_is_that_of_the_labelled_pass()
    {
        using var scope = NewDisposeScope();
        // At v = -1 and v = 1; mean 0, so that the noise of ones shows the deviation.
        var network = new FunctionPredictor(
            X0 with { Variance = Variance.LearnedRange }, 2,
            (x, _, labels, _) => cat([zeros_like(x), (labels!.reshape(-1, 1, 1, 1) * 2.0f - 1) * ones_like(x)], 1));
        using var walk = new Walk(network, new() { Labels = [0, 1], Guidance = 3 }, () => ones(2, 1, 4, 4));

        var x = walk.Through(new AncestralSampler(), zeros(2, 1, 4, 4), [50, 49]);

        Assert.Equal(Math.Sqrt(walk.Schedule.PosteriorVariance[50]), x[0, 0, 0, 0].item<float>(), 1e-6);
        Assert.Equal(Math.Sqrt(walk.Schedule.Betas[50]), x[1, 0, 0, 0].item<float>(), 1e-6);
    }

    [Theory]
    [InlineData(1e38, true)]
    [InlineData(10, false)]
    public void A_guidance_that_is_far_too_strong_is_named_where_images_are_no_finite_numbers(double guidance, bool isNamed)
    {
        using var scope = NewDisposeScope();
        var network = new FunctionPredictor(
            X0, 5, (x, _, labels, _) => (isNamed ? 100 : float.NaN) * labels!.reshape(-1, 1, 1, 1).to(ScalarType.Float32) * ones_like(x));

        var error = Assert.Throws<NotFiniteException>(() => Draw(network, Options with { Guidance = guidance, Clip = false })).Message;

        const string weights = " is what weights give whose training has diverged: draw with an earlier checkpoint.";
        Assert.EndsWith(
            isNamed ? $"numbers. A guidance of 1E+38 may have led there: give less. Otherwise that{weights}" : $". That{weights}",
            error);
    }

    [Fact]
    public void Only_the_pictures_stay_alive()
    {
        var network = new FunctionPredictor(X0 with { Variance = Variance.LearnedRange }, 5, (x, _, _, _) => cat([x, x], 1));
        foreach (var sampler in new Sampler[] { new AncestralSampler(), new HeunSampler(4) })
        {
            var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            using (sampler.Sample(network, Options with { Guidance = 2, BatchSize = 3 }))
                Assert.Equal(before + 1, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
            Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
    }

    [Fact]
    public void What_does_not_fit_the_network_is_refused()
    {
        var plain = new FunctionPredictor(X0, (x, _, _) => x.clone());
        var lonely = new FunctionPredictor(X0, 1, (x, _, _, _) => x.clone());

        Assert.Contains("takes no labels", Refusal(plain, Options));
        Assert.Contains("can't be guided", Refusal(plain, new() { Guidance = 2 }));
        Assert.Contains("say of which classes, 0 to 4", Refusal(Tenths, new()));
        Assert.Contains("say of which classes", Refusal(Tenths, new() { Labels = [] }));
        Assert.Contains("knows classes 0 to 4, but label 5", Refusal(Tenths, new() { Labels = [1, 5] }));
        Assert.Contains("but label -1", Refusal(Tenths, new() { Labels = [-1] }));
        Assert.Contains("its only class", Refusal(lonely, new() { Labels = [0], Guidance = 2 }));
        Assert.Contains("no classes to be guided away from", Refusal(plain, new() { NegativeClass = 0 }));
        Assert.Contains("0 to 4, but 5 is to be the negative", Refusal(Tenths, Options with { Guidance = 2, NegativeClass = 5 }));
        Assert.Contains("or leave class 2 out", Refusal(Tenths, Options with { NegativeClass = 2 }));
        Assert.All(
            [-1, double.NaN, double.PositiveInfinity],
            guidance => Assert.Contains("at least 0", Refusal(Tenths, Options with { Guidance = guidance })));

        static string Refusal(NoisePredictor network, SamplingOptions options) =>
            Assert.Throws<UNetGenException>(() => new DdimSampler(3).Sample(network, options)).Message;
    }

    private static float[] Draw(NoisePredictor network, SamplingOptions options)
    {
        using var pictures = new DdimSampler(3).Sample(network, options);
        using var first = pictures.flatten(1).select(1, 0).contiguous();
        return first.data<float>().ToArray();
    }
}
