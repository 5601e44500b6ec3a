namespace UNetGen.Cli;

/// <summary>The spec that is likely meant by a path where there is none.</summary>
internal static class SpecsBeside
{
    // A folder of more is no project's, and is not searched for a word's sake.
    private const int MostFiles = 1000;

    private static readonly string[] Endings = [Catalog.SpecEnding, ".unet.yml", ".yaml", ".yml", ".unet"];

    /// <summary>
    /// A sentence to follow another, <c>Did you mean 'specs/tiny.unet.yaml'?</c>; empty where none in its folder is near.
    /// </summary>
    /// <param name="path">As it was named.</param>
    public static string Suggestion(string path)
    {
        var folder = Path.GetDirectoryName(path) ?? "";
        var found = In(folder.Length > 0 ? folder : ".");
        var named = Stem(Path.GetFileName(path));
        var likely = found.FirstOrDefault(name => Stem(name).Equals(named, StringComparison.OrdinalIgnoreCase))
            ?? EditDistance.Nearest(named, found.Select(Stem)) + Catalog.SpecEnding;
        return found.Contains(likely) ? $" Did you mean '{Excerpt.Of(Path.Combine(folder, likely))}'?" : "";
    }

    private static string[] In(string folder)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(folder, $"*{Catalog.SpecEnding}").Take(MostFiles).Select(file => Path.GetFileName(file))
                    .Where(name => name[0] != '.').Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // That it can't be found is told; where to look is no more than a hint.
            return [];
        }
    }

    private static string Stem(string name)
    {
        var ending = Endings.FirstOrDefault(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) ?? "";
        return name[..^ending.Length];
    }
}
