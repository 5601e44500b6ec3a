using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;
using UNetGen.Files;
using UNetGen.Pictures;

namespace UNetGen.Cli;

/// <summary>The loss of a training run as a picture: every step faint, a running mean over it.</summary>
internal static class LossCurve
{
    // The sum of a long run's losses is then still a number.
    private const double GreatestDrawn = 1e300;

    // A fresh machine without a desktop has no fonts at all, and text would be missing without a word: so one comes along.
    static LossCurve() => Fonts.FontResolvers.Add(new OwnFont());

    /// <summary>Writes the curve; the loss axis is logarithmic.</summary>
    /// <param name="points">
    /// In the order of the steps; losses that aren't positive, or beyond all bounds, are left out of the picture.
    /// </param>
    /// <param name="path">A .png file.</param>
    /// <param name="title">What was trained, in ASCII.</param>
    public static void Save(IReadOnlyList<(int Step, double Loss)> points, string path, string title = "Training loss")
    {
        var drawn = points.Where(point => point.Loss is > 0 and < GreatestDrawn).ToArray();
        var steps = drawn.Select(point => (double)point.Step).ToArray();
        var logs = drawn.Select(point => Math.Log10(point.Loss)).ToArray();

        using var plot = new Plot();
        plot.Font.Set(OwnFont.Name);
        plot.Title(title, 16);
        plot.XLabel("step");
        plot.YLabel("loss");
        var raw = plot.Add.ScatterPoints(steps, logs, Colors.SteelBlue.WithAlpha(0.3));
        raw.MarkerSize = drawn.Length < 500 ? 5 : 3;
        raw.LegendText = "each step";
        var window = Math.Max(1, drawn.Length / 50);
        var mean = plot.Add.ScatterLine(steps, RunningMean(drawn, window).Select(Math.Log10).ToArray(), Colors.DarkBlue);
        mean.LineWidth = 2;
        mean.LegendText = $"mean of {2 * window + 1}";

        // ScottPlot draws linear axes: the logarithms are plotted and their ticks named by what they stand for.
        if (drawn.Length > 0)
        {
            var ticks = LossTicks(logs.Min(), logs.Max());
            plot.Axes.Left.TickGenerator = new NumericManual(
                [.. ticks.Select(tick => tick.Position)], [.. ticks.Select(tick => tick.Label)]);
            plot.Axes.SetLimitsY(ticks[0].Position, ticks[^1].Position);
        }
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic
        {
            IntegerTicksOnly = true,
            LabelFormatter = step => step.ToString("N0", CultureInfo.InvariantCulture),
        };
        foreach (var label in new[] { plot.Axes.Title.Label, plot.Axes.Left.Label, plot.Axes.Bottom.Label })
            label.Bold = false;
        plot.ShowLegend(Alignment.UpperRight);
        AtomicFile.Write(path, stream => stream.Write(OverviewMark.Add(plot.GetImageBytes(900, 500, ImageFormat.Png))));
    }

    /// <summary>Each point's mean with its neighbours, up to <paramref name="reach"/> on both sides.</summary>
    private static IEnumerable<double> RunningMean((int Step, double Loss)[] points, int reach)
    {
        var sums = new double[points.Length + 1];
        for (var i = 0; i < points.Length; i++)
            sums[i + 1] = sums[i] + points[i].Loss;
        for (var i = 0; i < points.Length; i++)
        {
            var (from, to) = (Math.Max(0, i - reach), Math.Min(points.Length, i + reach + 1));
            yield return (sums[to] - sums[from]) / (to - from);
        }
    }

    /// <summary>
    /// 1, 2 and 5 of each decade, from the last one below the losses to the first one above, so that there are always two.
    /// </summary>
    private static List<(double Position, string Label)> LossTicks(double lowest, double highest)
    {
        var ticks = new List<(double Position, string Label)>();
        for (var decade = (int)Math.Floor(lowest) - 1; decade <= Math.Ceiling(highest); decade++)
        {
            foreach (var digit in new[] { 1, 2, 5 })
                ticks.Add((decade + Math.Log10(digit), FormattableString.Invariant($"{digit * Math.Pow(10, decade):G3}")));
        }
        var first = ticks.FindLastIndex(tick => tick.Position < lowest);
        var last = ticks.FindIndex(tick => tick.Position > highest);
        return ticks[first..(last + 1)];
    }
}
