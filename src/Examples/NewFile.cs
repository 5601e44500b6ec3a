namespace UNetGen.Examples;

/// <summary>What a command was told to write, tried before there is a result that could be lost.</summary>
internal static class NewFile
{
    /// <exception cref="UNetGenException">It has another ending, or is there already.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Check(string path, string ending)
    {
        if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            throw new UNetGenException($"The file {path} must end in {ending}.");
        if (Path.Exists(path))
            throw new UNetGenException($"{path} is there already, and would be lost; name another.");
        AtomicFile.Try(path);
    }

    /// <exception cref="UNetGenException">A file is there, or a folder that isn't empty.</exception>
    /// <exception cref="IOException">It can't be made.</exception>
    public static void CheckFolder(string path)
    {
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw new UNetGenException($"{path} is there already, and not an empty folder; name another.");
        if (!Directory.Exists(path))
            AtomicFile.Try(Path.TrimEndingDirectorySeparator(path));
    }
}
