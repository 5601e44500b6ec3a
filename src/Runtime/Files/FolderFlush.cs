using System.Runtime.InteropServices;
using UNetGen.Native;

namespace UNetGen.Files;

/// <summary>
/// Puts on the disk which names a folder holds. A file's own flush doesn't: after a power cut its content could be there and its name not.
/// .NET opens no folders, so this asks the system (POSIX fsync). Windows has no such call and keeps names in NTFS's journal.
/// </summary>
internal static class FolderFlush
{
    /// <exception cref="IOException">The disk fails.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Posix.Open(folder, Posix.ReadOnly);
        // A folder that may be written but not read can't be opened, and can't be flushed.
        if (descriptor < 0)
            return;
        try
        {
            // EINVAL: some network file systems can't flush folders.
            if (Posix.Fsync(descriptor) != 0 && Marshal.GetLastPInvokeError() is var error and not Posix.InvalidArgument)
                throw new IOException($"The folder {folder} can't be flushed to the disk: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
        finally
        {
            _ = Posix.Close(descriptor);
        }
    }
}
