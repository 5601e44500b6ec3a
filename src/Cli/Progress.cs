using Spectre.Console;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>What a person sees while the machine works.</summary>
internal static class Progress
{
    /// <summary>
    /// Trains with a live bar: step, loss, images a second, time left. Where output is no terminal, a line every tenth of the way.
    /// </summary>
    public static T WhileTraining<T>(TrainingOptions options, Func<Action<TrainingStep>, T> train)
    {
        var smooth = double.NaN;
        return While("training", lines: true, show => train(step =>
        {
            if (step.Skipped is null)
                smooth = double.IsNaN(smooth) ? step.Loss : 0.98 * smooth + 0.02 * step.Loss;
            var loss = double.IsNaN(smooth) ? "-" : $"{smooth:0.0000}";
            var of = options.Steps is { } steps ? $" of {steps:N0}" : "";
            show(
                step.Elapsed / (step.Elapsed + step.Remaining),
                $"step {step.Step:N0}{of}  loss {loss}  {step.ImagesPerSecond:N0} images/s  {Time(step.Remaining)} left");
        }));
    }

    /// <summary>Samples with a live bar; where output is no terminal silently, or with a line every tenth of the way.</summary>
    public static T WhileSampling<T>(SamplingOptions options, bool lines, Func<Action<SamplingProgress>, T> sample) =>
        While("drawing", lines, show => sample(at =>
    {
        var before = at.FirstImage - options.FirstImage;
        var batch = Math.Min(options.BatchSize, options.Count - before);
        var drawn = before + batch * (double)at.Step / at.Steps;
        show(drawn / options.Count, $"drawing {options.Count}");
    }));

    private static string Time(TimeSpan time) => time.TotalHours < 1 ? $"{time:m\\:ss}" : $"{(int)time.TotalHours}:{time:mm\\:ss}";

    /// <summary>
    /// Any work, which shows how much of it is done, from 0 to 1, and a text; where output is no terminal silently, or with a line every
    /// tenth of the way.
    /// </summary>
    public static T While<T>(string title, bool lines, Func<Action<double, string>, T> work)
    {
        if (UNetGenProgram.Plain)
            return work(lines ? LineEveryTenth() : (_, _) => { });
        return AnsiConsole.Progress()
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                var task = context.AddTask(title, maxValue: 1);
                return work((done, text) => (task.Value, task.Description) = (done, text));
            });
    }

    private static Action<double, string> LineEveryTenth()
    {
        var tenth = 0;
        return (done, text) =>
        {
            if ((int)(10 * done + 1e-9) <= tenth)
                return;
            tenth = (int)(10 * done + 1e-9);
            Console.WriteLine($"{done,4:P0}  {text}");
        };
    }
}
