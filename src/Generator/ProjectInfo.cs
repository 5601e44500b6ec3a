using Microsoft.CodeAnalysis.Diagnostics;

namespace UNetGen.Generator;

/// <summary>What the generator wants to know of the project.</summary>
/// <param name="MaxParameters">The property UNetGenMaxParameters, as it is written.</param>
/// <param name="ReportsSizes">The property UNetGenReportSizes: whether it wants to be told what each network costs.</param>
internal sealed record ProjectInfo(string Directory, string RootNamespace, string MaxParameters = "", bool ReportsSizes = false)
{
    public static ProjectInfo Of(AnalyzerConfigOptions options)
    {
        options.TryGetValue("build_property.ProjectDir", out var directory);
        options.TryGetValue("build_property.RootNamespace", out var rootNamespace);
        options.TryGetValue("build_property.UNetGenMaxParameters", out var maxParameters);
        options.TryGetValue("build_property.UNetGenReportSizes", out var reportSizes);
        return new ProjectInfo(Paths.Normal(directory ?? "").TrimEnd('/'), rootNamespace ?? "", (maxParameters ?? "").Trim(),
            (reportSizes ?? "").Trim().Equals("true", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The path from the project's directory, fit for a comment and a message: a file's name may have a line break.</summary>
    public string Relative(string path) =>
        string.Concat(Paths.Relative(Directory, path).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? '_' : c));
}

/// <summary>Paths as text: a generator doesn't look at the disk. With slashes, as specs write them on every system.</summary>
internal static class Paths
{
    /// <summary>With slashes, the drive in upper case, without <c>.</c> and <c>..</c> inside: hosts differ in how they write the same path.</summary>
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
    public static bool IsRooted(string path) => path.StartsWith("/", StringComparison.Ordinal) || path.StartsWith("\\", StringComparison.Ordinal) || (path.Length > 1 && path[1] == ':');

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

    private static bool HasDrive(string first) => first.EndsWith(":", StringComparison.Ordinal);
}
