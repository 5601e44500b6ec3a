using System.Text.Json;
using UNetGen.Training;

namespace UNetGen.Logging;

/// <summary>One line of a run's log: a step, and what it cost. All but the costs is the same, bit for bit, where a run is stopped and resumed.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">The loss of its batch, before the weights moved; may be no finite number where the step was skipped.</param>
/// <param name="GradientNorm">The norm of the gradient, before it was clipped.</param>
/// <param name="LearningRate">The optimiser's.</param>
/// <param name="ImagesPerSecond">On average, since the start.</param>
/// <param name="SecondsPerThousandImages">The same the other way round; 0 where no time has passed.</param>
/// <param name="ResidentBytes">The process's memory, bytes.</param>
/// <param name="ElapsedSeconds">Since the start, seconds.</param>
public sealed record LoggedStep(
    int Step, double Loss, double GradientNorm, double LearningRate,
    double ImagesPerSecond, double SecondsPerThousandImages, long ResidentBytes, double ElapsedSeconds)
{
    internal static LoggedStep From(TrainingStep step, long residentBytes) => new(
        step.Step, step.Loss, step.GradientNorm, step.LearningRate,
        step.ImagesPerSecond, step.ImagesPerSecond > 0 ? 1000 / step.ImagesPerSecond : 0, residentBytes, step.Elapsed.TotalSeconds);

    /// <summary>The line, UTF-8, with the line feed that says it is whole.</summary>
    internal byte[] ToLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, LogJson.Default.LoggedStep), (byte)'\n'];

    /// <exception cref="JsonException">It is no line of a log.</exception>
    internal static LoggedStep Parse(ReadOnlySpan<byte> line) =>
        JsonSerializer.Deserialize(line, LogJson.Default.LoggedStep) ?? throw new JsonException("It holds null.");
}
