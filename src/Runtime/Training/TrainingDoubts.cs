using System.Globalization;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// What speaks against drawing with the weights of a training, in sentences: no error, since it may well go on, but nothing to be silent
/// about.
/// </summary>
internal static class TrainingDoubts
{
    // Of this share and more the weights of the start show in the pictures. The first few updates of a warm-up are below it.
    private const double VisibleShare = 0.1;

    // Of a parameter's sum of squares. A step of the usual size moves it by a hundred times as much and more.
    private const double LeastChange = 1e-9;

    // Of the learning rate that was asked for: where no step got so much, hardly anything is learnt.
    private const double LeastOfLearningRate = 0.1;

    private const string FirstWeights = "the weights that the training began with";

    /// <param name="options">Of the training.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="state">Their state.</param>
    /// <param name="averages">
    /// The numbers of the averages that are to be drawn with; none: the weights of the last step; null: all.
    /// </param>
    public static IReadOnlyList<string> Of(TrainingOptions options, int step, TrainingState state, IReadOnlyList<int>? averages = null) =>
    [
        .. OfSkips(step, state.Skipped, state.ConsecutivelySkipped),
        // Their averages are the first weights as well, for the same reason.
        .. step > state.Skipped && HasLearntNothing(state) ? [OfOverflows(step - state.Skipped)]
            : step > state.Skipped && state.Unmoved ? [OfStandstill(step - state.Skipped)]
            : (averages ?? [.. options.Ema.Index().Select(average => average.Index)])
                .Select(i => OfAverage(options.Ema[i], step, SharesOf(options.Ema[i], i, step, state))).OfType<string>(),
    ];

    /// <summary>
    /// How much of an average is the first weights, and those that it began from; what isn't known, as if no step was skipped.
    /// </summary>
    public static (double First, double Start) SharesOf(EmaOptions average, int index, int step, TrainingState state)
    {
        var first = state.FirstShares is { } firsts && index < firsts.Count ? firsts[index] : average.FirstShareAfter(step);
        return state.StartShares is { } starts && index < starts.Count ? (first, starts[index])
            // Where it was never a copy it began from the first ones.
            : (first, first > 0 || average.StartAfter == 0 ? first : average.StartShareAfter(step));
    }

    /// <param name="averages">How they are kept.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="shares">How much of each is still the first weights, and those that it began from.</param>
    public static IReadOnlyList<string> OfAverages(
        IReadOnlyList<EmaOptions> averages, int step, IReadOnlyList<(double First, double Start)> shares) =>
        [.. averages.Zip(shares, (average, share) => OfAverage(average, step, share)).OfType<string>()];

    private static string? OfAverage(EmaOptions average, int step, (double First, double Start) share)
    {
        if (step == 0)
            return null;
        var isCopy = share.First == 0 && average.StartAfter > 0;
        if (isCopy && step <= average.StartAfter)
            return Text($"The average with `Ema.Decay` {average.Decay} is a mere copy of the trained weights: `Ema.StartAfter` is ")
                + Text($"{average.StartAfter}, after {Count(step)}.");
        var began = isCopy ? WeightsOfStep(average.StartAfter) : FirstWeights;
        return share.Start switch
        {
            1 => Text($"The average with `Ema.Decay` {average.Decay} is still {began}: no update of it (`Ema.UpdateEvery` is ")
                + Text($"{average.UpdateEvery}) was among {Count(step)}."),
            >= VisibleShare => Text(
                $"{share.Start:P0} of the average with `Ema.Decay` {average.Decay} are {began} after {Count(step)}: pictures ")
                + Text($"show them. It needs more steps, a smaller decay or a warm-up (`Ema.Power`)."),
            _ => null,
        };
    }

    /// <summary>Weights that an average is copied from, in words.</summary>
    public static string WeightsOfStep(int step) => step == 0 ? FirstWeights : Text($"the weights of step {step:N0}");

    private static IEnumerable<string> OfSkips(int step, int skipped, int last)
    {
        var of = Text($"{skipped:N0} of {Count(step)} were skipped");
        if (last > 0)
        {
            var others = last == 1 ? "one" : Text($"{last:N0}");
            yield return $"{of}, the last {others} among them, because loss or gradient exploded: "
                + "no step has succeeded with these weights, and they may be ruined.";
        }
        else if (2L * skipped > step)
        {
            yield return $"{of} because loss or gradient exploded: these weights have learnt from the others alone.";
        }
    }

    /// <summary>Whether float16 couldn't hold the gradient of any step, or the step was skipped.</summary>
    private static bool HasLearntNothing(TrainingState state) => state.LossScale is not null && state.Losses.Count == 0;

    /// <summary>The sum of the squares of each of a network's parameters.</summary>
    public static double[] SizesOf(NoisePredictor network)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return [.. network.parameters().Select(parameter => parameter.to(ScalarType.Float64).pow(Number.Of(2)).sum().item<double>())];
    }

    /// <summary>Whether steps between two <see cref="SizesOf"/> have moved the weights by nothing to speak of.</summary>
    public static bool AreAlike(double[] before, double[] after) =>
        before.Zip(after).All(size => Math.Abs(size.First - size.Second) <= LeastChange * Math.Max(size.First, LeastChange));

    /// <summary>Of a training that ends before its warm-up has brought the learning rate to a tenth; null: it has.</summary>
    /// <param name="options">Of the training.</param>
    /// <param name="steps">How many it has.</param>
    public static string? OfWarmup(TrainingOptions options, int steps)
    {
        // A limit in time is reached about evenly.
        var isSlow = steps > 0 && steps < options.WarmupSteps && Enumerable.Range(0, steps).All(
            step => options.LearningRateAt(step, (double)step / steps) < LeastOfLearningRate * options.LearningRate);
        return isSlow
            ? Text($"Of {Count(steps)} none gets a tenth of the `LearningRate`, {options.LearningRate}: it takes ")
                + Text($"{options.WarmupSteps:N0} to rise (`WarmupSteps`). Train longer, or let it rise in fewer.")
            : null;
    }

    /// <summary>Of steps that have changed the weights by hardly anything.</summary>
    /// <param name="steps">How many were done.</param>
    public static string OfStandstill(int steps) =>
        $"The weights have hardly changed in {Count(steps)}, which were too small. Look at `LearningRate`, `WarmupSteps`, `GradientClip` "
            + "and `Epsilon`.";

    /// <summary>Of steps that were all left out for the loss scale.</summary>
    /// <param name="steps">How many were done.</param>
    public static string OfOverflows(int steps) =>
        $"No weight has changed in {Count(steps)}: float16 couldn't hold the gradients, and the loss scale was lowered each time. It needs "
            + "more steps, or another `Precision`: bfloat16 and float32 need no scale.";

    private static string Count(int steps) => steps == 1 ? "1 step" : Text($"{steps:N0} steps");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
