namespace UNetGen.Files;

/// <summary>Folders that are either whole or not there.</summary>
internal static class AtomicFolder
{
    /// <summary>Fills a temporary folder beside the target, and renames it.</summary>
    /// <param name="path">Isn't there, or is an empty folder; left as it was if <paramref name="write"/> throws.</param>
    /// <param name="write">Is given the temporary folder.</param>
    /// <exception cref="IOException">It can't be written; the message has the names that the files were to have.</exception>
    public static void Write(string path, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var unfinished = AtomicFile.TemporaryFor(path);
        try
        {
            Directory.CreateDirectory(unfinished);
            write(unfinished);
            if (Directory.Exists(path))
                Directory.Delete(path);
            Renaming.OfFolder(unfinished, path);
        }
        catch (Exception error)
        {
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
            if (error is IOException && error.Message.Contains(unfinished, StringComparison.Ordinal))
                throw new IOException(error.Message.Replace(unfinished, path), error);
            throw;
        }
    }
}
