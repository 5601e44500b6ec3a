using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace UNetGen.Files;

/// <summary>
/// Opens what is a file and nothing else. A named pipe without a writer would be waited for without end, and no signal ends that; a device
/// isn't what a user meant. .NET doesn't tell them from files, so this asks the system (Linux: statx; macOS: stat). Windows has no such
/// names in folders.
/// </summary>
public static partial class RegularFile
{
    private const int MostOfSmall = 16 << 20;
    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint TypeOnly = 1; // STATX_TYPE
    private const int TypeBits = 0xF000; // S_IFMT
    private const int LinuxModeAt = 28; // struct statx, of one layout on all processors
    private const int MacModeAt = 4; // struct stat of arm64
    private const int Room = 256; // of either struct

    /// <summary>Opens a file to read it.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <exception cref="IOException">It can't be opened, or is a folder, a named pipe, a socket or a device.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path)
    {
        Require(path);
        return File.OpenRead(path);
    }

    /// <summary>Reads a small file of text, such as one of settings, as a whole.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <exception cref="IOException">It can't be read, is no file, or has more than 16 MiB, which none of its kind needs.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadSmall(string path)
    {
        using var file = OpenRead(path);
        if (file.Length > MostOfSmall)
            throw new IOException(
                $"'{path}' has {file.Length.ToString("N0", CultureInfo.InvariantCulture)} bytes, but files of its kind have at most "
                    + $"{MostOfSmall.ToString("N0", CultureInfo.InvariantCulture)}.");
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// Refuses what is there but is a folder, a named pipe, a socket or a device. Of what isn't there whoever opens it is told by the
    /// system; of a folder it would only say that access is denied.
    /// </summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <exception cref="IOException">It is one of these; the message names it and which.</exception>
    public static void Require(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (OtherKind(path) is { } kind)
            throw new IOException($"'{path}' is {kind}, no regular file.");
    }

    /// <summary>
    /// What a link leads to that isn't there; null: it is there, or no link. Of the link itself .NET says that it exists.
    /// </summary>
    internal static string? MissingTarget(string path) =>
        File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target && !Path.Exists(target.FullName) ? target.FullName : null;

    /// <summary>What it is instead of a file, <c>a named pipe</c>; null where it is a file, or not there.</summary>
    internal static string? OtherKind(string path) => (ModeOf(path) & TypeBits) switch
    {
        0x4000 => "a folder",
        0 when Directory.Exists(path) => "a folder",
        0x1000 => "a named pipe",
        0x2000 or 0x6000 => "a device",
        0xC000 => "a socket",
        _ => null,
    };

    private static int ModeOf(string path)
    {
        Span<byte> status = stackalloc byte[Room];
        status.Clear();
        // A system that doesn't answer leaves zeros, which are none of the kinds.
        if (OperatingSystem.IsLinux())
            _ = Statx(CurrentFolder, path, 0, TypeOnly, status);
        else if (OperatingSystem.IsMacOS())
            _ = Stat(path, status);
        return BinaryPrimitives.ReadUInt16LittleEndian(status[(OperatingSystem.IsMacOS() ? MacModeAt : LinuxModeAt)..]);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(string path, Span<byte> status);
}
