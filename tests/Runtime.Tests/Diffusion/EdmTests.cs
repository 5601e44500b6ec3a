using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Sampling;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>EDM as its authors' code has it, of Golden/edm.json.</summary>
public class EdmTests
{
    private static readonly JsonElement Golden = GoldenFile.Read("edm.json");

    private static readonly long[] Shape = [.. Golden.Numbers("shape").Select(size => (long)size)];

    private static readonly DiffusionOptions Options = new() { Type = DiffusionType.Edm };

    [Fact]
    public void The_network_is_wrapped_as_the_reference_wraps_it()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("precond");
        var levels = new EdmLevels(Options);
        using var edm = new Edm(Options);
        var x = Fill.Input("input:x", Shape);
        foreach (var (sigma, index) in golden.Numbers("sigma").Select((sigma, index) => (sigma, index)))
        {
            var (scale, timestep, skip, output) = levels.PreconditioningAt(sigma);
            Assert.Equal(golden.Numbers("c_in")[index], scale, 1e-6);
            Assert.Equal(golden.Numbers("c_noise")[index], timestep, 1e-6);
            Assert.Equal(golden.Numbers("c_skip")[index], skip, 1e-6);
            Assert.Equal(golden.Numbers("c_out")[index], output, 1e-6);

            var t = edm.Times(x, sigma);
            var (asked, timesteps) = edm.Asked(x, t);
            var clean = edm.PredictX0(x, t, Predict(asked, timesteps));
            GoldenFile.Agrees(GoldenFile.Floats(golden.Each("D_base64_f32le").ElementAt(index)), clean, 1e-6);
            Assert.Equal(ScalarType.Float32, timesteps.dtype);
        }
    }

    [Fact]
    public void The_loss_is_the_references_weighted_error_of_the_clean_image()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("loss");
        var levels = new EdmLevels(Options);
        using var edm = new Edm(Options);
        double[] sigmas = [.. golden.Numbers("normals").Select(levels.TimeOfNormal)];
        GoldenFile.Agrees(golden.Numbers("sigma"), sigmas, 1e-6);
        GoldenFile.Agrees(
            golden.Numbers("weight"), [.. sigmas.Select(sigma => Math.Pow(levels.PreconditioningAt(sigma).Out, -2))], 1e-6);

        var (y, noise, t) = (Fill.Input("input:y", 1, Shape), Fill.Input("input:noise", Shape), edm.Times(sigmas));
        var x = edm.QSample(y, t, noise);
        var (asked, timesteps) = edm.Asked(x, t);
        var prediction = Predict(asked, timesteps);

        GoldenFile.Agrees(golden.Floats("elementwise"), (prediction - edm.Target(y, t, noise)).square(), 1e-5);
        Assert.Equal(golden.Number("mean"), edm.Loss(prediction, y, x, t, noise).item<float>(), 1e-5);
    }

    [Fact]
    public void Heun_with_and_without_churn_draws_what_the_reference_draws()
    {
        using var scope = NewDisposeScope();
        foreach (var golden in Golden.Each("sampler"))
        {
            var (steps, churn) = (golden.Whole("steps"), golden.Number("S_churn"));
            var (from, to) = (golden.Number("S_min"), golden.GetProperty("S_max") is { ValueKind: JsonValueKind.Number } max
                ? max.GetDouble() : double.PositiveInfinity);
            var sampler = new HeunSampler(steps, churn) { ChurnFrom = from, ChurnTo = to, ChurnNoise = golden.Number("S_noise") };
            var times = sampler.Times(new EdmLevels(Options));
            GoldenFile.Agrees(golden.Numbers("t_steps"), [.. times], 1e-9);

            // The reference draws noise in every step, also where it isn't used.
            var used = new Queue<int>(Enumerable.Range(0, steps).Where(i => churn > 0 && times[i] >= from && times[i] <= to));
            var calls = new List<double>();
            using var walk = new Walk(
                new FunctionPredictor(Options, (x, t, _) =>
                {
                    calls.Add(Math.Exp(4 * t[0].item<double>()));
                    return Predict(x, t);
                }),
                noise: () => Fill.Input($"input:churn{used.Dequeue()}", Shape).to(ScalarType.Float64));
            var drawn = walk.Through(sampler, Start(times[0]), times);

            GoldenFile.Agrees(golden.Doubles("output"), GoldenFile.Values(drawn), 1e-9);
            GoldenFile.Agrees(golden.Floats("output"), drawn, 2e-5);
            Assert.Empty(used);
            if (churn > 0)
                GoldenFile.Agrees(golden.Numbers("sigma_of_each_call"), calls, 1e-9);
            else
                GoldenFile.Agrees(
                    golden.Floats("euler_output"), walk.Through(new DdimSampler(steps), Start(times[0]), times), 2e-5);
        }
    }

    [Fact]
    public void Churn_in_no_range_or_of_no_finite_noise_is_refused_by_its_name()
    {
        foreach (var value in (double[])[-1, double.NaN, double.PositiveInfinity])
        {
            Assert.Contains("ChurnFrom", Refused(() => new(3) { ChurnFrom = value }));
            Assert.Contains("ChurnNoise", Refused(() => new(3) { ChurnNoise = value }));
        }
        Assert.Contains("ChurnTo", Refused(() => new(3) { ChurnTo = double.NaN }));
        Assert.Contains("ChurnTo must be at least ChurnFrom, 5, but is 1.", Refused(() => new(3) { ChurnFrom = 5, ChurnTo = 1 }));
        Assert.Contains("ChurnFrom must be at least 0 and at most ChurnTo, 1", Refused(() => new(3) { ChurnTo = 1, ChurnFrom = 5 }));
        var one = new HeunSampler(3, churn: 1) { ChurnTo = 5, ChurnFrom = 5, ChurnNoise = 0 };
        Assert.Equal((5.0, 5.0, 0.0), (one.ChurnFrom, one.ChurnTo, one.ChurnNoise));

        static string Refused(Func<HeunSampler> sampler) => Assert.Throws<ArgumentOutOfRangeException>(sampler).Message;
    }

    [Fact]
    public void A_drawing_begins_with_noise_of_the_largest_sigma()
    {
        using var scope = NewDisposeScope();
        var deviations = new List<double>();
        using var network = new FunctionPredictor(
            Options with { SigmaMax = 30 }, (x, _, _) => zeros_like(x), size: 32);
        using var drawn = new HeunSampler(3).Sample(
            network, new() { Count = 4 }, at => deviations.Add(at.Images.std().item<float>()));

        Assert.Equal(30, deviations[0], 1.0);
    }

    [Fact]
    public void Numbers_that_no_diffusion_has_are_refused()
    {
        Assert.Contains("`SigmaMin` must be less than `SigmaMax`", Refusal(Options with { SigmaMin = 80 }));
        Assert.Contains("`SigmaData` must be", Refusal(Options with { SigmaData = 0 }));
        Assert.Contains("`SigmaData` must be a number from 1E-16 to ", Refusal(Options with { SigmaData = 1e-30 }));
        Assert.Contains("`PMean` must be", Refusal(Options with { PMean = double.NaN }));
        Assert.Contains("`PMean` must be a number from -40 to 40", Refusal(Options with { PMean = 100 }));
        Assert.Contains("`PStd` must be a number from 0 to 40", Refusal(Options with { PStd = 1e10 }));
        Assert.Contains("`LogitMean` must be a number from -40 to 40", Refusal(new() { Type = DiffusionType.Flow, LogitMean = -1000 }));
        Assert.Contains("`Shift` must be", Refusal(new() { Type = DiffusionType.Flow, Shift = -1 }));
        Assert.Contains("`ModeScale` must be a number from -1 to below 1.7519", Refusal(new() { Type = DiffusionType.Flow, ModeScale = 1.8 }));
        Assert.Contains("`WeightingScheme` must be", Refusal(new() { Type = DiffusionType.Flow, WeightingScheme = (WeightingScheme)9 }));
        Assert.Contains("`Type` must be one of Ddpm, Flow, Edm", Refusal(Options with { Type = (DiffusionType)7 }));

        static string Refusal(DiffusionOptions options) =>
            Assert.Throws<UNetGenException>(() => NoiseLevels.Of(options)).Message;
    }

    private static Tensor Start(double sigma) => Fill.Input("input:latents", Shape).to(ScalarType.Float64) * sigma;

    private static Tensor Predict(Tensor x, Tensor t) => 0.6 * x * cos(0.5 * t.reshape(-1, 1, 1, 1)) + 0.05;
}
