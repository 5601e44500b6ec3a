namespace UNetGen.Files;

/// <summary>
/// Renames that wait. On Windows nobody can replace a file that another program has open, nor rename a folder with such a file in it, and
/// what has just been written is what virus scanners and search engines open. They let go soon.
/// </summary>
internal static class Renaming
{
    private const int Attempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Gives a file a name, which may be another's, who then is gone.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static void OfFile(string file, string name) => Patiently(
        () => File.Move(file, name, overwrite: true), name, "another program has it open, or it may not be replaced");

    /// <summary>Gives a folder a name that nothing has.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static void OfFolder(string folder, string name) => Patiently(
        () => Directory.Move(folder, name), folder, $"another program has a file in {folder} open, or it may not be renamed");

    /// <param name="rename">What to do.</param>
    /// <param name="name">What may be in use.</param>
    /// <param name="inUse">What that means.</param>
    private static void Patiently(Action rename, string name, string inUse)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                rename();
                return;
            }
            catch (Exception error) when (IsDenied(error) && Path.Exists(name))
            {
                if (attempt == Attempts)
                    throw new IOException(inUse, error);
                Thread.Sleep(Pause);
            }
        }
    }

    /// <summary>ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_USER_MAPPED_FILE.</summary>
    private static bool IsDenied(Exception error) => OperatingSystem.IsWindows()
        && error is IOException or UnauthorizedAccessException && (error.HResult & 0xFFFF) is 5 or 32 or 1224;
}
