using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using UNetGen.Cli.Runs;
using UNetGen.Files;
using UNetGen.Logging;
using UNetGen.Pictures;
using UNetGen.Training;
using YamlDotNet.Core;

namespace UNetGen.Cli.Report;

/// <summary>
/// What lies in a run's folder. A run may be young or under way: any of its files may be missing, and one that can't be read is named and
/// left out.
/// </summary>
internal sealed class TrainedRun
{
    private const string LogName = "log.jsonl";
    private const string StartsName = "starts.jsonl";
    private const string StepPrefix = "step-";

    // Of a file that a page can show; a log of millions of steps is below it.
    private const long MostBytes = 1 << 30;

    private readonly List<string> problems = [];

    private TrainedRun(string folder)
    {
        Folder = folder;
        Steps = Read(LogName, TrainingLog.Read) ?? [];
        Starts = Read(StartsName, path => RunStart.Read(path, problems.Add)) ?? [];
        var checkpoints = Numbered(RunFolder.CheckpointName, "", Directory.GetDirectories);
        Checkpoints =
        [
            .. checkpoints.Select(found => ReadCheckpoint(Path.Combine(RunFolder.CheckpointName, Path.GetFileName(found.Path))))
                .OfType<CheckpointRow>(),
        ];
        Options = Read(RunFolder.OptionsName, ReadOptions) ?? Checkpoints.LastOrDefault()?.Training ?? [];
        Grids =
        [
            .. Numbered("samples", ".png", Directory.GetFiles).Where(grid => Picture(Path.GetRelativePath(folder, grid.Path)) is not null),
        ];
        Samples = Picture("samples.png");
        Strip = Picture("noise-to-picture.png");
        if (checkpoints.Count > 0)
            Newest = OpenNewest();
    }

    /// <summary>A checkpoint, and how its run was set.</summary>
    public sealed record CheckpointRow(
        string Name, int Step, double Loss, string Network, string Spec, string SpecHash, long Bytes,
        IReadOnlyList<(string Key, string Value)> Training);

    /// <summary>The run's folder.</summary>
    public string Folder { get; }

    /// <summary>The log, in order.</summary>
    public IReadOnlyList<LoggedStep> Steps { get; }

    /// <summary>Where it was begun and taken up again.</summary>
    public IReadOnlyList<RunStart> Starts { get; }

    /// <summary>Those that are there, by step.</summary>
    public IReadOnlyList<CheckpointRow> Checkpoints { get; }

    /// <summary>The newest whole checkpoint; null: there is none.</summary>
    public Checkpoint? Newest { get; }

    /// <summary>The effective options, nested keys joined by dots; those of the last checkpoint where there is no file of them.</summary>
    public IReadOnlyList<(string Key, string Value)> Options { get; }

    /// <summary>Grids drawn while it trained, by step.</summary>
    public IReadOnlyList<(int Step, string Path)> Grids { get; }

    /// <summary>The grid drawn at the end.</summary>
    public string? Samples { get; }

    /// <summary>How pictures come about from noise.</summary>
    public string? Strip { get; }

    /// <summary>The network's class; null where nothing says.</summary>
    public string? Network => Checkpoints.LastOrDefault()?.Network ?? Option("network") ?? Option("spec");

    /// <summary>What couldn't be read, and what speaks against the newest checkpoint, in sentences.</summary>
    public IReadOnlyList<string> Problems => problems;

    /// <exception cref="UNetGenException">There is no run.</exception>
    public static TrainedRun Open(string folder)
    {
        if (!Presence.OfFolder(folder))
            throw new UNetGenException(
                $"There is no folder {folder}. Name a run's: what --out named when it was trained, or one under runs/."
                    + RunFolder.Around(folder));
        string[] signs = [RunFolder.OptionsName, LogName, RunFolder.CheckpointName, "samples.png", "samples"];
        if (!signs.Any(name => Presence.Of(Path.Combine(folder, name))))
            throw new UNetGenException($"The folder {folder} is no run: it has none of {string.Join(", ", signs)}.{RunFolder.Around(folder)}");
        return new TrainedRun(folder);
    }

    /// <summary>An option by its key, or null.</summary>
    public string? Option(string key) => Options.FirstOrDefault(option => option.Key == key).Value;

    private string? Existing(string name) => Path.Combine(Folder, name) is var path && File.Exists(path) ? path : null;

    /// <summary>The path of a picture that can be shown; null where it can't, or isn't there.</summary>
    private string? Picture(string name) =>
        Read(name, path => PngHeader.Of(path) is null ? throw new IOException("It is no PNG file.") : path);

    private T? Read<T>(string name, Func<string, T> read) where T : class
    {
        try
        {
            if (Existing(name) is not { } path)
                return null;
            RegularFile.Require(path);
            if (new FileInfo(path).Length > MostBytes)
                throw new IOException($"It has more than {MostBytes >> 20:N0} MiB.");
            return read(path);
        }
        catch (Exception error) when (error is UNetGenException or IOException or UnauthorizedAccessException or JsonException
            or YamlException)
        {
            problems.Add($"{name} can't be shown: {Reason(error)}");
            return null;
        }

        static string Reason(Exception error) => error switch
        {
            JsonException json => JsonText.Explain(json),
            YamlException yaml => Excerpt.Of($"line {yaml.Start.Line}: {yaml.Message}"),
            _ => Excerpt.Of(error.Message),
        };
    }

    private List<(int Step, string Path)> Numbered(string folder, string extension, Func<string, string[]> list)
    {
        var path = Path.Combine(Folder, folder);
        if (!Directory.Exists(path))
            return [];
        return [.. list(path)
            .Where(found => found.EndsWith(extension, StringComparison.Ordinal))
            .Select(found => (Step: StepOf(Path.GetFileName(found)[..^extension.Length]), Path: found))
            .Where(found => found.Step >= 0)
            .OrderBy(found => found.Step)];

        static int StepOf(string name) =>
            name.StartsWith(StepPrefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
                ? step
                : -1;
    }

    /// <summary>Says of the newest checkpoint what <c>sample</c> says, which draws with it.</summary>
    private Checkpoint? OpenNewest()
    {
        try
        {
            return TrainedWeights.Open(Folder, problems.Add);
        }
        catch (UNetGenException error)
        {
            problems.Add(error.Message);
            return null;
        }
    }

    /// <param name="folder">Within the run's.</param>
    private CheckpointRow? ReadCheckpoint(string folder) => Read(Path.Combine(folder, CheckpointInfo.FileName), path =>
    {
        // By name, not by the record that wrote it: a report of an older run shows what it can.
        var json = JsonText.Object(RegularFile.ReadSmall(path));
        return new CheckpointRow(
            Path.GetFileName(folder),
            json["step"] is JsonValue step && step.TryGetValue(out int number) ? number : throw Wrong("step", "a whole number"),
            json["loss"] is JsonValue loss && loss.TryGetValue(out double value) ? value : double.NaN,
            Text("network"), Text("spec"), Text("spec_hash"),
            new DirectoryInfo(Path.Combine(Folder, folder)).EnumerateFiles().Sum(file => file.Length),
            json.TryGetPropertyValue("training", out var training) ? [.. Flat("", training)] : []);

        string Text(string key) => json[key] switch
        {
            null => "",
            JsonValue value when value.TryGetValue(out string? text) => text,
            _ => throw Wrong(key, "a text"),
        };

        JsonException Wrong(string key, string kind)
        {
            var found = !json.TryGetPropertyValue(key, out var value) ? "missing" : value?.ToJsonString() ?? "null";
            return new($"`{key}` must be {kind}, and is {found}.");
        }
    });

    private static IEnumerable<(string Key, string Value)> Flat(string prefix, JsonNode? value) => value switch
    {
        JsonObject group => group.SelectMany(property => Flat(PlainYaml.Join(prefix, property.Key), property.Value)),
        JsonArray list => [(prefix, string.Join(", ", list))],
        _ => [(prefix, value?.ToString() ?? "-")],
    };

    private static IReadOnlyList<(string Key, string Value)> ReadOptions(string path)
    {
        var stream = PlainYaml.Load(path);
        return stream.Documents.Count == 0 ? [] : [.. PlainYaml.Flat("", stream.Documents[0].RootNode)];
    }
}
