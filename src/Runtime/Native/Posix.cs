using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UNetGen.Native;

/// <summary>
/// What Linux and macOS can do with files and .NET can't, or doesn't tell the outcome of. Numbers are those of both systems.
/// </summary>
internal static partial class Posix
{
    public const int ReadOnly = 0; // O_RDONLY
    public const int NoEntry = 2; // ENOENT
    public const int InvalidArgument = 22; // EINVAL
    public const int LockExclusive = 2; // LOCK_EX
    public const int LockNonBlocking = 4; // LOCK_NB

    /// <summary>EWOULDBLOCK.</summary>
    public static int WouldBlock => OperatingSystem.IsLinux() ? 11 : 35;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeFileHandle file, int operation);
}
