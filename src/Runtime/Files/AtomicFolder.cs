namespace UNetGen.Files;

/// <summary>Folders that are either whole or not there.</summary>
internal static class AtomicFolder
{
    /// <summary>Looks whether a folder can be written, before the work is done that it is for.</summary>
    /// <exception cref="UNetGenException">Something is there, other than an empty folder.</exception>
    public static void RequireFree(string path)
    {
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw new UNetGenException($"{path} is there already, and not an empty folder; name another.");
    }

    /// <summary>Fills a temporary folder beside the target, and renames it.</summary>
    /// <param name="path">Isn't there, or is an empty folder; left as it was if <paramref name="write"/> throws.</param>
    /// <param name="write">Is given the temporary folder.</param>
    /// <exception cref="UNetGenException">Another was as fast, and has written to this folder.</exception>
    /// <exception cref="IOException">It can't be written; the message has the names that the files were to have.</exception>
    public static void Write(string path, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var (unfinished, sign) = (AtomicFile.TemporaryFor(path), AtomicFile.TemporaryFor(path));
        try
        {
            using var held = AtomicFile.Hold(sign);
            Directory.CreateDirectory(unfinished);
            write(unfinished);
            TakeName(unfinished, path);
        }
        catch (Exception error)
        {
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
            // These names are nobody's but ours.
            if (error is IOException or UnauthorizedAccessException
                && error.Message.Replace(unfinished, path).Replace(sign, path) is var message && message != error.Message)
                throw new IOException(message, error);
            throw;
        }
    }

    private static void TakeName(string whole, string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path);
            Renaming.OfFolder(whole, path);
        }
        catch (IOException)
        {
            RequireFree(path);
            throw;
        }
    }
}
