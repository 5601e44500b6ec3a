using System.Diagnostics;

namespace UNetGen.GpuCheck;

/// <summary>Runs checks and writes down what they say; a check that fails stops no other.</summary>
internal sealed class Report : IDisposable
{
    private readonly StreamWriter file;
    private readonly Settings settings;

    public Report(string path, Settings settings)
    {
        this.settings = settings;
        // At once, since a fault of the device may end the process.
        file = new StreamWriter(path) { AutoFlush = true };
        file.WriteLine($"# Checks on {settings.Device}\n");
    }

    /// <returns>The exit code: 1 where something didn't hold.</returns>
    public int Run(IEnumerable<Check> checks)
    {
        var rows = new List<(string Name, bool Holds, TimeSpan Took, string Summary)>();
        foreach (var check in checks)
        {
            var clock = Stopwatch.StartNew();
            var findings = new Findings(file);
            file.WriteLine($"## {check.Name}\n\n{check.About}.\n");
            try
            {
                check.Run(settings, findings);
            }
            catch (Exception error)
            {
                findings.Hold(false, $"{error.GetType().Name}: {FirstLine(error.Message)}");
                findings.Quote(error.ToString());
            }
            var holds = findings.Faults.Count == 0;
            rows.Add((check.Name, holds, clock.Elapsed, holds ? findings.Summary : findings.Faults[0]));
            findings.Say($"{(holds ? "Holds" : "Doesn't hold")}; {clock.Elapsed.TotalSeconds:0.0} s.");
            Console.WriteLine($"{(holds ? "ok    " : "FAILED")} {check.Name,-12} {clock.Elapsed.TotalSeconds,6:0.0} s  {rows[^1].Summary}");
        }

        file.WriteLine("## All\n");
        var table = new Findings(file);
        table.Head("check", "holds", "seconds", "");
        rows.ForEach(row => table.Row(row.Name, row.Holds ? "yes" : "**no**", $"{row.Took.TotalSeconds:0.0}", row.Summary));
        return rows.TrueForAll(row => row.Holds) ? 0 : 1;
    }

    public static string FirstLine(string text) => text.ReplaceLineEndings("\n").Split('\n')[0];

    public void Dispose() => file.Dispose();
}
