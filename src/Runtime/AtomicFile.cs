using UNetGen.Native;

namespace UNetGen;

/// <summary>Files that are either whole or not there: a reader, or a run that is cut off, never leaves half of one.</summary>
public static class AtomicFile
{
    /// <summary>Writes a temporary file beside the target, flushes it to the disk and renames it; the folder is made where it is missing.</summary>
    /// <param name="path">Replaced if it exists; left as it was if <paramref name="write"/> throws.</param>
    /// <param name="write">Writes the content.</param>
    public static void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
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
