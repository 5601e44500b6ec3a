using System.CommandLine;
using System.Text;
using Spectre.Console;
using UNetGen.Files;
using UNetGen.Networks;

namespace UNetGen.Cli.Report;

/// <summary>Writes a run as one page for a browser.</summary>
internal static class ReportCommand
{
    public static Command AddTo(Command command)
    {
        var folder = new Argument<string>("RUN") { Description = "A run's folder; it may be training still." };
        command.Add(folder);
        command.SetAction(parsed => Write(parsed.GetRequiredValue(folder)));
        return command;
    }

    /// <summary>Reads nothing but the run's files, and writes <c>report.html</c> among them.</summary>
    /// <exception cref="UNetGenException">There is no run.</exception>
    private static void Write(string folder)
    {
        var path = Path.Combine(folder, "report.html");
        if (Directory.Exists(folder))
            AtomicFile.Try(path);
        var run = TrainedRun.Open(folder);
        foreach (var problem in run.Problems)
            Warnings.Show(problem);
        var html = new ReportPage(run, NetworkOf(run), DateTimeOffset.Now).ToHtml();
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(html)));
        AnsiConsole.MarkupLineInterpolated($"the run as a page: [blue]{path}[/]");
    }

    /// <summary>What was trained, by its newest checkpoint, else by its name; null: the run is young, and nothing knows the name.</summary>
    private static NetworkInfo? NetworkOf(TrainedRun run)
    {
        try
        {
            return run.Newest is { } trained ? Catalog.Of(trained).Info : run.Network is { } name ? Catalog.Find(name)?.Info : null;
        }
        catch (UNetGenException error)
        {
            Warnings.Show(error.Message);
            return null;
        }
    }
}
