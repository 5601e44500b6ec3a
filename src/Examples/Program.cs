using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace UNetGen.Examples;

/// <summary>The command line. Without a command it does the main job: trains the default spec on the shapes.</summary>
internal static class Program
{
    /// <summary>The exit code after Ctrl-C, as shells have it.</summary>
    public const int Interrupted = 130;

    private const int Failure = 1;
    private const int Usage = 2;

    private static readonly IAnsiConsole Errors = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    public static int Main(string[] args)
    {
        // 0.002 means the same on a German machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        // A file or a pipe has no width: lines stay whole.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 1000;
        if (Console.IsErrorRedirected)
            Errors.Profile.Width = 1000;
        using var interrupt = new Interrupt();
        var train = new TrainCommand(interrupt);
        var root = new RootCommand("U-Nets from a few lines of YAML, trained to draw. Without a command it trains the shapes, for two and a half minutes.");
        train.AddTo(root);
        root.Add(train.AddTo(new Command("train", "Train a network; writes a grid of samples, the loss curve and a checkpoint.")));
        root.Add(new SampleCommand(interrupt).AddTo(new Command("sample", "Draw pictures with a trained network.")));
        root.Add(Report.ReportCommand.AddTo(new Command("report", "Write a run as one page: curves, samples over time, the network.")));
        root.Add(ExportCommand.AddTo(new Command("export", "Write trained weights for other programs.")));
        root.Add(ImportCommand.AddTo(new Command("import", "Take over a network of diffusers: its spec, then its weights.")));
        root.Add(InspectCommand.AddTo(new Command("inspect", "Show a network's levels, parameters, operations and memory.")));

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            // An option that root and command share is checked twice.
            foreach (var message in parsed.Errors.Select(error => error.Message).Distinct())
                Say(message);
            Errors.MarkupLine("Try [blue]--help[/].");
            return Usage;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (Exception error) when (IsTheUsers(error))
        {
            Say(error.Message);
            return Failure;
        }
    }

    /// <summary>What the user can mend is told in a sentence; anything else is a bug, and shows its stack.</summary>
    private static bool IsTheUsers(Exception error) => error
        is UNetGenException or UnauthorizedAccessException or IOException;

    private static void Say(string message) => Errors.MarkupLineInterpolated($"[red]error:[/] {message}");
}
