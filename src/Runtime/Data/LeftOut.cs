namespace UNetGen.Data;

/// <summary>What a search for pictures has left out though somebody may have counted on it.</summary>
internal sealed class LeftOut
{
    private const int MostNamed = 5;

    // By the folders of the first level, which are classes; "" has what lies in the opened folder itself.
    private readonly SortedDictionary<string, FirstLevel> folders = new(StringComparer.Ordinal);
    private readonly List<(string Folder, int Pictures)> runs = [];
    private readonly List<string> overviews = [];
    private readonly SortedDictionary<string, string> links = new(StringComparer.Ordinal);

    /// <summary>A sentence for each kind, in which the folder or file is named that a user would look for.</summary>
    public IReadOnlyList<string> Notes => [.. ((string?[])[OfRuns(), OfOverviews(), OfClasses(), OfEndings(), OfLinks()]).OfType<string>()];

    /// <summary>All files that are no pictures, by their endings: <c>120 .tif, 3 .txt</c>. Empty where there are none.</summary>
    public string OtherFiles => Text(folders.Values.SelectMany(folder => folder.Others));

    public void AddPictures(string first, int count) => Of(first).Pictures += count;

    public void AddFile(string first, string name)
    {
        var (ending, others) = (Path.GetExtension(name).ToLowerInvariant(), Of(first).Others);
        others[ending] = others.GetValueOrDefault(ending) + 1;
    }

    public void AddRun(string first, string folder, int pictures)
    {
        Of(first).HasResults = true;
        runs.Add((folder, pictures));
    }

    /// <summary>A picture, counted as one before, that turned out to be a grid or a plot.</summary>
    public void AddOverview(string first, string file)
    {
        Of(first).Pictures--;
        Of(first).HasResults = true;
        overviews.Add(file);
    }

    /// <param name="path">Where it really lies: other links may lead to it.</param>
    /// <param name="what">Its name and what it does.</param>
    public void AddLink(string path, string what) => links.TryAdd(path, what);

    private static string Read => $"Read are {PictureFile.ExtensionList} files.";

    private FirstLevel Of(string first)
    {
        if (!folders.TryGetValue(first, out var folder))
            folders.Add(first, folder = new());
        return folder;
    }

    private string? OfRuns() => runs.Count == 0
        ? null
        : $"what a run or a drawing has left is no data: left out {(runs.Count == 1 ? "is" : "are")} "
            + $"{Named(runs.Select(run => run.Folder))}, "
            + $"with {Counted.Of(runs.Sum(run => run.Pictures), "picture")}.";

    private string? OfOverviews() => overviews.Count == 0
        ? null
        : $"grids and plots that UNetGen has drawn are no data: left out {(overviews.Count == 1 ? "is" : "are")} {Named(overviews)}.";

    private string? OfClasses()
    {
        // Where pictures lie in the folder itself, there are no classes that could be missing.
        string[] empty = folders[""].Pictures > 0
            ? []
            : [
                .. folders.Where(folder => folder is { Key: not "", Value: { Pictures: 0, HasResults: false } })
                    .Select(folder => $"{folder.Key} ({(folder.Value.Others.Count == 0 ? "empty" : Text(folder.Value.Others))})"),
            ];
        return empty.Length == 0
            ? null
            : $"{Counted.Of(empty.Length, "folder")} without a picture that can be read "
                + $"{(empty.Length == 1 ? "is no class" : "are no classes")}: "
                + $"{Named(empty)}. {Read}";
    }

    private string? OfEndings()
    {
        // Of all kinds: no list knows each ending that somebody gives a picture.
        var unread = folders.Values.Where(folder => folder.Pictures > 0).SelectMany(folder => folder.Others).ToArray();
        return unread.Length == 0 ? null : $"left out are files of kinds that aren't read: {Text(unread)}. {Read}";
    }

    private string? OfLinks() => links.Count == 0
        ? null
        : $"{Counted.Of(links.Count, "link")} {(links.Count == 1 ? "isn't" : "aren't")} followed: {Named(links.Values)}.";

    private static string Text(IEnumerable<KeyValuePair<string, int>> endings) => Named(
        endings.GroupBy(ending => ending.Key, (ending, counts) => (Ending: ending, Count: counts.Sum(count => count.Value)))
            .OrderByDescending(ending => ending.Count).ThenBy(ending => ending.Ending, StringComparer.Ordinal)
            .Select(ending => FormattableString.Invariant(
                $"{ending.Count:N0} {(ending.Ending.Length == 0 ? "without an ending" : ending.Ending)}")));

    private static string Named(IEnumerable<string> names)
    {
        string[] all = [.. names];
        var more = all.Length > MostNamed ? FormattableString.Invariant($" and {all.Length - MostNamed:N0} more") : "";
        return string.Join(", ", all.Take(MostNamed)) + more;
    }

    private sealed class FirstLevel
    {
        public int Pictures { get; set; }

        /// <summary>Whether there was something that a run or a drawing has left.</summary>
        public bool HasResults { get; set; }

        public Dictionary<string, int> Others { get; } = [];
    }
}
