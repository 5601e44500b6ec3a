using UNetGen.Data;
using UNetGen.Files;

namespace UNetGen.Cli.Specs;

/// <summary>
/// The specs that paths stand for: files, and those in folders and in the folders in them. One that can't be read keeps nobody from the
/// others.
/// </summary>
internal sealed class SpecSearch
{
    // What builds leave out of a project's files: these of its own folder.
    private static readonly string[] OutputFolders = ["bin", "obj"];

    // Links are followed, and may lead back, also within what was come to by another: where folders really lie.
    private readonly HashSet<string> entered = new(StringComparer.Ordinal);

    // What people write for the ending of specs.
    private const string Misspelt = ".unet.yml";

    private readonly SortedSet<string> specs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> misnamed = new(StringComparer.Ordinal);
    private readonly SortedSet<string> otherYaml = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> unreadable = new(StringComparer.Ordinal);

    /// <param name="paths">Of files and folders.</param>
    /// <exception cref="UNetGenException">Nothing is at one of them.</exception>
    public SpecSearch(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
                AddFolder(new DirectoryInfo(Path.GetFullPath(path)), isGiven: true);
            else if (Presence.OfFile(path))
                AddGiven(path);
            else
                throw new UNetGenException($"There is no file or folder {Excerpt.Of(path)}{ImageSources.SeenFrom(path)}.");
        }
    }

    /// <summary>Full paths of those that can be read, in their order.</summary>
    public IReadOnlyCollection<string> Specs => specs;

    /// <summary>Full paths of files that are called almost as specs.</summary>
    public IReadOnlyCollection<string> Misnamed => misnamed;

    /// <summary>Full paths of all other files that are YAML, which may be specs and aren't called so.</summary>
    public IReadOnlyCollection<string> OtherYaml => otherYaml;

    /// <summary>Specs and folders that can't be read: their full paths, each with the reason, to follow its name.</summary>
    public IReadOnlyDictionary<string, string> Unreadable => unreadable;

    private void AddFolder(DirectoryInfo folder, bool isGiven = false)
    {
        var real = Read(folder.FullName, () => RealPath.Of(folder.FullName));
        if (real is null || !entered.Add(real) || Read(folder.FullName, folder.GetFileSystemInfos) is not { } entries)
            return;
        var isProject = isGiven || Array.Exists(entries, entry => entry.Name.EndsWith("proj", StringComparison.OrdinalIgnoreCase));
        // What begins with a dot is an editor's or a system's, which no build takes either.
        foreach (var entry in entries.Where(entry => !entry.Name.StartsWith('.')))
        {
            if (entry is DirectoryInfo inner)
            {
                if (!(isProject && OutputFolders.Contains(inner.Name)))
                    AddFolder(inner);
            }
            else if (entry.Name.EndsWith(Catalog.SpecEnding, StringComparison.OrdinalIgnoreCase) && !Directory.Exists(entry.FullName))
            {
                AddSpec(entry.FullName);
            }
            else if (entry.Name.EndsWith(Misspelt, StringComparison.OrdinalIgnoreCase) && File.Exists(entry.FullName))
            {
                misnamed.Add(entry.FullName);
            }
            else if (Catalog.IsYaml(entry.Name))
            {
                otherYaml.Add(entry.FullName);
            }
        }
    }

    private void AddGiven(string file)
    {
        Catalog.RequireSpecName(file);
        AddSpec(Path.GetFullPath(file));
    }

    private void AddSpec(string file)
    {
        using var opened = Read(file, () => RegularFile.OpenRead(file));
        if (opened is not null)
            specs.Add(file);
    }

    private T? Read<T>(string path, Func<T> read) where T : class
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            unreadable[path] = PatientFile.FaultOf(error, path) ?? PatientFile.CantBeRead(error);
            return null;
        }
    }
}
