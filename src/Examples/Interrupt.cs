using System.Runtime.InteropServices;
using Spectre.Console;

namespace UNetGen.Examples;

/// <summary>Ctrl-C and SIGTERM: the first asks the command to finish, the second ends the program at once.</summary>
internal sealed partial class Interrupt : IDisposable
{
    private readonly CancellationTokenSource first = new();
    private readonly PosixSignalRegistration[] signals;

    public Interrupt() => signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    /// <summary>Cancelled by the first.</summary>
    public CancellationToken Token => first.Token;

    public void Dispose()
    {
        foreach (var signal in signals)
            signal.Dispose();
        first.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (first.IsCancellationRequested)
            ExitNow();
        first.Cancel();
    }

    private static void ExitNow()
    {
        if (!Program.Plain)
            AnsiConsole.Cursor.Show(); // the progress bar hides it
        // An orderly exit unloads libtorch below its running threads, which then crash.
        if (!OperatingSystem.IsWindows())
            ExitProcess(Program.Interrupted);
        Environment.Exit(Program.Interrupted);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitProcess(int code);
}
