namespace UNetGen.Generator.Common;

/// <summary>Paths as text: a generator doesn't look at the disk. With slashes, as specs write them on every system.</summary>
internal static class Paths
{
    /// <summary>How a spec's file name ends.</summary>
    public const string SpecExtension = ".unet.yaml";

    /// <summary>
    /// With slashes, the drive in upper case, without <c>.</c> and <c>..</c> inside: hosts differ in how they write the same path.
    /// </summary>
    public static string Normal(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Replace('\\', '/').Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[parts.Count - 1] is not (".." or ""))
                parts.RemoveAt(parts.Count - 1);
            else if (part != ".")
                parts.Add(part);
        }

        if (HasDrive(parts[0]))
            parts[0] = parts[0].ToUpperInvariant();
        return string.Join("/", parts);
    }

    /// <summary>Whether a path begins at a disk's or a system's root.</summary>
    public static bool IsRooted(string path) =>
        path.StartsWith("/", StringComparison.Ordinal)
            || path.StartsWith("\\", StringComparison.Ordinal)
            || (path.Length > 1 && path[1] == ':');

    /// <summary>The directory that a normal path stands in.</summary>
    public static string Directory(string path) => path.Substring(0, Math.Max(0, path.LastIndexOf('/')));

    public static string FileName(string path) => path.Substring(path.LastIndexOf('/') + 1);

    /// <summary>From a directory to a file, or the file as it is where it lies on another drive; both normal.</summary>
    public static string Relative(string directory, string file)
    {
        if (directory.Length == 0)
            return file;
        var from = directory.Split('/');
        var to = file.Split('/');
        var common = 0;
        var comparison = HasDrive(from[0]) ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        while (common < from.Length && common < to.Length - 1 && string.Equals(from[common], to[common], comparison))
            common++;
        return common == 0 ? file : string.Concat(Enumerable.Repeat("../", from.Length - common)) + string.Join("/", to.Skip(common));
    }

    /// <summary>A path as a project's file lists it.</summary>
    public static string ForItem(string path) => string.Concat(path.Select(c => c switch
    {
        '&' => "&amp;",
        '<' => "&lt;",
        '"' => "&quot;",
        '%' or '*' or '?' or ';' or '$' or '@' => $"%{(int)c:X2}", // means something else to MSBuild
        _ => $"{c}",
    }));

    private static bool HasDrive(string first) => first.EndsWith(":", StringComparison.Ordinal);
}
