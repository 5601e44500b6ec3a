using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using UNetGen.Native;

namespace UNetGen.Files;

/// <summary>
/// The operating system's lock on an open file: it ends with the process, however that ends. On Windows it is the file's share mode,
/// elsewhere flock, which
/// Linux carries to NFS and SMB servers as a lock of the whole file. .NET asks for it too, but keeps to itself where a file system has no
/// locks.
/// </summary>
internal static class FileLock
{
    public enum Outcome
    {
        Held,
        HeldByAnother,

        /// <summary>The file system has no locks.</summary>
        Unknown,
    }

    /// <summary>Opens a file, made where it is missing, and locks it.</summary>
    /// <returns>The file, null where another has locked it; whether the lock is known to hold.</returns>
    /// <exception cref="IOException">It can't be opened.</exception>
    public static (FileStream? File, Outcome Outcome) Open(string path)
    {
        // What a link leads to is another's file, and a pipe can't be locked.
        if (new FileInfo(path).LinkTarget is { } target)
            throw new IOException($"{path}, the file of its lock, is a link to {target}; take it away");
        if (RegularFile.OtherKind(path) is { } kind)
            throw new IOException($"{path}, the file of its lock, is {kind}, no regular file; take it away");
        FileStream file;
        try
        {
            // On Windows others may read who holds it, and its holder delete it. Elsewhere all but None is a lock that several have.
            var share = OperatingSystem.IsWindows() ? FileShare.Read | FileShare.Delete : FileShare.None;
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share, bufferSize: 0);
        }
        catch (IOException error) when (IsHeld(error))
        {
            return (null, Outcome.HeldByAnother);
        }
        var outcome = OperatingSystem.IsWindows() ? Outcome.Held : Flock(file.SafeFileHandle);
        if (outcome != Outcome.HeldByAnother)
            return (file, outcome);
        file.Dispose();
        return (null, outcome);
    }

    /// <summary>Reads a file whatever locks it has.</summary>
    /// <exception cref="IOException">It can't be read; a <see cref="FileNotFoundException"/> where it isn't there.</exception>
    public static string Read(string path)
    {
        using var file = OperatingSystem.IsWindows()
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
            : new FileStream(OpenUnlocked(path), FileAccess.Read);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private static Outcome Flock(SafeFileHandle file)
    {
        if (Posix.Flock(file, Posix.LockExclusive | Posix.LockNonBlocking) == 0)
            return Outcome.Held;
        return Marshal.GetLastPInvokeError() == Posix.WouldBlock ? Outcome.HeldByAnother : Outcome.Unknown;
    }

    /// <summary>.NET would ask for a lock.</summary>
    private static SafeFileHandle OpenUnlocked(string path)
    {
        var descriptor = Posix.Open(path, Posix.ReadOnly);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        var message = $"{path} can't be read: {Marshal.GetPInvokeErrorMessage(error)}.";
        throw error == Posix.NoEntry ? new FileNotFoundException(message, path) : new IOException(message);
    }

    /// <summary>As against a file that can't be opened: ERROR_SHARING_VIOLATION of Windows, EWOULDBLOCK elsewhere.</summary>
    internal static bool IsHeld(IOException error) => (error.HResult & 0xFFFF) == (OperatingSystem.IsWindows() ? 32 : Posix.WouldBlock);
}
