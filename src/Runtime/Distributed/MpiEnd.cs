using System.Runtime.InteropServices;

namespace UNetGen.Distributed;

/// <summary>
/// The end of a process among others. In order, all end together (MPI_Finalize). In any other way this process's end has to be theirs: they
/// would wait for it forever. So whatever ends the process, an exception that nobody caught, a signal, a return from Main that skipped the
/// ordinary end, ends the job.
/// </summary>
internal sealed partial class MpiEnd
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly MpiApi api;
    private int ended;

    public MpiEnd(MpiApi api)
    {
        this.api = api;
        AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    /// <summary>The ordinary end; waits for the others'. A second call does nothing.</summary>
    public void Finish()
    {
        if (Interlocked.Exchange(ref ended, 1) == 1)
            return;
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        api.End();
    }

    /// <summary>Ends all processes; doesn't return.</summary>
    /// <param name="exitCode">The launcher's answer.</param>
    public void Abort(int exitCode)
    {
        if (Interlocked.Exchange(ref ended, 1) == 0)
        {
            // In a thread of its own, since another may be within MPI, which promises nothing for two: should it get stuck, this process's
            // end alone is what the launcher sees.
            var abort = new Thread(() => api.Abort(exitCode)) { IsBackground = true };
            abort.Start();
            abort.Join(Patience);
        }
        // An orderly exit unloads libraries below their running threads, and raises ProcessExit.
        ExitProcess(exitCode);
    }

    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs arguments)
    {
        Console.Error.WriteLine($"Unhandled exception. {arguments.ExceptionObject}");
        Abort(134);
    }

    private void OnProcessExit(object? sender, EventArgs arguments) => Abort(Environment.ExitCode == 0 ? 1 : Environment.ExitCode);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitProcess(int code);
}
