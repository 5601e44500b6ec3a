using TorchSharp;
using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Samplers that a user writes: whatever tensor a step returns will do, and times that aren't walked through are told.</summary>
public class OwnSamplerTests
{
    private static readonly DiffusionOptions Ddpm = new() { Timesteps = 1000 };
    private static readonly SamplingOptions Two = new() { Count = 2, Seed = 3 };

    private static readonly Dictionary<string, Func<Denoiser, Tensor, double, Tensor>> Steps = new()
    {
        ["the estimate"] = (denoiser, x, time) => denoiser.Denoise(x, time).X0,
        ["the images themselves"] = (_, x, _) => x,
        ["the images, changed in place"] = (_, x, _) => x.mul_(0.5),
        ["the estimate of the step before"] = (denoiser, x, time) =>
        {
            var estimate = denoiser.Denoise(x, time).X0;
            return denoiser.Previous?.X0 ?? estimate;
        },
        ["a view"] = (denoiser, x, time) => denoiser.Denoise(x, time).X0.alias(),
        ["float64"] = (denoiser, x, time) => denoiser.Denoise(x, time).X0.to(float64),
    };

    public static TheoryData<string> All => [.. Steps.Keys];

    [Fact]
    public void A_denoiser_refuses_another_diffusion_than_its_network_s_and_other_images_than_the_options()
    {
        using var scope = NewDisposeScope();
        var network = Toy(Ddpm, selfCondition: false);
        using var other = DiffusionProcess.Of(new() { Timesteps = 50 });
        Assert.StartsWith(
            "The diffusion is another than FunctionPredictor's",
            Assert.Throws<ArgumentException>("diffusion", () => new Denoiser(network, other, Two)).Message);

        using var diffusion = DiffusionProcess.Of(Ddpm);
        using var denoiser = new Denoiser(network, diffusion, Two);
        Assert.StartsWith(
            "The images are those of the options, 2, but got 3.",
            Assert.Throws<ArgumentException>("x", () => denoiser.Denoise(zeros(3, 1, 4, 4), 20)).Message);
    }

    [Fact]
    public void A_denoiser_and_a_diffusion_that_are_disposed_say_so()
    {
        using var scope = NewDisposeScope();
        var network = Toy(Ddpm, selfCondition: false);
        var diffusion = DiffusionProcess.Of(Ddpm);
        var denoiser = new Denoiser(network, diffusion, Two);
        denoiser.Dispose();
        Assert.Throws<ObjectDisposedException>(() => denoiser.Denoise(zeros(2, 1, 4, 4), 20));

        diffusion.Dispose();
        var x = zeros(2, 1, 4, 4);
        Assert.Throws<ObjectDisposedException>(() => diffusion.QSample(x, tensor([1L, 2]), x));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_step_may_return_whatever_holds_its_images(string result)
    {
        var network = Toy(Ddpm, selfCondition: true);
        var own = new OwnSampler([999, 500, 20, -1], Steps[result]);
        var copying = new OwnSampler([999, 500, 20, -1], (denoiser, x, time) => Steps[result](denoiser, x, time).to(float32, copy: true));
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        using (var pictures = own.Sample(network, Two))
        using (var expected = copying.Sample(network, Two))
        {
            Assert.Equal(before + 2, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
            Assert.Equal(expected.data<float>().ToArray(), pictures.data<float>().ToArray());
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_tensor_that_a_sampler_holds_stays_its_own()
    {
        using var held = ones(2, 1, 4, 4);
        using (new OwnSampler([9, -1], (_, _, _) => held).Sample(Toy(Ddpm), Two))
            Assert.False(held.IsInvalid);
    }

    [Theory]
    [InlineData("What a step of OwnSampler has returned is null.", "null")]
    [InlineData("What a step of OwnSampler has returned is disposed: give one that lives until the call has returned.", "disposed")]
    [InlineData("What a step of OwnSampler has returned is sparse: give its `to_dense()`.", "sparse")]
    [InlineData("What a step of OwnSampler has returned is on the device meta, so that it has a shape and no numbers.", "meta")]
    [InlineData(
        "A step of OwnSampler must return images of floating point numbers, but has returned such of ComplexFloat32.", "complex")]
    [InlineData("A step of OwnSampler must return images of the shape [2, 1, 4, 4], but has returned [1, 4, 4].", "one")]
    public void A_step_without_images_of_the_shape_is_told_with_the_sampler_s_class(string message, string result)
    {
        var sampler = new OwnSampler([9, -1], (_, x, _) =>
        {
            if (result == "null")
                return null!;
            var copy = x.clone();
            if (result == "disposed")
                copy.Dispose();
            return result switch
            {
                "sparse" => copy.to_sparse(),
                "meta" => copy.to(META),
                "complex" => copy.to(ScalarType.ComplexFloat32),
                "one" => copy[0],
                _ => copy,
            };
        });
        Assert.Equal(
            message,
            Assert.Throws<InvalidOperationException>(() => sampler.Sample(Toy(Ddpm), Two)).Message);
    }

    [Theory]
    [InlineData("the last is 500", 999.0, 500.0)]
    [InlineData("500 follows 0", 0.0, 500.0, -1.0)]
    [InlineData("there are none")]
    [InlineData("there is none before the end, and so no step", -1.0)]
    [InlineData("2000 is among them, in place 1 of 3", 2000.0, 3.0, -1.0)]
    [InlineData("NaN is among them, in place 1 of 2", double.NaN, -1.0)]
    [InlineData("-1 is among them, in place 2 of 3", 999.0, -1.0, -1.0)]
    [InlineData("-0.5 is among them, in place 2 of 3", 999.0, -0.5, -1.0)]
    [InlineData("the last is NaN", 999.0, double.NaN)]
    public void Times_that_are_not_walked_through_are_told_with_the_sampler_s_class(string fault, params double[] times)
    {
        var message = Assert.Throws<InvalidOperationException>(
            () => new OwnSampler(times, Steps["the estimate"]).Sample(Toy(Ddpm), Two)).Message;
        Assert.Equal(
            $"The times of OwnSampler must lie from 0 to 999, not rise, and end with -1, the clean image, but {fault}.", message);
    }

    [Fact]
    public void Missing_times_are_as_none() => Assert.EndsWith(
        "but there are none.",
        Assert.Throws<InvalidOperationException>(
            () => new OwnSampler(null!, Steps["the estimate"]).Sample(Toy(Ddpm), Two)).Message);

    [Theory]
    [InlineData(DiffusionType.Flow, "from 0 to 1, not rise, and end with 0, the clean image, but 1.5 is", 1.5, 0.5, 0.0)]
    [InlineData(DiffusionType.Flow, "but 0 is among them, in place 2 of 3.", 1.0, 0.0, 0.0)]
    [InlineData(DiffusionType.Edm, "above 0, not rise, and end with 0, the clean image, but -3 is", -3.0, 0.0)]
    [InlineData(DiffusionType.Edm, "is among them, in place 1 of 2.", double.PositiveInfinity, 0.0)]
    public void Other_diffusions_have_other_times(DiffusionType type, string message, params double[] times) => Assert.Contains(
        message,
        Assert.Throws<InvalidOperationException>(
            () => new OwnSampler(times, Steps["the estimate"]).Sample(Toy(new() { Type = type }), Two)).Message);

    [Fact]
    public void A_time_may_stand_there_twice_as_for_a_corrector()
    {
        using var pictures = new OwnSampler([999, 999, 10, 10, -1], Steps["the estimate"]).Sample(Toy(Ddpm), Two);
        Assert.Equal([2, 1, 4, 4], pictures.shape);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void A_step_that_asks_at_a_time_that_there_is_not_is_told_the_times(double time)
    {
        var sampler = new OwnSampler([999, -1], (denoiser, x, _) => denoiser.Denoise(x, time).X0);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Sample(Toy(Ddpm), Two));
        Assert.StartsWith(FormattableString.Invariant($"The network can be asked at times from 0 to 999, not at {time}."), error.Message);
    }

    // What a spec allows: the first time is above 1 by rounding.
    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-10)]
    [InlineData(3)]
    public void A_flow_s_times_are_walked_through_however_they_are_shifted(double shift)
    {
        using var pictures = new HeunSampler(20, churn: 3).Sample(Toy(new() { Type = DiffusionType.Flow, Shift = shift }), Two);
        Assert.Equal([2, 1, 4, 4], pictures.shape);
    }

    private static FunctionPredictor Toy(DiffusionOptions diffusion, bool selfCondition = false) =>
        new(diffusion, (x, _, condition) => condition is null ? 0.5 * x : 0.5 * x + 0.1 * condition, selfCondition: selfCondition);

    private sealed class OwnSampler(IReadOnlyList<double> times, Func<Denoiser, Tensor, double, Tensor> step) : Sampler
    {
        public override string Description => "a sampler of one's own";

        public override IReadOnlyList<double> Times(NoiseLevels levels) => times;

        public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next) => step(denoiser, x, time);
    }
}
