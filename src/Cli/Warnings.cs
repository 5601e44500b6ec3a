using Microsoft.Extensions.Logging;
using Spectre.Console;
using UNetGen.Cli.Runs;

namespace UNetGen.Cli;

/// <summary>Shows warnings: the program's own, and what the library tells its logger. It remembers the latter.</summary>
/// <param name="tell">What to do with the library's instead of showing them.</param>
internal sealed class Warnings(Action<string>? tell = null) : ILogger
{
    private readonly List<string> told = [];

    /// <summary>What the library has told until now, in order.</summary>
    public IReadOnlyList<string> Told => told;

    /// <summary>Shows one, with options named as in runs.</summary>
    public static void Show(string message) =>
        AnsiConsole.MarkupLineInterpolated($"[yellow]warning:[/] {RunFields.InWordsOfRuns(message)}");

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        told.Add(formatter(state, exception));
        (tell ?? Show)(told[^1]);
    }
}
