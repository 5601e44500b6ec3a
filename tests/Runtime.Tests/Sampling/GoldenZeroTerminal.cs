using System.Text.Json;
using System.Text.Json.Serialization;
using UNetGen.Diffusion;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Golden/zero_terminal_snr.json: what diffusers computes of custom betas, their rescaling, and rescaled guidance.</summary>
public sealed record GoldenZeroTerminal(
    string Source, int[] Shape, GoldenZeroTerminal.Rescaling[] Schedules,
    [property: JsonPropertyName("custom_betas")] GoldenZeroTerminal.Custom[] Customs, GoldenZeroTerminal.Guidance GuidanceRescale)
{
    /// <summary>Numbers at some timesteps, in float32 and, where they were computed so, in float64.</summary>
    public sealed record Numbers(
        double[] Betas, double[] AlphasCumprod, [property: JsonPropertyName("alphas_cumprod_float64")] double[] Exact,
        [property: JsonPropertyName("betas_float64")] double[]? ExactBetas = null);

    public sealed record Ddim(
        int Steps, string Spacing, bool SetAlphaToOne, [property: JsonPropertyName("clip_x0")] bool Clip, double[] Timesteps,
        [property: JsonPropertyName("first_x0_base64_f32le")] string FirstX0,
        [property: JsonPropertyName("first_step_base64_f32le")] string FirstStep,
        [property: JsonPropertyName("output_base64_f32le")] string Output,
        [property: JsonPropertyName("output_rederived_base64_f32le")] string? Rederived = null);

    public sealed record Rescaling(
        int Timesteps, string Schedule, double BetaStart, double BetaEnd, int[] Index,
        [property: JsonPropertyName("ddim")] object[] Cases, Numbers Plain, Numbers ZeroTerminalSnr,
        [property: JsonPropertyName("ddim_v")] Ddim[] Drawn)
    {
        /// <summary>The diffusion with the last timestep's signal or without it.</summary>
        public DiffusionOptions Options(ScheduleRescale rescale) => OptionsOf(Timesteps, Schedule, BetaStart, BetaEnd) with
        {
            ScheduleRescale = rescale,
            Objective = Objective.V,
            LossWeight = LossWeight.Plain,
        };
    }

    public sealed record Custom(
        int Timesteps, string Schedule, double BetaStart, double BetaEnd, int[] Index, double[] Betas, double[] AlphasCumprod,
        [property: JsonPropertyName("betas_float64")] double[] ExactBetas,
        [property: JsonPropertyName("alphas_cumprod_float64")] double[] Exact)
    {
        public DiffusionOptions Options => OptionsOf(Timesteps, Schedule, BetaStart, BetaEnd);
    }

    public sealed record Guidance(int[] Shape, GuidanceCase[] Cases);

    public sealed record GuidanceCase(
        double Scale, double Rescale, double[] StdText, double[] StdGuided,
        [property: JsonPropertyName("guided_base64_f32le")] string Guided,
        [property: JsonPropertyName("output_base64_f32le")] string Output);

    public static GoldenZeroTerminal File { get; } = JsonSerializer.Deserialize<GoldenZeroTerminal>(
        System.IO.File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "zero_terminal_snr.json")),
        new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectRequiredConstructorParameters = true,
        })!;

    private static DiffusionOptions OptionsOf(int timesteps, string schedule, double start, double end) => new()
    {
        Timesteps = timesteps,
        Schedule = schedule == "linear" ? BetaSchedule.Linear : BetaSchedule.ScaledLinear,
        ScheduleScaling = false,
        BetaStart = start,
        BetaEnd = end,
    };
}
