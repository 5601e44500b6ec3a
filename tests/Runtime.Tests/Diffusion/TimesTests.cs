using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>Times and timesteps that a diffusion doesn't have are told before libtorch is asked.</summary>
public sealed class TimesTests
{
    private static readonly Dictionary<DiffusionType, DiffusionOptions> Options = new()
    {
        [DiffusionType.Ddpm] = new() { Timesteps = 50, Objective = Objective.V },
        [DiffusionType.Flow] = new() { Type = DiffusionType.Flow, WeightingScheme = WeightingScheme.SigmaSqrt },
        [DiffusionType.Edm] = new() { Type = DiffusionType.Edm },
    };

    public static TheoryData<DiffusionType, double, string> Beyond => new()
    {
        { DiffusionType.Ddpm, -1, "are from 0 to 49, but one is -1." },
        { DiffusionType.Ddpm, 50, "are from 0 to 49, but one is 50." },
        { DiffusionType.Flow, -0.5, "are from 0 to 1, but one is -0.5." },
        { DiffusionType.Flow, 500, "are from 0 to 1, but one is 500." },
        { DiffusionType.Flow, double.NaN, "are from 0 to 1, but one is NaN." },
        { DiffusionType.Edm, -2, "are above 0, but one is -2." },
        { DiffusionType.Edm, double.PositiveInfinity, "are above 0, but one is Infinity." },
    };

    [Theory]
    [MemberData(nameof(Beyond))]
    public void A_time_that_the_diffusion_does_not_have_is_refused_with_those_it_has(DiffusionType type, double time, string message)
    {
        using var scope = NewDisposeScope();
        using var diffusion = DiffusionProcess.Of(Options[type]);
        var first = type == DiffusionType.Ddpm ? 3 : 0.5;
        var t = tensor(new[] { first, time });
        AssertRefused(diffusion, type == DiffusionType.Ddpm ? t.to(ScalarType.Int64) : t, message);
    }

    [Theory]
    [InlineData(DiffusionType.Ddpm, "takes one time per image, [2] of Int64, but got ")]
    [InlineData(DiffusionType.Flow, "takes one time per image, [2] of Float64 or Float32, but got ")]
    [InlineData(DiffusionType.Edm, "takes one time per image, [2] of Float64 or Float32, but got ")]
    public void Times_of_another_shape_or_type_are_refused_with_both(DiffusionType type, string message)
    {
        using var scope = NewDisposeScope();
        using var diffusion = DiffusionProcess.Of(Options[type]);
        var (right, wrong) = type == DiffusionType.Ddpm
            ? (ScalarType.Int64, ScalarType.Float32)
            : (ScalarType.Float64, ScalarType.Int64);
        AssertRefused(diffusion, ones([3], right), $"{message}[3] of {right}.");
        AssertRefused(diffusion, ones([1], right), $"{message}[1] of {right}.");
        AssertRefused(diffusion, ones([2, 1], right), $"{message}[2, 1] of {right}.");
        AssertRefused(diffusion, ones([], right), $"{message}[] of {right}.");
        // A DDPM's images may be asked about between its timesteps.
        if (type != DiffusionType.Ddpm)
            AssertRefused(diffusion, ones([2], wrong), $"{message}[2] of {wrong}.");
        else
            Assert.Throws<ArgumentException>("t", () => diffusion.QSample(Images, ones([2], wrong), Images));
    }

    [Fact]
    public void Between_timesteps_a_ddpm_is_asked_from_the_first_to_the_last_and_no_further()
    {
        using var scope = NewDisposeScope();
        using var diffusion = DiffusionProcess.Of(Options[DiffusionType.Ddpm]);
        var (x, said) = (Images, Fill.Input("input:said", 2, 3, 16, 16));
        var atLast = diffusion.PredictX0(x, tensor(new[] { 0.0, 49 }), said);

        Assert.True(atLast.allclose(diffusion.PredictX0(x, tensor(new long[] { 0, 49 }), said), 1e-4, 1e-5));
        Assert.Contains(
            "from 0 to 49, but one is 49.5.",
            Assert.Throws<ArgumentException>("t", () => diffusion.PredictX0(x, tensor(new[] { 0.0, 49.5 }), said)).Message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1000)]
    public void A_network_refuses_timesteps_that_its_ddpm_does_not_have(long timestep)
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmTinyUNet();
        var error = Assert.Throws<ArgumentException>("timesteps", () => network.forward(Images, tensor([0L, timestep])));
        Assert.StartsWith($"DdpmTinyUNet takes timesteps from 0 to 999, but one is {timestep}.", error.Message);
    }

    [Fact]
    public void A_network_refuses_timesteps_of_a_flow_and_of_edm_that_there_are_not()
    {
        using var scope = NewDisposeScope();
        using var flow = AllNetworks.Create("ExchangeFlowUNet");
        using var edm = AllNetworks.Create("ExchangeEdmUNet");
        AssertMessage(flow, tensor(new[] { 1001f }), "takes timesteps from 0 to 1000 (1000 t), but one is 1001.");
        AssertMessage(flow, tensor(new[] { -1f }), "takes timesteps from 0 to 1000 (1000 t), but one is -1.");
        AssertMessage(edm, tensor(new[] { float.NegativeInfinity }), "takes timesteps that are finite (ln(sigma) / 4), but one is -Infinity.");
        AssertMessage(edm, ones([1], ScalarType.Bool), "takes timesteps that are whole or floating point numbers, but got Bool.");

        static void AssertMessage(NoisePredictor network, Tensor timesteps, string message)
        {
            var (info, images) = (network.Info, zeros(1, network.Info.Channels, network.Info.ImageHeight, network.Info.ImageWidth));
            Assert.Contains(
                message, Assert.Throws<ArgumentException>("timesteps", () => network.forward(images, timesteps, null, null, null)).Message);
        }
    }

    private static Tensor Images => Fill.Input("input:x", 2, 3, 16, 16);

    private static void AssertRefused(DiffusionProcess diffusion, Tensor t, string message)
    {
        var x = Images;
        var functions = new List<Func<Tensor>>
        {
            () => diffusion.QSample(x, t, x), () => diffusion.PredictX0(x, t, x), () => diffusion.Loss(x, x, x, t, x),
        };
        if (diffusion is GaussianDiffusion gaussian)
        {
            functions.AddRange(
                () => gaussian.Target(x, t, x), () => gaussian.PredictNoise(x, t, x), () => gaussian.PosteriorMean(x, x, t),
                () => gaussian.LearnedLogVariance(x, t));
        }
        else
        {
            functions.Add(() => diffusion.Asked(x, t).Images);
        }
        Assert.All(functions, function => Assert.Contains(message, Assert.Throws<ArgumentException>("t", function).Message));
    }
}
