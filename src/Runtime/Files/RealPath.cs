namespace UNetGen.Files;

/// <summary>Where paths lead, so that searches that follow links know a folder again that they have been in.</summary>
internal static class RealPath
{
    /// <summary>Where a path leads, every link on the way followed: one text for one folder.</summary>
    /// <exception cref="IOException">Links lead round in a circle.</exception>
    public static string Of(string path)
    {
        var full = Path.GetFullPath(path);
        var real = Path.GetPathRoot(full)!;
        foreach (var part in full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            real = Directory.ResolveLinkTarget(next, returnFinalTarget: true) is { } target ? Of(target.FullName) : next;
        }
        return real;
    }
}
