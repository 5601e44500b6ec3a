using System.Text.Json;
using UNetGen.Logging;

namespace UNetGen.Cli.Report;

/// <summary>
/// A log as columns for the page's charts: of a long one, groups of steps with their mean, and the least and the greatest loss. What is no
/// finite number is null, and so is the loss of a step that was skipped.
/// </summary>
internal sealed class StepCurves
{
    // More than a screen has pixels to tell apart; the page stays small whatever the log's length.
    private const int MostPoints = 1500;

    public StepCurves(IReadOnlyList<LoggedStep> steps)
    {
        var size = Math.Max(1, (steps.Count + MostPoints - 1) / MostPoints);
        var groups = steps.Chunk(size).ToArray();
        Grouped = size > 1;
        Step = [.. groups.Select(group => group[^1].Step)];
        Loss = Means(groups, Counted);
        Low = [.. groups.Select(group => Finite(group.Select(Counted)).Select(loss => (double?)loss).Min())];
        High = [.. groups.Select(group => Finite(group.Select(Counted)).Select(loss => (double?)loss).Max())];
        LearningRate = Means(groups, step => step.LearningRate);
        GradientNorm = Means(groups, step => step.GradientNorm);
        ImagesPerSecond = Means(groups, step => step.ImagesPerSecond);
        ResidentMegabytes = Means(groups, step => step.ResidentBytes / 1e6);
    }

    /// <summary>Whether a point stands for several steps.</summary>
    public bool Grouped { get; }

    /// <summary>Each point's last step.</summary>
    public int[] Step { get; }
    public double?[] Loss { get; }
    public double?[] Low { get; }
    public double?[] High { get; }
    public double?[] LearningRate { get; }
    public double?[] GradientNorm { get; }
    public double?[] ImagesPerSecond { get; }
    public double?[] ResidentMegabytes { get; }

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.StepCurves);

    /// <summary>A step's loss, if it counts; else NaN.</summary>
    public static double Counted(LoggedStep step) => step.Skipped ? double.NaN : step.Loss;

    private static double?[] Means(LoggedStep[][] groups, Func<LoggedStep, double> column) =>
        [.. groups.Select(
            group => Finite(group.Select(column)).Select(value => (double?)value).Average() is { } mean && double.IsFinite(mean)
                ? Rounded(mean)
                : (double?)null)];

    private static IEnumerable<double> Finite(IEnumerable<double> values) => values.Where(double.IsFinite);

    // A curve shows no more than six digits.
    private static double Rounded(double value) => double.Parse(value.ToString("G6"));
}
