using System.Text.Json;
using System.Text.Json.Nodes;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// The settings of one of diffusers' configuration files. Every setting must be asked for; what is wrong with them is collected, so that it can be told at once.
/// </summary>
internal sealed class ConfigFile
{
    private readonly JsonObject settings;
    private readonly List<string> reasons;
    private readonly HashSet<string> asked = [];

    private ConfigFile(string path, JsonObject settings, List<string> reasons)
    {
        Path = path;
        this.settings = settings;
        this.reasons = reasons;
    }

    public string Path { get; }

    /// <param name="path">A JSON file.</param>
    /// <param name="reasons">Where what is wrong with its settings is added.</param>
    /// <exception cref="DiffusersException">It is no JSON object.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static ConfigFile Read(string path, List<string> reasons)
    {
        try
        {
            RegularFile.Require(path);
            var node = JsonNode.Parse(File.ReadAllText(path), documentOptions: new() { AllowDuplicateProperties = false });
            return new(path, node as JsonObject ?? throw new DiffusersException($"{path} holds no JSON object.", []), reasons);
        }
        catch (JsonException error)
        {
            throw new DiffusersException($"{path} is no valid JSON: {error.Message}", [], error);
        }
    }

    /// <summary>A setting, or diffusers' default where the file doesn't have it. Null only where T can be.</summary>
    public T Value<T>(string key, T fallback)
    {
        asked.Add(key);
        if (!settings.TryGetPropertyValue(key, out var node))
            return fallback;
        if (node is null && default(T) is null)
            return default!;
        try
        {
            if (node is not null)
                return node.Deserialize<T>()!;
        }
        catch (JsonException)
        {
            // Told below, as a null that can't be one is.
        }

        Refuse(key, $"it should be like {JsonSerializer.Serialize(fallback)}");
        return fallback;
    }

    public bool IsList(string key) => settings[key] is JsonArray;

    /// <summary>A list that can't be null.</summary>
    public T[] List<T>(string key, T[] fallback)
    {
        if (Value(key, fallback) is { Length: > 0 } list && !list.Contains(default))
            return list;
        Refuse(key, $"it should be a list like {JsonSerializer.Serialize(fallback)}");
        return fallback;
    }

    /// <summary>One of the words that the other side knows too, as what it is there.</summary>
    public T Choice<T>(string key, string fallback, IEnumerable<KeyValuePair<string, T>> known)
    {
        var value = Value<string?>(key, fallback);
        foreach (var (word, meaning) in known)
        {
            if (word == value)
                return meaning;
        }

        Refuse(key, $"known are {string.Join(", ", known.Select(pair => pair.Key))}");
        return known.First().Value;
    }

    /// <summary>A setting that has but one value here.</summary>
    public void Only<T>(string key, T value, string why)
    {
        if (!EqualityComparer<T>.Default.Equals(Value(key, value), value))
            Refuse(key, why);
    }

    /// <summary>Settings that say nothing about the network.</summary>
    public void Ignore(params IEnumerable<string> keys) => asked.UnionWith(keys);

    public void Refuse(string key, string why) =>
        reasons.Add($"{key}: {(settings.TryGetPropertyValue(key, out var node) ? node?.ToJsonString() ?? "null" : "missing")}: {why}");

    /// <summary>Whatever hasn't been asked for would be ignored; names with an underscore before them are remarks.</summary>
    public void RefuseUnknown(string why = "a setting that isn't known here")
    {
        foreach (var (key, value) in settings)
        {
            if (value is not null && !key.StartsWith('_') && !asked.Contains(key))
                Refuse(key, why);
        }
    }
}
