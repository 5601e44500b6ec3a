using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace UNetGen.Files;

/// <summary>Files that are either whole or not there: a reader, or a run that is cut off, never leaves half of one.</summary>
public static partial class AtomicFile
{
    /// <summary>Hidden ones too; none where a folder may be written to and not be read.</summary>
    private static readonly EnumerationOptions OfAnyKind = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    /// <summary>
    /// Writes a temporary file beside the target, flushes it to the disk and renames it; the folder is made where it is missing.
    /// </summary>
    /// <param name="path">
    /// Replaced if it exists; left as it was if <paramref name="write"/> throws. Of a link what it leads to is written.
    /// </param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">
    /// It can't be written, for lack of space or of a permission as well, or a folder, a device, a named pipe or a socket is there; the
    /// message names it and says why.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        InFolderOf(path, (file, temporary) => WriteBeside(file, temporary, write));
    }

    /// <summary>
    /// Tries whether a file could be written, before the work is done whose result it is to hold; its folder is made where it is missing.
    /// What killed processes have left of it goes.
    /// </summary>
    /// <param name="path">What is there stays as it is.</param>
    /// <exception cref="IOException">It couldn't be written; the message names it and says why.</exception>
    public static void Try(string path)
    {
        // Elsewhere a file that can't be written to can be replaced.
        if (OperatingSystem.IsWindows() && File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly))
            throw new IOException($"{path} can't be written: it is read-only.");
        InFolderOf(path, (file, temporary) =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(temporary)!);
            Create(temporary, new() { Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose }).Dispose();
            DeleteUnfinished(file);
        });
    }

    /// <summary>Deletes what killed processes have left of a file, or of a folder that was made beside its name.</summary>
    internal static void DeleteUnfinished(string path)
    {
        // Folders first: whoever fills one holds a file already (Hold), and still does where the folder isn't whole.
        string[] folders = [.. TemporariesOf(path).Where(Directory.Exists)];
        var isHeld = false;
        foreach (var file in TemporariesOf(path).Where(File.Exists))
            isHeld |= !Deletes(() => DeleteUnlessHeld(file));
        if (!isHeld)
        {
            foreach (var abandoned in folders)
                Deletes(() => Directory.Delete(abandoned, recursive: true));
        }
    }

    /// <summary>Shows others that a folder is being filled, until the result is disposed.</summary>
    /// <param name="sign">A name of <see cref="TemporaryFor"/> the folder.</param>
    internal static IDisposable Hold(string sign)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(sign)!);
        return Create(sign, new() { Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose });
    }

    private static IEnumerable<string> TemporariesOf(string path)
    {
        path = Path.GetFullPath(path);
        return Unfinished(Path.GetDirectoryName(path)!)
            .Where(found => found.Name == Path.GetFileName(path)).Select(found => found.Temporary);
    }

    private static bool Deletes(Action delete)
    {
        try
        {
            delete();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What stays, as another user's or what another is still writing, is in nobody's way.
            return false;
        }
    }

    /// <summary>Gives a new name for a temporary file, and tells what goes wrong with it in the target's name.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="use">Given the file and the temporary name.</param>
    private static void InFolderOf(string path, Action<string, string> use)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))
            ?? throw new IOException($"{path} can't be written: it is no file's name.");
        var temporary = TemporaryFor(path);
        try
        {
            if (RegularFile.OtherKind(path) is { } kind)
                throw new IOException($"{kind} is there");
            if (FileNames.FaultOfTarget(path) is { } fault)
                throw new IOException(fault);
            // Of what isn't there only this may be asked.
            var file = new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
            if (file != path)
                (folder, temporary) = (Path.GetDirectoryName(file)!, TemporaryFor(file));
            use(file, temporary);
        }
        catch (Exception error) when (WriteFault.Of(error) is { } fault)
        {
            // The temporary file is nobody's but ours.
            var reason = WriteFault.Above(folder) ?? fault.Replace($" : '{temporary}'", "").Replace(temporary, Path.GetFullPath(path));
            throw new IOException($"{path} can't be written: {reason}.", error);
        }
    }

    /// <summary>A new name beside a file's or a folder's, for what isn't whole yet.</summary>
    internal static string TemporaryFor(string path)
    {
        path = Path.GetFullPath(path);
        return Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
    }

    /// <summary>
    /// The temporary files and folders that processes which were killed have left in a folder, or others are still writing, each with the
    /// name it was to have.
    /// </summary>
    internal static IEnumerable<(string Temporary, string Name)> Unfinished(string folder) => Directory
        .EnumerateFileSystemEntries(folder, ".*.tmp", OfAnyKind)
        .Select(path => (path, TemporaryName().Match(Path.GetFileName(path))))
        .Where(found => found.Item2.Success)
        .Select(found => (found.path, found.Item2.Groups["name"].Value));

    [GeneratedRegex(@"^\.(?<name>.+)\.[0-9a-f]{32}\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();

    /// <summary>Who writes one has it open, which on all systems keeps it from being opened for oneself alone.</summary>
    private static void DeleteUnlessHeld(string temporary) => new FileStream(
        temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();

    /// <summary>Makes a temporary file that others don't take for a killed process's while it is open.</summary>
    private static FileStream Create(string temporary, FileStreamOptions options)
    {
        options.Mode = FileMode.OpenOrCreate;
        while (true)
        {
            try
            {
                var file = new FileStream(temporary, options);
                // Between its making and its lock another may have deleted it.
                if (File.Exists(temporary))
                    return file;
                file.Dispose();
            }
            catch (IOException error) when (FileLock.IsHeld(error))
            {
                // By one who is about to delete it.
                Thread.Sleep(1);
            }
        }
    }

    /// <summary>Null: there is no such file, perhaps since another has just deleted it.</summary>
    [UnsupportedOSPlatform("windows")]
    private static UnixFileMode? ModeOf(string path)
    {
        try
        {
            return File.Exists(path) ? File.GetUnixFileMode(path) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static void WriteBeside(string path, string temporary, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(temporary)!;
        Directory.CreateDirectory(folder);
        try
        {
            var options = new FileStreamOptions { Access = FileAccess.ReadWrite };
            // Who may read the file that is replaced may read this one, and nobody else.
            var mode = OperatingSystem.IsWindows() ? null : ModeOf(path);
            if (!OperatingSystem.IsWindows() && mode is not null)
                options.UnixCreateMode = mode | UnixFileMode.UserRead | UnixFileMode.UserWrite;
            FileStream held;
            using (var stream = Create(temporary, options))
            {
                write(stream);
                // Else a power cut soon after could find the new name on the disk, but not yet the content.
                stream.Flush(flushToDisk: true);
                // Until it has its name others must see that it is in use; open to be written to, it would keep readers away on Windows.
                held = new FileStream(temporary, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            }
            using var untilRenamed = held;
            if (!OperatingSystem.IsWindows() && mode is { } kept)
                File.SetUnixFileMode(temporary, kept);
            Renaming.OfFile(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        FolderFlush.Flush(folder);
    }
}
