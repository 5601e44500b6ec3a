namespace UNetGen.Files;

/// <summary>
/// Names of files on Linux and macOS are bytes, and those that aren't UTF-8 lose some where .NET makes text of them: it lists such a file
/// and can't open it.
/// </summary>
public static class FileNames
{
    /// <summary>What stands in a text for bytes that aren't UTF-8.</summary>
    private const char Lost = '\uFFFD';

    /// <summary>Why a path can't be opened that has lost bytes of its name, to follow it; null: it has lost none.</summary>
    /// <param name="text">A path, or a text with one in it.</param>
    public static string? FaultOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return !OperatingSystem.IsWindows() && text.Contains(Lost)
            ? $"has a name that isn't UTF-8, by which it can't be opened ({Lost} stands for what isn't): rename it"
            : null;
    }

    /// <summary>A folder's path, which an unset or empty one isn't: it would stand for the current folder without a word.</summary>
    /// <param name="path">As it was given.</param>
    /// <param name="parameter">What the caller calls it.</param>
    /// <exception cref="ArgumentException">It is null or empty.</exception>
    internal static string RequireFolder(string? path, string parameter) => string.IsNullOrEmpty(path)
        ? throw new ArgumentException("A folder needs a path, and this one is empty; the current folder is '.'.", parameter)
        : path;

    /// <summary>
    /// Why nothing is to be written under a path: its name, or that of a folder on the way, has lost bytes, and it would be made under
    /// another one. Null: it has lost none, as what is there under this very name.
    /// </summary>
    /// <param name="path">A file or a folder, which needn't be there yet.</param>
    internal static string? FaultOfTarget(string path)
    {
        path = Path.GetFullPath(path);
        var lost = path.LastIndexOf(Lost);
        if (lost < 0 || FaultOf(path) is not { } fault)
            return null;
        var end = path.IndexOf(Path.DirectorySeparatorChar, lost);
        return Path.Exists(end < 0 ? path : path[..end]) ? null : $"it {fault}";
    }
}
