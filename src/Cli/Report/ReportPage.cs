using System.Globalization;
using System.Net;
using System.Text.Json;
using UNetGen.Cli.Runs;
using UNetGen.Compiler;
using UNetGen.Files;
using UNetGen.Networks;

namespace UNetGen.Cli.Report;

/// <summary>
/// A run as one page that needs nothing else: pictures, style and script are in it, and its policy lets it ask for nothing.
/// </summary>
internal sealed class ReportPage(TrainedRun run, NetworkInfo? network, DateTimeOffset date)
{
    // Some 60 KB each; a week's run draws more than anyone looks at.
    private const int MostGrids = 60;
    private const int LossWindow = 100;

    public string ToHtml() => PageTemplate.Fill(new Dictionary<string, string>
    {
        ["title"] = Encode($"{Name} - training report"),
        ["network"] = Encode(Name),
        ["lead"] = Encode(Lead()),
        ["tiles"] = string.Concat(
            Tiles().Select(
                tile => $"<div><dt>{Encode(tile.Name)}</dt><dd>{Encode(tile.Value)}<small>{Encode(tile.Detail)}</small></dd></div>")),
        ["notes"] = string.Concat(Notes().Select(note => $"<p class=\"note\">{Encode(note)}</p>")),
        ["samples"] = Samples(),
        ["strip"] = Strip(),
        ["architecture"] = Architecture(),
        ["options"] = Section("Options", Rows(run.Options), "No options were written."),
        ["environment"] = Section("Environment", Rows(Environment()), "Nothing was written of the machine."),
        ["checkpoints"] = Section("Checkpoints", Checkpoints(), "None yet."),
        ["footer"] = Encode(
            $"{run.Folder}, as of {date.ToString("yyyy-MM-dd HH:mm zzz", CultureInfo.InvariantCulture)}. One file, nothing fetched."),
        ["steps"] = new StepCurves(run.Steps).ToJson(),
        ["grids"] = JsonSerializer.Serialize(
            [.. Grids().Select(grid => new EmbeddedGrid(grid.Step, Source(grid.Path)))], ReportJson.Default.EmbeddedGridArray),
    });

    private string Name => network?.Name ?? run.Network
        ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Folder)));

    private string? Spec => network?.Spec ?? run.Checkpoints.LastOrDefault()?.Spec;

    private string Lead()
    {
        var image = network is null ? null : $"images of {network.Channels} × {network.ImageHeight} × {network.ImageWidth}";
        var data = (run.Option("data") ?? run.Option("data.path")) is { } named ? $"trained on {named}" : null;
        return string.Join(", ", new[] { data, image }.OfType<string>());
    }

    private IEnumerable<(string Name, string Value, string Detail)> Tiles()
    {
        if (run.Steps.Count > 0)
        {
            var last = run.Steps[^1];
            var planned = run.Option("training.steps") ?? run.Option("steps");
            yield return (
                "Steps", $"{last.Step:N0}",
                int.TryParse(planned, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) ? $"of {steps:N0}" : "");
            var losses = run.Steps.Select(StepCurves.Counted).Where(double.IsFinite).TakeLast(LossWindow).ToArray();
            yield return ("Loss", losses.Length == 0 ? "-" : Number(losses.Average()), $"mean of the last {losses.Length}");
            yield return (
                "Time", Duration(TimeSpan.FromSeconds(last.ElapsedSeconds)), $"{last.SecondsPerThousandImages:0.##} s a thousand images");
            yield return ("Images a second", $"{last.ImagesPerSecond:N0}", "");
            yield return ("Memory", ByteCount.Of(run.Steps.Max(step => step.ResidentBytes)), "at most");
        }
        // A network with blocks of the user's own doesn't know its count before it is made.
        if (network is { ParameterCount: > 0 })
            yield return (
                "Parameters", $"{network.ParameterCount:N0}",
                $"{network.ForwardFlops / 1e9:0.###} GFLOP an image"
                    + (network.ContextDim is null ? "" : $" with {SpecDescription.CountedTokens} tokens of context"));
        if (DiffusionInWords.Of(Spec) is { } diffusion)
            yield return ("Diffusion", diffusion.Type, diffusion.Details);
    }

    private IEnumerable<string> Notes()
    {
        foreach (var problem in run.Problems)
            yield return problem;
        // Earlier versions' logs don't mark those whose loss was a number.
        if (run.Steps.Count(step => !double.IsFinite(StepCurves.Counted(step))) is > 0 and var skipped)
            yield return $"{Counted.Of(skipped, "step")} of {run.Steps.Count:N0} {(skipped == 1 ? "was" : "were")} skipped, since loss or "
                + "gradient was no finite number, exploded, or was beyond float16; the curve and the mean leave them out.";
        if (network is not null && run.Checkpoints.LastOrDefault() is { SpecHash: { Length: > 0 } hash } && !hash.Equals(
            network.SpecHash, StringComparison.OrdinalIgnoreCase))
            yield return $"{network.Name}'s spec has changed since this run: the architecture below is today's, not the one that was "
                + "trained.";
    }

    private IReadOnlyList<(int Step, string Path)> Grids()
    {
        if (run.Grids.Count > MostGrids)
            return [.. Enumerable.Range(0, MostGrids).Select(i => run.Grids[(int)((long)i * (run.Grids.Count - 1) / (MostGrids - 1))])];
        if (run.Grids.Count == 0 && run.Samples is { } final)
            return [(run.Steps.LastOrDefault()?.Step ?? run.Checkpoints.LastOrDefault()?.Step ?? 0, final)];
        return run.Grids;
    }

    private string Samples()
    {
        var count = Grids().Count;
        if (count == 0)
            return Section("Samples over time", "", "None drawn yet.");
        var left = run.Grids.Count > count ? Remark($"{count} of {run.Grids.Count:N0} grids, evenly chosen.") : "";
        return $"""
            <section id="samples" aria-labelledby="samples-title">
              <div class="heading"><h2 id="samples-title">Samples over time</h2></div>
              <div class="samples">
                <img id="grid-picture" alt="">
                <div>
                  <p class="now"><span>after step</span><output id="grid-step" aria-live="polite"></output></p>
                  <div id="grid-controls" hidden>
                    <input type="range" id="grid-slider" min="0" max="{count - 1}" step="1" value="{count - 1}" aria-label="Step of the samples">
                    <div class="buttons"><button type="button" id="before" aria-label="Earlier">←</button><button type="button" id="play">Play</button><button type="button" id="after" aria-label="Later">→</button></div>
                    <div class="film" id="film"></div>
                  </div>
                  {left}
                </div>
              </div>
            </section>
            """;
    }

    private string Strip() => run.Strip is not { } path ? "" : $"""
        <section id="strip" aria-labelledby="strip-title">
          <div class="heading"><h2 id="strip-title">From noise to picture</h2></div>
          <div class="strip-frame">
            <p class="ends"><span>noise</span><span>picture</span></p>
            <div class="strip"><img alt="A row a picture: on the left pure noise, on the right what the network made of it." src="{Source(path)}"></div>
          </div>
        </section>
        """;

    private string Architecture()
    {
        var text = string.IsNullOrEmpty(Spec)
            ? ""
            : $"<details><summary>The whole spec</summary><pre tabindex=\"0\">{Encode(Spec)}</pre></details>";
        var drawing = network is not null
            ? $"<div class=\"panel scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Drawing of the network\">{ArchitectureDrawing.Of(network)}</div>"
                + Remark("Channels × height × width. Bars are as high as their images and as wide as their channels; full colour attends, "
                + "dotted lines are skips."
                + (network.StateDict.OpenPrefixes.Count > 0 ? " Blocks of your own, of which only their class knows more, count nothing here." : ""))
            : Remark(
                run.Network is { } name ? $"This program has no network {name} to draw." : "Nothing says yet which network is trained.");
        return Section("Architecture", drawing + text);
    }

    private IReadOnlyList<(string Key, string Value)> Environment()
    {
        if (run.Starts.Count == 0)
            return [];
        var last = run.Starts[^1];
        List<(string, string)> rows =
        [
            ("started", Date(run.Starts[0].Date)),
            ("machine", last.Machine), ("system", last.OperatingSystem), ("processor", last.Processor),
            ("processors", $"{last.ProcessorCount}"),
            ("threads", $"{last.Threads}"), ("device", last.Device), (".NET", last.Dotnet), ("TorchSharp", last.Torchsharp),
            ("UNetGen", last.Unetgen),
        ];
        if (last.Ranks > 1)
            rows.Add(("ranks", $"{last.Ranks}, together {last.EffectiveBatchSize} images a step, by {last.Collective}"));
        rows.AddRange(
            run.Starts.Skip(1).Select(
                start => ("taken up again", $"{Date(start.Date)} after step {start.AfterStep:N0}, on {start.Machine}")));
        return rows;
    }

    private string Checkpoints()
    {
        if (run.Checkpoints.Count == 0)
            return "";
        var best = run.Checkpoints.Where(row => double.IsFinite(row.Loss)).MinBy(row => row.Loss);
        var rows = run.Checkpoints.Select(row =>
            $"<tr><td>{Encode(row.Name)}{(row == best ? " <span class=\"best\">least loss</span>" : "")}</td><td class=\"number\">{row.Step:N0}</td><td class=\"number\">{Number(row.Loss)}</td><td class=\"number\">{ByteCount.Of(row.Bytes)}</td></tr>");
        return "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">folder</th><th scope=\"col\" class=\"number\">step</th><th scope=\"col\" class=\"number\">loss</th><th scope=\"col\" class=\"number\">size</th></tr></thead><tbody>"
            + string.Concat(rows) + "</tbody></table></div>";
    }

    private static string Rows(IReadOnlyList<(string Key, string Value)> rows) => rows.Count == 0
        ? ""
        : "<table><tbody>"
            + string.Concat(rows.Select(row => $"<tr><th scope=\"row\">{Encode(row.Key)}</th><td>{Encode(row.Value)}</td></tr>"))
            + "</tbody></table>";

    private static string Section(string title, string content, string ifEmpty = "") =>
        $"<section><div class=\"heading\"><h2>{Encode(title)}</h2></div>{(content.Length == 0 ? Remark(ifEmpty) : content)}</section>";

    private static string Remark(string text) => $"<p class=\"empty-section\">{Encode(text)}</p>";

    private static string Source(string png)
    {
        RegularFile.Require(png);
        return "data:image/png;base64," + Convert.ToBase64String(File.ReadAllBytes(png));
    }

    private static string Date(DateTimeOffset date) => date.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Duration(TimeSpan time) => time.TotalMinutes < 1 ? $"{time.TotalSeconds:0} s"
        : time.TotalHours < 1 ? $"{time:m\\:ss} min"
        : time.TotalDays < 1 ? $"{time:h\\:mm} h" : $"{(int)time.TotalDays} d {time.Hours} h";

    private static string Number(double value) => double.IsNaN(value) ? "-" : Math.Abs(value) < 1e6 ? $"{value:0.0000}" : $"{value:G4}";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
