using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>The loss of a learned variance, against Golden/hybrid_loss.json.</summary>
public class HybridLossTests
{
    public sealed record Case(
        string Schedule, int Timesteps, string Objective, int[] T, double[] Bits, double Loss, double MeanGradientNorm,
        double VGradientNorm)
    {
        public DiffusionOptions Options => new()
        {
            Timesteps = Timesteps,
            Schedule = Enum.Parse<BetaSchedule>(Schedule, ignoreCase: true),
            Objective = Enum.Parse<Objective>(Objective, ignoreCase: true),
            Variance = Variance.LearnedRange,
        };
    }

    private static readonly Case[] Cases = JsonSerializer.Deserialize<Case[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "hybrid_loss.json")),
        new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower })!;

    // As many images as a case has timesteps; the outermost bytes occur.
    private static Tensor Images => Fill.Input("vb:x0", 1.5, 4, 2, 3, 3).clamp(-1, 1);

    private static Tensor Noise => Fill.Input("vb:noise", 4, 2, 3, 3);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Loss_bits_and_gradients_are_those_of_the_formulas(int number)
    {
        using var scope = NewDisposeScope();
        var golden = Cases[number];
        using var diffusion = new GaussianDiffusion(golden.Options);
        var t = tensor(golden.T, ScalarType.Int64);
        var xt = diffusion.QSample(Images, t, Noise);
        var mean = Fill.Input("vb:mean", 4, 2, 3, 3).requires_grad_();
        var v = Fill.Input("vb:v", 1.2, 4, 2, 3, 3).requires_grad_();

        var loss = diffusion.Loss(cat([mean, v], 1), Images, xt, t, Noise);
        loss.backward();

        var bits = VariationalBound.Bits(diffusion, mean, v, Images, xt, t).data<float>().ToArray();
        Assert.All(golden.Bits.Zip(bits), pair => Assert.Equal(pair.First, pair.Second, 1e-6 + 2e-5 * pair.First));
        Agree.Values([(float)golden.Loss], loss, 1e-5);
        // The bound's gradient doesn't reach the mean.
        Agree.Values([(float)golden.MeanGradientNorm], mean.grad!.norm(), 1e-5);
        Agree.Values([(float)golden.VGradientNorm], v.grad!.norm(), 1e-4);
    }

    [Fact]
    public void The_learned_variance_runs_from_the_posteriors_to_betas()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(new() { Timesteps = 50, Variance = Variance.LearnedRange });
        foreach (var step in new[] { 1, 20, 49 })
        {
            var t = tensor(new long[] { step, step, step });
            var variance = diffusion.LearnedLogVariance(tensor(new float[] { -1, 0, 1 }).reshape(3, 1, 1, 1), t).exp();

            var (low, high) = (diffusion.Schedule.PosteriorVariance[step], diffusion.Schedule.Betas[step]);
            Agree.Values([(float)low, (float)Math.Sqrt(low * high), (float)high], variance, 1e-6);
        }
    }

    [Fact]
    public void One_timestep_has_a_finite_loss()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(new() { Timesteps = 1, ScheduleScaling = false, Variance = Variance.LearnedRange });
        var t = zeros(4, ScalarType.Int64);
        Assert.True(float.IsFinite(diffusion.Loss(zeros(4, 4, 3, 3), Images, diffusion.QSample(Images, t, Noise), t, Noise).item<float>()));
    }

    [Theory]
    [InlineData(Variance.LearnedRange, 2, "is learned a prediction is [4, 4, 3, 3], but got [4, 2, 3, 3]")]
    [InlineData(Variance.FixedSmall, 4, "is not learned a prediction is [4, 2, 3, 3], but got [4, 4, 3, 3]")]
    [InlineData(Variance.FixedSmall, 1, "but got [4, 1, 3, 3]")]
    public void A_prediction_of_other_channels_is_refused_rather_than_broadcast(Variance variance, int channels, string message)
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(new() { Variance = variance });
        var error = Assert.Throws<ArgumentException>(
            () => diffusion.Loss(zeros(4, channels, 3, 3), Images, Images, zeros(4, ScalarType.Int64), Noise));
        Assert.Contains(message, error.Message);
    }
}
