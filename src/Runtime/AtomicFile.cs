using System.Text.RegularExpressions;
using UNetGen.Native;

namespace UNetGen;

/// <summary>Files that are either whole or not there: a reader, or a run that is cut off, never leaves half of one.</summary>
public static partial class AtomicFile
{
    /// <summary>Writes a temporary file beside the target, flushes it to the disk and renames it; the folder is made where it is missing.</summary>
    /// <param name="path">Replaced if it exists; left as it was if <paramref name="write"/> throws.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It can't be written, for lack of space or of a permission as well; the message names it and says why.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            WriteBeside(path, folder, temporary, write);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The temporary file is nobody's but ours.
            var reason = error.Message.Replace($" : '{temporary}'", "").Replace(temporary, Path.GetFullPath(path)).TrimEnd('.');
            throw new IOException($"{path} can't be written: {reason}.", error);
        }
    }

    /// <summary>The temporary files that processes which were killed have left in a folder, or others are still writing, each with the name it was to have.</summary>
    internal static IEnumerable<(string Temporary, string Name)> Unfinished(string folder) => Directory.EnumerateFiles(folder, ".*.tmp")
        .Select(path => (path, TemporaryName().Match(Path.GetFileName(path))))
        .Where(found => found.Item2.Success)
        .Select(found => (found.path, found.Item2.Groups["name"].Value));

    [GeneratedRegex(@"^\.(?<name>.+)\.[0-9a-f]{32}\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();

    private static void WriteBeside(string path, string folder, string temporary, Action<Stream> write)
    {
        Directory.CreateDirectory(folder);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew))
            {
                write(stream);
                // Else a power cut soon after could find the new name on the disk, but not yet the content.
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        FolderFlush.Flush(folder);
    }
}
