using System.Runtime.InteropServices;
using Spectre.Console;

namespace UNetGen.Cli;

/// <summary>
/// Ctrl-C, SIGTERM and a closed terminal: the first asks the command to finish, where it has something to finish; the second ends the
/// program at once.
/// </summary>
internal sealed partial class Interrupt : IDisposable
{
    private readonly CancellationTokenSource first = new();
    private readonly PosixSignalRegistration[] signals;
    private volatile bool isHeeded;

    public Interrupt() => signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        // Of a terminal that is closed. Under nohup it is ignored, and stays so.
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
    ];

    /// <summary>Cancelled by the first. Who has asked for it heeds it; until then the first ends the program at once.</summary>
    public CancellationToken Token
    {
        get
        {
            isHeeded = true;
            return first.Token;
        }
    }

    public void Dispose()
    {
        foreach (var signal in signals)
            signal.Dispose();
        first.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (first.IsCancellationRequested || !isHeeded)
        {
            if (!UNetGenProgram.Plain)
                AnsiConsole.Cursor.Show(); // the progress bar hides it
            EndNow(UNetGenProgram.Interrupted);
        }
        first.Cancel();
        // Windows ends a process whose console was closed, or that is logged off, when this returns; until then it gives it some seconds.
        if (OperatingSystem.IsWindows() && context.Signal != PosixSignal.SIGINT)
            Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Ends the process where it is.</summary>
    public static void EndNow(int code)
    {
        // An orderly exit unloads libtorch below its running threads, which then crash.
        if (!OperatingSystem.IsWindows())
            ExitProcess(code);
        Environment.Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitProcess(int code);
}
