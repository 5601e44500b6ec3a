namespace UNetGen.Data;

/// <summary>Finds files of latents: those of a folder itself, by their ending. Hidden files and folders are left out.</summary>
internal static class LatentSearch
{
    /// <summary>What a folder is searched for.</summary>
    public const string LookedFor = $"{Ending} files with {LatentFile.LatentsKey}";

    private const string Ending = ".safetensors";

    /// <summary>Whether a file is called as such that are read.</summary>
    public static bool IsName(string file) => file.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);

    /// <summary>The files that may hold latents, in ordinal order of their names.</summary>
    public static IEnumerable<string> FilesIn(string folder) => Directory.EnumerateFiles(folder)
        .Where(path => IsName(path) && !Path.GetFileName(path).StartsWith('.'))
        .Order(StringComparer.Ordinal);

    /// <summary>Whether a folder has a file with latents.</summary>
    public static bool IsIn(string folder) => FilesIn(folder).Any(LatentFile.HasLatents);

    /// <summary>Whether a folder has a file that may be meant to hold latents.</summary>
    public static bool MayBeIn(string folder) => FilesIn(folder).Any();

    /// <summary>The names of the folders in a folder that have latents, in ordinal order.</summary>
    /// <param name="folder">Which itself isn't looked at.</param>
    /// <param name="latents"><see cref="IsIn"/> or <see cref="MayBeIn"/>.</param>
    public static string[] FoldersIn(string folder, Predicate<string> latents) =>
    [
        .. Directory.EnumerateDirectories(folder).Where(inner => !Path.GetFileName(inner).StartsWith('.') && latents(inner))
            .Select(inner => Path.GetFileName(inner)).Order(StringComparer.Ordinal),
    ];
}
