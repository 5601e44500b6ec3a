using UNetGen.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;

namespace UNetGen.Cli.Runs;

/// <summary>
/// A run's options as YAML: a line each, <c>batch_size: 32</c>. What a run was given is written beside it, and can be given back.
/// </summary>
internal static class RunFile
{
    private const string What = "A run file is a list of options, as 'batch_size: 32'; each run writes one, run.yaml.";

    /// <summary>What a file changes.</summary>
    /// <exception cref="UNetGenException">It can't be read, or has a key or a value that can't be; the message names the line.</exception>
    public static IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> Read(string path)
    {
        if (Directory.Exists(path))
            throw new UNetGenException(
                $"{path} is a folder, no run file. A run's options are in {Path.Combine(path, RunFolder.OptionsName)}.");
        var changes = new Dictionary<RunField, Func<RunOptions, RunOptions>>();
        try
        {
            foreach (var (key, value) in Entries(path))
            {
                var name = (key as YamlScalarNode)?.Value ?? "";
                var field = RunFields.All.FirstOrDefault(field => field.Key == name)
                    ?? throw Wrong(path, key, $"there is no option '{Excerpt.Of(name)}'.{Suggestion(name)}");
                try
                {
                    changes.Add(field, field.Parse(Text(path, name, value)));
                }
                catch (FormatException error)
                {
                    throw Wrong(path, value, $"{name} {error.Message}");
                }
            }
        }
        catch (YamlException error)
        {
            throw new UNetGenException($"{path}, line {error.Start.Line}: {Excerpt.Of(error.Message)}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UNetGenException($"The run file {path} can't be read: {error.Message}", error);
        }
        return changes;
    }

    /// <summary>Writes all options, whole or not at all.</summary>
    /// <param name="path">Replaced where it is there.</param>
    /// <param name="run">With what follows from the rest spelled out.</param>
    public static void Write(string path, RunOptions run)
    {
        var entries = new OrderedDictionary<string, string>(
            RunFields.All.Select(field => KeyValuePair.Create(field.Key, field.Write(run))));
        var text =
            "# All options of this run. To repeat it: train --run THIS_FILE. To go on with it: train --resume ITS_FOLDER\n"
                + new SerializerBuilder().Build().Serialize(entries);
        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"))));
    }

    private static IEnumerable<KeyValuePair<YamlNode, YamlNode>> Entries(string path)
    {
        var yaml = PlainYaml.Load(path);
        if (yaml.Documents.Count > 1)
            throw Wrong(
                path, yaml.Documents[1].RootNode, "a second YAML document begins. A run file is one list of options: take out the '---'.");
        if (
            yaml.Documents.Count == 0
                || yaml.Documents[0].RootNode is YamlScalarNode { Value: null or "" } or YamlMappingNode { Children.Count: 0 })
            throw new UNetGenException($"{path} is empty. {What}");
        return yaml.Documents[0].RootNode as YamlMappingNode ?? throw Wrong(path, yaml.Documents[0].RootNode, What);
    }

    private static string Text(string path, string key, YamlNode value) => value switch
    {
        YamlScalarNode scalar => scalar.Value ?? "",
        YamlSequenceNode list when list.All(item => item is YamlScalarNode) =>
            string.Join(", ", list.Select(item => ((YamlScalarNode)item).Value)),
        _ => throw Wrong(path, value, $"{key} is a value, or a list of values."),
    };

    private static UNetGenException Wrong(string path, YamlNode node, string message) => new($"{path}, line {node.Start.Line}: {message}");

    private static string Suggestion(string name) =>
        NearName.Suggestion(name, [.. RunFields.All.Select(field => field.Key)]) is { Length: > 0 } suggestion
        ? suggestion
        : $" There are {string.Join(", ", RunFields.All.Select(field => field.Key))}.";
}
