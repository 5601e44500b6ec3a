using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UNetGen.Examples.Tests;

/// <summary>
/// A file that whoever opens it waits for, as on a share that is away: Linux lets the others wait for the holder of a lease, three quarters
/// of a minute at most.
/// </summary>
internal sealed partial class HeldFile : IDisposable
{
    private const int SetSignal = 10, SetLease = 1024;
    private const int ForWriting = 1;

    // Of somebody who waits the holder is told by a signal. This one ends nobody who doesn't know it.
    private const int Urgent = 23;

    private readonly SafeFileHandle file;

    /// <summary>Holds it as soon as nobody else has it open.</summary>
    public HeldFile(string path)
    {
        file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (Control(file, SetSignal, Urgent) != 0)
            throw new Win32Exception();
        Assert.True(SpinWait.SpinUntil(() => Control(file, SetLease, ForWriting) == 0, TimeSpan.FromSeconds(30)), "it is always open");
    }

    public void Dispose() => file.Dispose();

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int value);
}
