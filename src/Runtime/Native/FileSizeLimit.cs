namespace UNetGen.Native;

/// <summary>A file that gets too large for its file system, as 4 GB is for FAT32, or for this process (ulimit -f).</summary>
internal static class FileSizeLimit
{
    public const string Reason = "a file would be larger than its file system, or a limit of this process, allows";

    /// <summary>Whether an exception says so: .NET tells it as a wrong argument of a method of its own.</summary>
    public static bool IsMet(Exception error) =>
        error is ArgumentOutOfRangeException { ParamName: "value", Source: "System.Private.CoreLib" or "System.Console" };
}
