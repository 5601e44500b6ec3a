using System.Globalization;
using Spectre.Console;
using UNetGen.Diffusion;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Examples;

/// <summary>What a person sees while the machine works.</summary>
internal static class Progress
{
    /// <summary>Trains with a live bar: step, loss, images a second, time left. Where output is no terminal, a line every tenth of the way.</summary>
    public static TrainingSummary WhileTraining(TrainingOptions options, Func<Action<TrainingStep>, TrainingSummary> train)
    {
        var smooth = double.NaN;
        var nextLine = 0.1;
        return Bar("training", (task, plain) => train(step =>
        {
            smooth = double.IsNaN(smooth) ? step.Loss : 0.98 * smooth + 0.02 * step.Loss;
            var done = step.Elapsed / (step.Elapsed + step.Remaining);
            var text = string.Create(CultureInfo.InvariantCulture,
                $"step {step.Step:N0}{(options.Steps is { } steps ? $" of {steps:N0}" : "")}  loss {smooth:0.0000}  {step.ImagesPerSecond:N0} images/s  {step.Remaining:m\\:ss} left");
            task.Value = done;
            task.Description = text;
            if (plain && done >= nextLine - 1e-9)
            {
                AnsiConsole.WriteLine(text);
                nextLine = Math.Floor(done * 10) / 10 + 0.1;
            }
        }));
    }

    /// <summary>Samples with a live bar.</summary>
    public static Tensor WhileSampling(SamplingOptions options, Func<Action<SamplingProgress>, Tensor> sample)
    {
        return Bar("drawing", (task, _) => sample(at =>
        {
            var batch = Math.Min(options.BatchSize, options.Count - at.FirstImage);
            task.Value = (at.FirstImage + batch * (double)at.Step / at.Steps) / options.Count;
        }));
    }

    private static T Bar<T>(string title, Func<ProgressTask, bool, T> work)
    {
        var plain = !AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected;
        return AnsiConsole.Progress()
            .HideCompleted(false)
            .Columns(plain ? [] : [new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }])
            .Start(context => work(context.AddTask(title, maxValue: 1), plain));
    }
}
