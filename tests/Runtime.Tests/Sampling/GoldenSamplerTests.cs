using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Every sampler through all of its steps, against Golden/samplers.json.</summary>
public class GoldenSamplerTests
{
    public sealed record Case(
        string Sampler, string Schedule, int[] Times, float[] Output, int Steps = 0, string? Spacing = null, double Eta = 0,
        double Churn = 0, string? Variance = null,
        string Objective = "noise", int StepsOffset = 0, bool RederiveNoise = true)
    {
        public Variance VarianceOrNone => Variance is null ? default : Parse<Variance>(Variance);

        public Sampler Make() => Sampler switch
        {
            "ddpm" => new AncestralSampler(VarianceOrNone),
            "ddim" => new DdimSampler(Steps, Eta, Parse<TimestepSpacing>(Spacing!), RederiveNoise) { StepsOffset = StepsOffset },
            "dpm" => new DpmSolverSampler(Steps, Parse<TimestepSpacing>(Spacing!)),
            "heun" => new HeunSampler(Steps, Churn, Parse<TimestepSpacing>(Spacing!)),
            _ => throw new InvalidOperationException(Sampler),
        };

        public static T Parse<T>(string name) where T : struct => Enum.Parse<T>(name.Replace("_", ""), ignoreCase: true);
    }

    private static readonly Case[] Cases = JsonSerializer.Deserialize<Case[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "samplers.json")),
        new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower })!;

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, Cases.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Times_and_pictures_are_the_papers(int number)
    {
        using var scope = NewDisposeScope();
        var golden = Cases[number];
        var learned = golden.VarianceOrNone == Variance.LearnedRange;
        var network = new FunctionPredictor(
            new()
            {
                Timesteps = 100,
                Schedule = Case.Parse<BetaSchedule>(golden.Schedule),
                Objective = Case.Parse<Objective>(
                golden.Objective),
                Variance = golden.VarianceOrNone
            },
            (x, t, _) => learned ? cat([GoldenDiffusion.Predict(x, t), 0.5 * sin(3 * x)], 1) : GoldenDiffusion.Predict(x, t));
        var drawn = 0;
        using var walk = new Walk(network, noise: () => Fill.Input($"noise:{drawn++}", 2, 1, 4, 4));
        var sampler = golden.Make();

        Assert.Equal([.. golden.Times, -1], sampler.Times(walk.Schedule));
        var x = walk.Through(sampler, Fill.Input("input:xT", 2, 1, 4, 4), [.. golden.Times, -1]);

        Agree.Values(golden.Output, x, 5e-5);
    }
}
