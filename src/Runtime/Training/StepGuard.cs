using System.Globalization;

namespace UNetGen.Training;

/// <summary>
/// Tells steps that would harm the weights, by loss and gradient norm: what is no finite number, or far beyond what the last steps had, or
/// the first one. It counts those that are skipped, and knows when there were too many.
/// </summary>
internal sealed class StepGuard(TrainingOptions options)
{
    /// <summary>The steps that it remembers.</summary>
    public const int Window = 100;

    // A greatest of fewer says little: the losses of the first steps differ widely, with their timesteps' weights, and a training that goes
    // wrong at once has only bad ones. Until then a step is held against the first one, by errors without these weights: an untrained
    // network's is about as large as what it is to predict.
    private const int LeastForExplosion = 20;

    private readonly Queue<double> losses = new();
    private readonly Queue<double> gradientNorms = new();
    private double? firstError;

    /// <summary>Steps that were skipped.</summary>
    public int Skipped { get; private set; }

    /// <summary>How many of them were the last steps.</summary>
    public int Consecutive { get; private set; }

    /// <summary>Whether the last step was skipped.</summary>
    public bool Skipping => Consecutive > 0;

    /// <summary>The mean of the last 100 accepted steps' losses, or of all where there are fewer; NaN where there are none.</summary>
    public double MeanLoss => losses.Count == 0 ? double.NaN : losses.Average();

    /// <summary>Whether so many steps were skipped that the training has to end.</summary>
    public bool Exhausted => Consecutive > options.MaxConsecutiveSkips || Skipped > options.MaxSkips;

    /// <summary>What is wrong with a step, as half a sentence; null where nothing is. Counts it either way.</summary>
    /// <param name="loss">Of the step.</param>
    /// <param name="gradientNorm">Over all parameters.</param>
    /// <param name="lossWeight">The mean weight of the step's timesteps in the loss; null where the loss has parts without it.</param>
    public string? Judge(double loss, double gradientNorm, double? lossWeight)
    {
        var error = loss / lossWeight;
        if ((Fault("loss", loss, losses) ?? Fault("gradient norm", gradientNorm, gradientNorms) ?? EarlyFault(loss, error)) is { } fault)
        {
            Consecutive++;
            Skipped++;
            return fault;
        }
        if (losses.Count == 0 && error > 0 && double.IsFinite(error.Value))
            firstError = error;
        Remember(losses, loss);
        Remember(gradientNorms, gradientNorm);
        Consecutive = 0;
        return null;
    }

    /// <summary>What it has to know to go on.</summary>
    public TrainingState Capture(TimeSpan elapsed) => new()
    {
        ElapsedSeconds = elapsed.TotalSeconds,
        Skipped = Skipped,
        ConsecutivelySkipped = Consecutive,
        FirstError = firstError,
        Losses = [.. losses],
        GradientNorms = [.. gradientNorms],
    };

    /// <summary>Goes on from there.</summary>
    public void Restore(TrainingState state)
    {
        (Skipped, Consecutive, firstError) = (state.Skipped, state.ConsecutivelySkipped, state.FirstError);
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
            return Text(
                $"the {what} is {value:G4}, more than {factor} times the {before.Max():G4} that was the greatest of the last ")
            + Text($"{Counted.Of(before.Count, "step")}");
        return null;
    }

    private string? EarlyFault(double loss, double? error) =>
        losses.Count < LeastForExplosion && error > options.ExplosionFactor * firstError
        ? Text($"the loss is {loss:G4}, for its timesteps more than {options.ExplosionFactor} times that of the first step")
        : null;

    private static void Remember(Queue<double> window, double value)
    {
        if (window.Count == Window)
            window.Dequeue();
        window.Enqueue(value);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
