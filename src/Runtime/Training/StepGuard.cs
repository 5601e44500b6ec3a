using System.Globalization;

namespace UNetGen.Training;

/// <summary>
/// Tells steps that would harm the weights, by loss and gradient norm: what is no finite number, or far beyond what the last steps had. It counts those
/// that are skipped, and knows when there were too many.
/// </summary>
internal sealed class StepGuard(TrainingOptions options)
{
    private const int Window = 100;

    // A greatest of fewer says little, and the first steps of a training differ widely.
    private const int LeastForExplosion = 20;

    private readonly Queue<double> losses = new();
    private readonly Queue<double> gradientNorms = new();
    private int consecutive;

    /// <summary>Steps that were skipped.</summary>
    public int Skipped { get; private set; }

    /// <summary>The mean of the last 100 accepted steps' losses, or of all where there are fewer; NaN where there are none.</summary>
    public double MeanLoss => losses.Count == 0 ? double.NaN : losses.Average();

    /// <summary>Whether so many steps were skipped that the training has to end.</summary>
    public bool Exhausted => consecutive > options.MaxConsecutiveSkips || Skipped > options.MaxSkips;

    /// <summary>What is wrong with a step, as half a sentence; null where nothing is. Counts it either way.</summary>
    public string? Judge(double loss, double gradientNorm)
    {
        if ((Fault("loss", loss, losses) ?? Fault("gradient norm", gradientNorm, gradientNorms)) is { } fault)
        {
            consecutive++;
            Skipped++;
            return fault;
        }
        Remember(losses, loss);
        Remember(gradientNorms, gradientNorm);
        consecutive = 0;
        return null;
    }

    /// <summary>What it has to know to go on.</summary>
    public TrainingState Capture(TimeSpan elapsed) => new()
    {
        ElapsedSeconds = elapsed.TotalSeconds,
        Skipped = Skipped,
        ConsecutivelySkipped = consecutive,
        Losses = [.. losses],
        GradientNorms = [.. gradientNorms],
    };

    /// <summary>Goes on from there.</summary>
    public void Restore(TrainingState state)
    {
        (Skipped, consecutive) = (state.Skipped, state.ConsecutivelySkipped);
        losses.Clear();
        gradientNorms.Clear();
        foreach (var loss in state.Losses)
            losses.Enqueue(loss);
        foreach (var norm in state.GradientNorms)
            gradientNorms.Enqueue(norm);
    }

    private string? Fault(string what, double value, Queue<double> before)
    {
        if (!double.IsFinite(value))
            return Text($"the {what} is {value}");
        if (options.ExplosionFactor is { } factor && before.Count >= LeastForExplosion && value > factor * before.Max())
            return Text($"the {what} is {value:G4}, more than {factor} times the {before.Max():G4} that was the greatest of the last {before.Count} steps");
        return null;
    }

    private static void Remember(Queue<double> window, double value)
    {
        if (window.Count == Window)
            window.Dequeue();
        window.Enqueue(value);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
