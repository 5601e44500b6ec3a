using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>One case of Golden/diffusion.json: what a reference implementation in PyTorch computed, in float32.</summary>
public sealed record GoldenDiffusion(
    int Timesteps, string Schedule, string Objective, int[] Index, double[] Betas, double[] AlphasCumprod, double[] PosteriorVariance,
    [property: JsonPropertyName("min_snr5_loss_weight")] double[] MinSnr5LossWeight, double[] LossWeightNoMinSnr,
    GoldenDiffusion.AncestralStep[] AncestralStepClipped, GoldenDiffusion.DdimCase Ddim, GoldenDiffusion.QSampleCase QSample,
    double Loss, [property: JsonPropertyName("loss_min_snr5")] double LossMinSnr5)
{
    public sealed record AncestralStep(
        int T, [property: JsonPropertyName("mean_base64_f32le")] string Mean, double LogVariance,
        [property: JsonPropertyName("x0_base64_f32le")] string X0);

    public sealed record DdimCase(
        int Steps, double Eta, [property: JsonPropertyName("clip_x0")] bool ClipX0, double[] Times,
        [property: JsonPropertyName("output_base64_f32le")] string Output);

    public sealed record QSampleCase(int[] T, [property: JsonPropertyName("output_base64_f32le")] string Output);

    public static GoldenDiffusion[] All { get; } = JsonSerializer.Deserialize<GoldenDiffusion[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "diffusion.json")),
        new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectRequiredConstructorParameters = true,
        })!;

    public static GoldenDiffusion Of(string schedule) => All.Single(golden => golden.Schedule == schedule);

    public DiffusionOptions Options(LossWeight weight = LossWeight.None) => new()
    {
        Timesteps = Timesteps,
        Schedule = Enum.Parse<BetaSchedule>(Schedule, ignoreCase: true),
        Objective = Enum.Parse<Objective>(Objective, ignoreCase: true),
        LossWeight = weight,
    };

    /// <summary>The toy that the numbers were made with: 0.6 x cos(0.01 t) + 0.05.</summary>
    public FunctionPredictor Toy() => new(Options(), (x, t, _) => Predict(x, t));

    public static Tensor Predict(Tensor x, Tensor t) => 0.6 * x * cos(t.to(ScalarType.Float32).reshape(-1, 1, 1, 1) * 0.01) + 0.05;

    public static float[] Floats(string base64) => MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(base64)).ToArray();
}
