namespace UNetGen.Files;

/// <summary>
/// What is at a path. Of what can't be reached, as in a folder that may not be entered, .NET says that it isn't there, and the user would
/// look for what is lost; this throws what the system says.
/// </summary>
internal static class Presence
{
    /// <summary>Whether a file is there, or a link to one.</summary>
    /// <param name="path">Any text.</param>
    /// <exception cref="UnauthorizedAccessException">A folder on the way may not be entered.</exception>
    /// <exception cref="IOException">It can't be reached for another reason.</exception>
    public static bool OfFile(string path) => Look(path, File.Exists);

    /// <summary>Whether a folder is there, or a link to one.</summary>
    /// <inheritdoc cref="OfFile"/>
    public static bool OfFolder(string path) => Look(path, Directory.Exists);

    /// <summary>Whether anything is there.</summary>
    /// <inheritdoc cref="OfFile"/>
    public static bool Of(string path) => Look(path, Path.Exists);

    private static bool Look(string path, Func<string, bool> exists)
    {
        if (exists(path))
            return true;
        try
        {
            // Of this the system says why.
            File.GetAttributes(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            // It isn't there, or the text is no path.
        }
        return false;
    }
}
