using UNetGen.Files;

namespace UNetGen.Data;

/// <summary>The picture files in a folder and their classes.</summary>
internal sealed class PictureFolder
{
    // Sorted paths with one first folder stand together, so a class is a range: where it starts, and its label.
    private readonly int[] starts;
    private readonly int[] labels;

    private PictureFolder(string path, PictureSearch found)
    {
        (Path, FullPath, Files, Notes) = (path, System.IO.Path.GetFullPath(path), found.Files, found.LeftOut.Notes);
        Instead = (found.LeftOut.OtherFiles is { Length: > 0 } others ? $" What is there: {others}." : "") + string.Concat(
            Notes.Select(note => $" {char.ToUpperInvariant(note[0])}{note[1..]}"));
        (starts, labels, Classes) = FindClasses(Files);
        if (Classes.Count == 0)
            Stray = StrayIn(Files);
    }

    /// <summary>The folder as it was given.</summary>
    public string Path { get; }

    /// <summary>Where its files are read, wherever the process goes meanwhile.</summary>
    public string FullPath { get; }

    /// <summary>Relative paths, with <c>/</c>, in ordinal order.</summary>
    public string[] Files { get; }

    /// <summary>The first-level folders in ordinal order; none where pictures lie in the folder itself.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Which pictures lie beside folders of pictures, so that those are no classes, as a sentence; null: none.</summary>
    public string? Stray { get; }

    /// <summary>What was left out and could be missed, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>What there is where no picture was found, as sentences that follow another; empty where there is nothing.</summary>
    public string Instead { get; }

    /// <summary>Searches a folder as <see cref="PictureSearch"/> does.</summary>
    /// <exception cref="DataException">It can't be searched.</exception>
    public static PictureFolder Search(string path)
    {
        try
        {
            return new PictureFolder(path, PictureSearch.Of(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(
                FileNames.FaultOf(e.Message) is { } fault
                    ? $"'{path}' can't be searched: a folder in it {fault}. {e.Message}"
                    : $"'{path}' can't be searched: {e.Message}", e);
        }
    }

    /// <summary>
    /// Where one of a folder's <see cref="Files"/> lies, with the system's separators: below a folder that begins with <c>\\?\</c> Windows
    /// takes a slash for a letter of a name.
    /// </summary>
    public static string PathOf(string folder, string file) =>
        System.IO.Path.Combine(folder, file.Replace('/', System.IO.Path.DirectorySeparatorChar));

    /// <summary>The class of a file, or 0 where there are none; all files of a class have the numbers from start to end - 1.</summary>
    public (int Label, int Start, int End) ClassOf(int index)
    {
        var found = Array.BinarySearch(starts, index);
        var range = found >= 0 ? found : ~found - 1;
        return (labels[range], starts[range], range + 1 < starts.Length ? starts[range + 1] : Files.Length);
    }

    private static string? StrayIn(string[] files)
    {
        string[] beside = [.. files.Where(file => !file.Contains('/'))];
        if (beside.Length is 0 || beside.Length == files.Length)
            return null;
        var folders = files.Length - beside.Length;
        return $"Its folders, of {Counted.Of(folders, "picture")}, are no classes while "
            + (beside.Length == 1
                ? $"{beside[0]} lies beside them: take it out"
                : FormattableString.Invariant($"{beside[0]} and {beside.Length - 1:N0} more lie beside them: take them out"))
            + ", or into one of them.";
    }

    private static (int[] Starts, int[] Labels, string[] Classes) FindClasses(string[] files)
    {
        var (starts, names) = (new List<int>(), new List<string>());
        for (var i = 0; i < files.Length; i++)
        {
            var end = files[i].IndexOf('/');
            if (end < 0)
                return ([0], [0], []);
            if (starts.Count > 0 && files[i].AsSpan(0, end).SequenceEqual(names[^1]))
                continue;
            starts.Add(i);
            names.Add(files[i][..end]);
        }
        // "a b/x" sorts before "a/x", since a space is less than the slash, but "a" is the first name.
        var classes = names.Order(StringComparer.Ordinal).ToArray();
        return ([.. starts], [.. names.Select(name => Array.BinarySearch(classes, name, StringComparer.Ordinal))], classes);
    }
}
