using UNetGen.Files;
using UNetGen.Pictures;

namespace UNetGen.Examples;

/// <summary>What a command was told to write: tried and taken before there is a result that could be lost.</summary>
internal static class NewFile
{
    /// <summary>Takes a file's name: until what is returned is disposed, another command that is to write it is refused.</summary>
    /// <exception cref="UNetGenException">It has another ending, is there already, or another command is about to write it.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static IDisposable Claim(string path, string ending)
    {
        if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            throw new UNetGenException($"The file {path} must end in {ending}.");
        return Claim(path, () => Path.Exists(path) ? "would be lost" : null);
    }

    /// <summary>The same of a folder, which isn't there yet or is empty.</summary>
    /// <exception cref="UNetGenException">
    /// A file is there, or a folder that isn't empty, or another command is about to write it.
    /// </exception>
    /// <exception cref="IOException">It can't be made.</exception>
    public static IDisposable ClaimFolder(string path)
    {
        var isEmpty = () => Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any();
        return Claim(Path.TrimEndingDirectorySeparator(path), () => Path.Exists(path) && !isEmpty() ? "not an empty folder" : null);
    }

    /// <summary>The same of a picture that may take the place of a grid or plot that UNetGen has drawn, and of nothing else.</summary>
    /// <exception cref="UNetGenException">
    /// Another file is there, a link even to a grid among them, or another command is about to write it.
    /// </exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static IDisposable ClaimGrid(string path) => Claim(
        path,
        () => new FileInfo(path) is { LinkTarget: null, Exists: var exists } && (!exists || OverviewMark.IsInFile(path))
            ? null
            : "is no grid that UNetGen has drawn");

    /// <param name="path">What is to be written.</param>
    /// <param name="obstacle">What is wrong with what is there; null: nothing.</param>
    private static WriterLock Claim(string path, Func<string?> obstacle)
    {
        RefuseIfThere();
        var claim = WriterLock.OfFile(path);
        try
        {
            // Another command may just have finished.
            RefuseIfThere();
            return claim;
        }
        catch
        {
            claim.Dispose();
            throw;
        }

        void RefuseIfThere()
        {
            if (obstacle() is { } reason)
                throw new UNetGenException($"{path} is there already, and {reason}; name another.");
        }
    }
}
