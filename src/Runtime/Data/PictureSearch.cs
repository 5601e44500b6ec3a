using System.IO.Enumeration;
using UNetGen.Files;
using UNetGen.Pictures;

namespace UNetGen.Data;

/// <summary>
/// Finds the picture files below a folder by names: no file is asked for its size, and only of a few PNG files the beginning is read, so
/// that a
/// million take seconds. Links to folders are followed, but never round in a circle; what a run or <c>sample</c> has left is no data, nor
/// is a
/// picture with an <see cref="OverviewMark"/>. What is left out is counted, to be told.
/// </summary>
internal sealed class PictureSearch
{
    /// <summary>A folder with one of these is what a training or a drawing has left.</summary>
    private static readonly string[] MarksOfRuns = [RunMark.Options, "samples.json"];

    // Of more, a marked one is met when it is decoded, as a broken file: no set of pictures is so large by what this program has drawn.
    private const int MostLookedInto = 10_000;

    private readonly List<string> files = [];

    private PictureSearch()
    {
    }

    private enum Kind
    {
        Picture,
        Folder,
        Link,
        DeadLink,
        Other,
    }

    /// <summary>Relative paths, with <c>/</c>, in ordinal order.</summary>
    public string[] Files { get; private set; } = [];

    /// <summary>What was left out, to be told.</summary>
    public LeftOut LeftOut { get; } = new();

    /// <summary>Searches a folder and the folders in it. Hidden files and folders are left out.</summary>
    /// <exception cref="IOException">A folder can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    public static PictureSearch Of(string folder)
    {
        var search = new PictureSearch();
        var real = RealPath.Of(folder);
        foreach (var (inside, realInside, isLink) in search.ReadFolder("", real))
            search.SearchFirstLevel(inside, realInside, isLink, real);
        search.files.Sort(StringComparer.Ordinal);
        search.LeaveOutOverviews(real);
        search.Files = [.. search.files];
        return search;
    }

    private void LeaveOutOverviews(string root)
    {
        string[] candidates = [.. files.Where(file => file.EndsWith(".png", StringComparison.OrdinalIgnoreCase)).Take(MostLookedInto + 1)];
        if (candidates.Length > MostLookedInto)
            return;
        var overviews = candidates.AsParallel().Where(file => OverviewMark.IsInFile(PictureFolder.PathOf(root, file))).ToHashSet();
        foreach (var file in files.Where(overviews.Contains))
            LeftOut.AddOverview(FirstOf(file), file);
        files.RemoveAll(overviews.Contains);
    }

    /// <summary>The folder of the first level in which a path lies; "" where in none.</summary>
    private static string FirstOf(string file) => file.IndexOf('/') is var end and > 0 ? file[..end] : "";

    /// <summary>
    /// Searches a folder of the first level, a class. Its own folders come before what its links lead to, and none is entered twice, under
    /// whatever name: so links may lead anywhere and it ends.
    /// </summary>
    private void SearchFirstLevel(string inside, string real, bool isLink, string realRoot)
    {
        var entered = new HashSet<string> { realRoot };
        var (own, linked) = (new Queue<(string Inside, string Real)>(), new Queue<(string Inside, string Real)>());
        (isLink ? linked : own).Enqueue((inside, real));
        while (own.TryDequeue(out var folder) || linked.TryDequeue(out folder))
        {
            if (!entered.Add(folder.Real))
            {
                LeftOut.AddLink(folder.Inside, $"{folder.Inside} leads to a folder that is read already");
                continue;
            }
            foreach (var found in ReadFolder(folder.Inside, folder.Real))
                (found.IsLink ? linked : own).Enqueue((found.Inside, found.Real));
        }
    }

    /// <summary>Takes the pictures that lie in a folder itself.</summary>
    /// <returns>
    /// The folders in it that are to be searched, in ordinal order: as they are called from the root, and where they really lie.
    /// </returns>
    private List<(string Inside, string Real, bool IsLink)> ReadFolder(string inside, string real)
    {
        var entries = Entries(real, isTop: inside.Length == 0).ToArray();
        var first = inside.Split('/', 2)[0];
        if (inside.Length > 0 && entries.Select(entry => entry.Name).FirstOrDefault(MarksOfRuns.Contains) is { } mark)
        {
            LeftOut.AddRun(first, $"{inside} (it holds {mark})", CountPictures(real));
            return [];
        }
        var folders = new List<(string, string, bool)>();
        LeftOut.AddPictures(first, entries.Count(entry => entry.Kind == Kind.Picture));
        foreach (var (name, kind) in entries)
        {
            var path = inside.Length == 0 ? name : $"{inside}/{name}";
            switch (kind)
            {
                case Kind.Picture:
                    files.Add(path);
                    break;
                case Kind.Folder:
                    folders.Add((path, Path.Combine(real, name), false));
                    break;
                case Kind.Link when RealPath.Of(Path.Combine(real, name)) is var target:
                    if (IsIn(real, target))
                        LeftOut.AddLink(Path.Combine(real, name), $"{path} leads back to a folder that it lies in");
                    else
                        folders.Add((path, target, true));
                    break;
                case Kind.DeadLink:
                    LeftOut.AddLink(Path.Combine(real, name), $"{path} leads to nothing");
                    break;
                case Kind.Other when !MarksOfRuns.Contains(name):
                    LeftOut.AddFile(first, name);
                    break;
            }
        }
        folders.Sort((a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        return folders;
    }

    private static FileSystemEnumerable<(string Name, Kind Kind)> Entries(string folder, bool isTop) => new(
        folder, (ref FileSystemEntry entry) => (entry.FileName.ToString(), KindOf(ref entry, isTop)),
        new EnumerationOptions { IgnoreInaccessible = false });

    private static Kind KindOf(ref FileSystemEntry entry, bool isTop)
    {
        if (entry.IsDirectory)
            return entry.Attributes.HasFlag(FileAttributes.ReparsePoint) ? Kind.Link : Kind.Folder;
        if (PictureFile.HasName(entry.FileName))
            return Kind.Picture;
        // Attributes cost a question to the system: it is worth that where classes are, and else of what may well be a folder's name.
        var maybeFolder = isTop || !entry.FileName.Contains('.');
        return maybeFolder && entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && LeadsNowhere(entry.ToFullPath())
            ? Kind.DeadLink
            : Kind.Other;
    }

    private static bool LeadsNowhere(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: true) is { Exists: false };
        }
        catch (IOException)
        {
            // Round to itself.
            return true;
        }
    }

    private static int CountPictures(string folder) => new FileSystemEnumerable<bool>(
        folder, (ref FileSystemEntry _) => true, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
    {
        ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && PictureFile.HasName(entry.FileName),
        ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
    }.Count();

    private static bool IsIn(string folder, string outer) =>
        (folder + Path.DirectorySeparatorChar)
            .StartsWith(Path.TrimEndingDirectorySeparator(outer) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
