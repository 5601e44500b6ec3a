using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using UNetGen.Training;

namespace UNetGen.Logging;

/// <summary>
/// One line of a run's log: a step, and what it cost. All but the costs is the same, bit for bit, where a run is stopped and resumed.
/// </summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">The loss of its batch, before the weights moved; may be no finite number where the step was skipped.</param>
/// <param name="GradientNorm">The norm of the gradient, before it was clipped.</param>
/// <param name="LearningRate">The optimiser's.</param>
/// <param name="ImagesPerSecond">
/// Of the last 100 steps, with what was done between them, as drawing; of fewer where it has just begun or gone on.
/// </param>
/// <param name="SecondsPerThousandImages">The same the other way round; 0 where no time has passed.</param>
/// <param name="ResidentBytes">The process's memory, bytes.</param>
/// <param name="ElapsedSeconds">Since the start, seconds.</param>
public sealed record LoggedStep(
    int Step, double Loss, double GradientNorm, double LearningRate,
    double ImagesPerSecond, double SecondsPerThousandImages, long ResidentBytes, double ElapsedSeconds)
{
    /// <summary>Whether the step changed neither weights nor averages; the line names it only where it is so.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Skipped { get; init; }

    // Some thousand years.
    private const double MostSeconds = 1e11;

    internal static LoggedStep From(TrainingStep step, long residentBytes) => new(
        step.Step, step.Loss, step.GradientNorm, step.LearningRate,
        step.ImagesPerSecond, step.ImagesPerSecond > 0 ? 1000 / step.ImagesPerSecond : 0, residentBytes, step.Elapsed.TotalSeconds)
    {
        Skipped = step.Skipped is not null,
    };

    /// <summary>The line, UTF-8, with the line feed that says it is whole.</summary>
    internal byte[] ToLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, LogJson.Default.LoggedStep), (byte)'\n'];

    /// <exception cref="JsonException">It is no line of a log.</exception>
    internal static LoggedStep Parse(ReadOnlySpan<byte> line)
    {
        var step = JsonSerializer.Deserialize(line, LogJson.Default.LoggedStep) ?? throw new JsonException("It holds null.");
        return step.Fault is { } fault ? throw new JsonException(fault) : step;
    }

    /// <summary>What of it no step can have, as a sentence; null: nothing.</summary>
    internal string? Fault
    {
        get
        {
            (bool Holds, string Key, double Value)[] facts =
            [
                (Step > 0, "step", Step),
                (IsRate(ImagesPerSecond), "images_per_second", ImagesPerSecond),
                (IsRate(SecondsPerThousandImages), "seconds_per_thousand_images", SecondsPerThousandImages),
                (ResidentBytes >= 0, "resident_bytes", ResidentBytes),
                (ElapsedSeconds is >= 0 and <= MostSeconds, "elapsed_seconds", ElapsedSeconds),
            ];
            var (_, key, value) = facts.FirstOrDefault(fact => !fact.Holds);
            return key is null ? null : string.Create(CultureInfo.InvariantCulture, $"`{key}` is {value}, which no step can have.");

            static bool IsRate(double value) => value >= 0 && double.IsFinite(value);
        }
    }
}
