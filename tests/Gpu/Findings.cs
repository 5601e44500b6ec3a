namespace UNetGen.GpuCheck;

/// <summary>What a check says while it runs; it is in the file as soon as it is said.</summary>
/// <param name="file">The report.</param>
internal sealed class Findings(TextWriter file)
{
    private readonly List<string> faults = [];
    private readonly List<string> afterTable = [];
    private bool inTable;

    /// <summary>What didn't hold.</summary>
    public IReadOnlyList<string> Faults => faults;

    /// <summary>Its results in a few words, for the table.</summary>
    public string Summary { get; set; } = "";

    /// <summary>A paragraph.</summary>
    public void Say(string text)
    {
        EndTable();
        file.WriteLine($"{text}\n");
    }

    /// <summary>Something as it was printed, in lines of its own.</summary>
    public void Quote(string text) => Say($"```\n{text.TrimEnd()}\n```");

    /// <summary>Begins a table.</summary>
    public void Head(params string[] cells)
    {
        EndTable();
        file.WriteLine($"| {string.Join(" | ", cells)} |\n|{string.Concat(cells.Select(_ => "---|"))}");
        inTable = true;
    }

    /// <summary>A row of the table.</summary>
    public void Row(params object[] cells) => file.WriteLine($"| {string.Join(" | ", cells.Select(Text))} |");

    /// <summary>Notes a fault where something doesn't hold.</summary>
    public void Hold(bool holds, string otherwise)
    {
        if (holds)
            return;
        faults.Add(otherwise);
        if (inTable)
            afterTable.Add(otherwise);
        else
            Say($"**FAILED**: {otherwise}");
    }

    private void EndTable()
    {
        if (!inTable)
            return;
        file.WriteLine();
        inTable = false;
        afterTable.ForEach(fault => file.WriteLine($"**FAILED**: {fault}\n"));
        afterTable.Clear();
    }

    private static string Text(object cell) => cell switch
    {
        double number => number is 0 or (>= 1e-3 and < 1e6) ? $"{number:0.####}" : $"{number:0.0e+0}",
        _ => $"{cell}".Replace("|", "\\|").ReplaceLineEndings(" "),
    };
}
