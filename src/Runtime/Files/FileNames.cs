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
    /// <param name="path">A path, or a text with one in it.</param>
    public static string? FaultOf(string path) => !OperatingSystem.IsWindows() && path.Contains(Lost)
        ? $"has a name that isn't UTF-8, by which it can't be opened ({Lost} stands for what isn't): rename it"
        : null;
}
