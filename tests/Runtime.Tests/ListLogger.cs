using Microsoft.Extensions.Logging;

namespace UNetGen.Runtime.Tests;

/// <summary>Keeps what it is warned of.</summary>
public sealed class ListLogger : ILogger
{
    private readonly List<string> warnings = [];

    /// <summary>In order.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            warnings.Add(formatter(state, exception));
    }
}
