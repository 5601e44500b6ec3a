using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>What isn't shaped like the images, or has no floating point values, is told and never brought to fit.</summary>
public sealed class ShapesTests
{
    public static TheoryData<DiffusionType> Types => [.. Enum.GetValues<DiffusionType>()];

    [Theory]
    [MemberData(nameof(Types))]
    public void Noise_and_predictions_of_another_shape_are_refused_with_both(DiffusionType type)
    {
        using var scope = NewDisposeScope();
        using var diffusion = DiffusionProcess.Of(new() { Type = type, Timesteps = 50, Objective = Objective.V });
        var (x, t) = (zeros(2, 1, 4, 4), type == DiffusionType.Ddpm ? tensor([3L, 4]) : tensor([0.25, 0.5]));
        foreach (var other in (Tensor[])[zeros(1, 1, 4, 4), zeros(2, 1, 1, 1), zeros(3, 1, 4, 4), zeros(2, 4, 4)])
        {
            var message = $"must be shaped like them, but is [{string.Join(", ", other.shape)}].";
            AssertRefused("noise", message, () => diffusion.QSample(x, t, other));
            AssertRefused("noise", message, () => diffusion.Target(x, t, other));
            AssertRefused("noise", message, () => diffusion.Loss(x, x, x, t, other));
            AssertRefused("xt", message, () => diffusion.Loss(x, x, other, t, x));
            AssertRefused("prediction", message, () => diffusion.PredictX0(x, t, other));
            if (diffusion is not GaussianDiffusion ddpm)
                continue;
            AssertRefused("x0", message, () => ddpm.PredictNoise(x, t, other));
            AssertRefused("noise", message, () => ddpm.V(x, t, other));
            AssertRefused("xt", message, () => ddpm.PosteriorMean(x, other, t));
        }
        var bytes = zeros([2, 1, 4, 4], ScalarType.Byte);
        AssertRefused("noise", "bytes become such by v / 127.5 - 1.", () => diffusion.QSample(bytes, t, x));
        AssertRefused("noise", "but are Float32 and Byte", () => diffusion.QSample(x, t, bytes));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Numbers_of_a_time_that_the_diffusion_does_not_have_are_refused(DiffusionType type)
    {
        var levels = NoiseLevels.Of(new() { Type = type, Timesteps = 50 });
        foreach (var time in (double[])[double.NaN, -5, double.PositiveInfinity, double.NegativeInfinity])
        {
            foreach (var ask in (Action[])[
                () => levels.At(time), () => levels.OdeAt(time), () => levels.PreconditioningAt(time), () => levels.LossWeightAt(time)])
            {
                Assert.StartsWith("The times of this diffusion are ", Assert.Throws<ArgumentOutOfRangeException>("time", ask).Message);
            }
        }
        Assert.Equal(new(1, 0), levels.At(levels.Clean));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.5)]
    [InlineData(double.NegativeInfinity)]
    public void What_is_no_sigma_has_no_time_and_what_is_no_time_is_not_shifted(double number)
    {
        Assert.Throws<ArgumentOutOfRangeException>("sigma", () => new NoiseSchedule(new() { Timesteps = 50 }).TimeOfSigma(number));
        var flow = new FlowLevels(new() { Type = DiffusionType.Flow, Shift = 3 });
        Assert.Throws<ArgumentOutOfRangeException>("time", () => flow.Shifted(number));
        Assert.Throws<ArgumentOutOfRangeException>("time", () => flow.Shifted(1.5));
        Assert.Equal(1, flow.Shifted(1));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Options_of_another_type_make_no_process_and_no_numbers(DiffusionType type)
    {
        var options = new DiffusionOptions { Type = type };
        var makers = new Dictionary<DiffusionType, Func<object>[]>
        {
            [DiffusionType.Ddpm] = [() => new GaussianDiffusion(options), () => new NoiseSchedule(options)],
            [DiffusionType.Flow] = [() => new RectifiedFlow(options), () => new FlowLevels(options)],
            [DiffusionType.Edm] = [() => new Edm(options), () => new EdmLevels(options)],
        };
        var others = makers.Where(made => made.Key != type).SelectMany(made => made.Value, (made, make) => (made.Key, make));
        foreach (var (other, make) in others)
            Assert.StartsWith(
                $"What is made here is of a diffusion of type {other}, but these options are of type {type}",
                Assert.Throws<UNetGenException>(make).Message);
    }

    private static void AssertRefused(string parameter, string message, Func<Tensor> function) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(parameter, function).Message);
}
