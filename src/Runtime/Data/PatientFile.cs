using UNetGen.Files;
using UNetGen.Native;

namespace UNetGen.Data;

/// <summary>
/// Reads files that are data. What is wrong with a file itself is told from what passes, such as a share that is away for a moment or
/// handles that others have: that is waited for.
/// </summary>
internal static class PatientFile
{
    private const int LongestFile = 1 << 30;

    // What hasn't passed in three seconds is for a person to mend.
    private static readonly TimeSpan[] Waits = [
        .. new[] { 50, 200, 750, 2000 }.Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds))];

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">What is wrong with it, or null.</param>
    /// <returns>Its bytes, or null where it can't be used.</returns>
    /// <exception cref="DataException">
    /// It can't be read now, through no fault of its own, and tries for three seconds haven't helped.
    /// </exception>
    public static byte[]? Read(string path, out FileFault? fault)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return TryRead(path, out fault);
            }
            catch (Exception error) when (FaultOf(error, path) is { } reason)
            {
                fault = new(reason, IsOfContent: false);
                return null;
            }
            catch (Exception error) when (error is IOException or OutOfMemoryException)
            {
                if (tries == Waits.Length)
                    throw new DataException($"'{path}' can't be read: {Cause(error)}", error);
                Thread.Sleep(Waits[tries]);
            }
        }
    }

    /// <summary>Reads a part of a file that has been looked at before.</summary>
    /// <param name="path">The file.</param>
    /// <param name="known">Its size and time then: another is another file.</param>
    /// <param name="position">Where the part begins.</param>
    /// <param name="bytes">To be filled.</param>
    /// <exception cref="DataException">
    /// The file isn't there any more, or has changed, or can't be read now, and tries for three seconds haven't helped.
    /// </exception>
    public static void Read(string path, (long Length, DateTime Time) known, long position, Span<byte> bytes)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
                if ((RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle)) != known)
                    throw new DataException($"'{path}' has changed while it was being learnt from. Put back what was there.");
                for (var read = 0; read < bytes.Length;)
                {
                    var got = RandomAccess.Read(handle, bytes[read..], position + read);
                    read += got > 0 ? got : throw new IOException("It got shorter while it was read.");
                }
                return;
            }
            catch (Exception error) when (FaultOf(error, path) is { } reason)
            {
                throw new DataException($"'{path}' {reason}.", error);
            }
            catch (Exception error) when (error is IOException or OutOfMemoryException)
            {
                if (tries == Waits.Length)
                    throw new DataException($"'{path}' can't be read: {Cause(error)}", error);
                Thread.Sleep(Waits[tries]);
            }
        }
    }

    private static byte[]? TryRead(string path, out FileFault? fault)
    {
        fault = RegularFile.OtherKind(path) is { } kind ? new($"is {kind}, no regular file", IsOfContent: true) : null;
        if (fault is not null)
            return null;
        // Others may read it, write it and take it away meanwhile.
        using var handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(handle);
        if (length is 0 or > LongestFile)
        {
            fault = new(length == 0 ? "is empty" : "is larger than 1 GiB", IsOfContent: true);
            return null;
        }
        var bytes = new byte[length];
        for (var read = 0; read < bytes.Length;)
        {
            var got = RandomAccess.Read(handle, bytes.AsSpan(read), read);
            // Somebody writes it anew just now: to wait for him is right.
            read += got > 0 ? got : throw new IOException("It got shorter while it was read.");
        }
        return bytes;
    }

    /// <summary>
    /// Why a file can't be read that may be tried again in vain, to follow its name, without a full stop; null: what it is may pass.
    /// </summary>
    internal static string? FaultOf(Exception error, string path) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException when new FileInfo(path).LinkTarget is { } target =>
            $"is a link to {target}, which isn't there",
        FileNotFoundException or DirectoryNotFoundException => FileNames.FaultOf(path) ?? "isn't there any more",
        UnauthorizedAccessException or PathTooLongException => CantBeRead(error),
        // ELOOP
        IOException when !OperatingSystem.IsWindows() && error.HResult == (OperatingSystem.IsMacOS() ? 62 : 40) =>
            "is a link that leads round in a circle",
        _ => null,
    };

    /// <summary>The reason that an exception is, to follow a file's name, without the full stop of the system's sentence.</summary>
    internal static string CantBeRead(Exception error) => $"can't be read: {error.Message.TrimEnd('.')}";

    private static string Cause(Exception error)
    {
        if (Shortage.IsOfFiles(error))
            return "too many files are open at once in this process or on this machine. Allow more, with `ulimit -n 4096` in the shell "
                + "that starts it, or close other programs; the file itself isn't at fault.";
        var message = error is OutOfMemoryException ? "memory is short." : error.Message;
        return $"{message} This was tried for three seconds; once it is mended, go on.";
    }
}

/// <summary>What is wrong with a file.</summary>
/// <param name="Reason">To follow its name, without a full stop.</param>
/// <param name="IsOfContent">
/// Whether it is in the file itself; otherwise in how it can be reached, which may be another without the file being changed.
/// </param>
internal sealed record FileFault(string Reason, bool IsOfContent);
