namespace UNetGen.Examples;

/// <summary>A file that a command was told to write.</summary>
internal static class NewFile
{
    /// <exception cref="UNetGenException">It has another ending, or is there already.</exception>
    public static void Check(string path, string ending)
    {
        if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            throw new UNetGenException($"The file {path} must end in {ending}.");
        if (Path.Exists(path))
            throw new UNetGenException($"{path} is there already, and would be lost; name another.");
    }
}
