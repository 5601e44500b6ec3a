using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using UNetGen.Files;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// The settings of one of diffusers' configuration files. Every setting must be asked for; what is wrong with them is collected, so that it
/// can be told at once.
/// </summary>
internal sealed class ConfigFile
{
    private readonly JsonObject settings;
    private readonly List<string> reasons;
    private readonly HashSet<string> asked = [], refused = [];

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
            return new(path, JsonText.Object(RegularFile.ReadSmall(path)), reasons);
        }
        catch (JsonException error)
        {
            throw new DiffusersException($"{path} is no configuration: {JsonText.Explain(error)}", [], error);
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
            // 1e999 is read as what no setting is.
            if (
                node is not null && node.Deserialize(TypeOf<T>())! is var value
                    && value is not double.PositiveInfinity and not double.NegativeInfinity)
                return value;
        }
        catch (JsonException)
        {
            // Told below, as a null that can't be one is.
        }

        var example = fallback is null or bool ? "" : $", such as {JsonSerializer.Serialize(fallback, TypeOf<T>())}";
        RefuseOnce(key, $"it should be {KindOf<T>()}{example}");
        return fallback;
    }

    /// <summary>A number of which there is at least one, and at most as many as a spec may ask for.</summary>
    public int Count(string key, int fallback, int most)
    {
        var count = Value(key, fallback);
        if (count > 0 && count <= most)
            return count;
        RefuseOnce(key, string.Create(CultureInfo.InvariantCulture, $"it should be a number from 1 to {most:N0}"));
        return fallback;
    }

    /// <summary>The same, or null, which is the default.</summary>
    public int? CountOrNull(string key, int most) => Value<int?>(key, null) is null ? null : Count(key, 1, most);

    /// <summary>A number above 0 that float32 holds.</summary>
    public double Positive(string key, double fallback)
    {
        var number = Value(key, fallback);
        if (Float32.IsPositive(number))
            return number;
        RefuseOnce(key, $"it should be {Float32.Range}");
        return fallback;
    }

    /// <summary>Whether the file has the setting, and has another value than this one.</summary>
    /// <param name="key">The setting's.</param>
    /// <param name="json">The value.</param>
    public bool IsOther(string key, string json) =>
        settings.TryGetPropertyValue(key, out var node) && node is not null && !JsonNode.DeepEquals(node, JsonNode.Parse(json));

    /// <summary>
    /// Whether nothing is wrong with settings, of the other files too: what is built on a default that stands in for a wrong one would
    /// speak of what no file says.
    /// </summary>
    public bool Knows(params IEnumerable<string> keys) => !keys.Any(IsRefused);

    public bool Has(string key) => settings.ContainsKey(key);

    public bool IsList(string key) => settings[key] is JsonArray;

    /// <summary>A list that can't be null.</summary>
    public T[] List<T>(string key, T[] fallback)
    {
        if (Value(key, fallback) is { Length: > 0 } list && !list.Contains(default))
            return list;
        RefuseOnce(key, $"it should be a list like {JsonSerializer.Serialize(fallback, TypeOf<T[]>())}");
        return fallback;
    }

    /// <summary>A number for each level, or one for all; each at least 1.</summary>
    public int[] Numbers(string key, int fallback, int levels)
    {
        if (!IsList(key))
            return [.. Enumerable.Repeat(Count(key, fallback, int.MaxValue), levels)];
        int[] otherwise = [.. Enumerable.Repeat(fallback, levels)];
        var list = List(key, otherwise);
        if (Knows(key) && (list.Length != levels || list.Any(number => number < 1)))
            Refuse(key, $"it should be a number from 1, or as many of them as there are levels, {levels}");
        return Knows(key) ? list : otherwise;
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

        Refuse(key, Known(known.Select(pair => pair.Key)));
        return known.First().Value;
    }

    /// <summary>A setting that has but one value here.</summary>
    public void Only<T>(string key, T value, string why)
    {
        if (!EqualityComparer<T>.Default.Equals(Value(key, value), value))
            Refuse(key, why);
    }

    /// <summary>Parts that say nothing about the network.</summary>
    public void Ignore(params IEnumerable<string> keys) => asked.UnionWith(keys);

    /// <summary>Settings that say nothing about the network, but that are null or of this type, which can be null.</summary>
    public void IgnoreAll<T>(params IEnumerable<string> keys)
    {
        foreach (var key in keys)
            Value<T?>(key, default);
    }

    /// <summary>A setting that says nothing about the network, but that is null or one of these words.</summary>
    public void IgnoreWord(string key, params IReadOnlyList<string> known)
    {
        if (Value<string?>(key, null) is { } word && !known.Contains(word))
            Refuse(key, Known(known));
    }

    public void Refuse(string key, string why)
    {
        // Whatever is wrong with it, it is known.
        asked.Add(key);
        refused.Add(key);
        reasons.Add($"{Excerpt.Of(key)}: {(settings.TryGetPropertyValue(key, out var node) ? Excerpt.Of(node?.ToJsonString() ?? "null") : "missing")}: {why}");
    }

    /// <summary>Whatever hasn't been asked for would be ignored; names with an underscore before them are remarks.</summary>
    public void RefuseUnknown(string why = "a setting that isn't known here")
    {
        foreach (var (key, value) in settings)
        {
            if (value is not null && !key.StartsWith('_') && !asked.Contains(key))
                Refuse(key, why);
        }
    }

    /// <summary>Its type may be what is wrong, and is told then.</summary>
    public void RefuseOnce(string key, string why)
    {
        if (!refused.Contains(key))
            Refuse(key, why);
    }

    private bool IsRefused(string key) => reasons.Any(reason => reason.StartsWith($"{key}: ", StringComparison.Ordinal));

    private static string Known(IEnumerable<string> words) => $"known are {string.Join(", ", words)}";

    private static string KindOf<T>() => typeof(T) switch
    {
        var type when type == typeof(bool) || type == typeof(bool?) => "true or false",
        var type when type == typeof(int) || type == typeof(int?) => "a whole number",
        var type when type == typeof(double) || type == typeof(double?) => "a number",
        var type when type == typeof(double[]) => "a list of numbers",
        var type when type == typeof(int[]) => "a list of whole numbers",
        var type when type == typeof(string[]) => "a list of texts",
        _ => "a text",
    };

    private static JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>?)DiffusersJson.Default.GetTypeInfo(typeof(T))
        ?? throw new InvalidOperationException($"No setting is a {typeof(T)}.");
}

/// <summary>What settings can be; generated by the compiler, so read without reflection.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(bool?))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(double?))]
[JsonSerializable(typeof(double[]))]
[JsonSerializable(typeof(int[]))]
[JsonSerializable(typeof(bool[]))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class DiffusersJson : JsonSerializerContext;
