using System.Diagnostics;
using System.Runtime.InteropServices;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>Ctrl-C, as it comes from the console of a process.</summary>
internal static partial class ConsoleSignal
{
    private const uint CtrlC = 0;

    /// <summary>Presses it in the console that a process has for itself.</summary>
    public static void Interrupt(Process process)
    {
        // A process has one console at a time, and all that have it get the event.
        FreeConsole();
        Require(AttachConsole((uint)process.Id), nameof(AttachConsole));
        SetConsoleCtrlHandler(0, ignore: true);
        Require(GenerateConsoleCtrlEvent(CtrlC, group: 0), nameof(GenerateConsoleCtrlEvent));
        FreeConsole();
    }

    /// <summary>What is started from here on heeds it again.</summary>
    public static void Heed() => SetConsoleCtrlHandler(0, ignore: false);

    private static void Require(bool done, string call)
    {
        if (!done)
            throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FreeConsole();

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool AttachConsole(uint process);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetConsoleCtrlHandler(nint handler, [MarshalAs(UnmanagedType.Bool)] bool ignore);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GenerateConsoleCtrlEvent(uint signal, uint group);
}
