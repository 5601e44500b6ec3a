using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>Where the spec's keys stand in its file.</summary>
internal sealed class SpecSource
{
    private readonly Dictionary<string, YamlEntry> entries = new(StringComparer.Ordinal);

    /// <summary>Keys that are there in a way, misspelt or with an alias for a value: they aren't missing as well.</summary>
    public HashSet<string> Misspelt { get; } = new(StringComparer.Ordinal);

    public void Add(string key, YamlEntry entry) => entries[key] = entry;

    public bool Has(string key) => entries.ContainsKey(key);

    /// <summary>The first of these keys that is given: its value.</summary>
    public YamlNode Value(params string[] keys) => entries[keys.First(Has)].Value;

    public TextSpan Span(params string[] keys) => Value(keys).Span;

    /// <summary>The value's item, or the value itself where it is no list that long.</summary>
    public TextSpan ItemSpan(string key, int index) =>
        Value(key) is YamlSequence sequence && index < sequence.Items.Count ? sequence.Items[index].Span : Span(key);

    public TextSpan KeySpan(string key) => entries[key].Key.Span;
}

/// <param name="Name">The class's name, or the first key where the spec doesn't say it.</param>
/// <param name="Dim">The base width.</param>
internal readonly record struct SpecPlaces(TextSpan Name, TextSpan Dim);

/// <summary>Nodes to a spec: each key by its row of <see cref="Fields"/>, then what only several keys together can violate.</summary>
internal static class SpecReader
{
    /// <summary>The spec's best reading, whole and valid if no problem was reported.</summary>
    /// <param name="named">The name and namespace of a spec that gives none.</param>
    /// <param name="places">Where diagnostics stand that are found later.</param>
    public static UNetSpec Read(YamlMapping root, UNetSpec named, Problems problems, out SpecPlaces places)
    {
        var source = new SpecSource();
        Collect(root, group: "", source, problems);

        // Setting the preset sets every default, so it comes first.
        var spec = new UNetSpec();
        foreach (var field in Fields.All.OrderByDescending(field => field.Key == "preset"))
        {
            if (source.Has(field.Key))
                spec = field.Read(source.Value(field.Key), spec, problems);
            else if (field.Required && !source.Misspelt.Contains(field.Key))
                problems.Report(Rules.MissingKey, FirstKey(root), $"'{field.Key}' is missing: {Lower(field.Summary).TrimEnd('.')}; it must be {field.Description}");
        }

        spec = spec with
        {
            Name = spec.Name.Length > 0 ? spec.Name : named.Name,
            Namespace = spec.Namespace.Length > 0 ? spec.Namespace : named.Namespace,
        };
        var name = source.Has("name") ? source.Span("name") : FirstKey(root);
        places = new SpecPlaces(name, source.Has("dim") ? source.Span("dim") : name);
        if (source.Has("attention") && source.Value("attention") is YamlScalar)
            spec = spec with { Attention = spec.Attention with { Off = true } };
        if (!problems.AnyError)
            SpecChecks.Check(spec, source, problems);
        return spec;
    }

    private static void Collect(YamlMapping mapping, string group, SpecSource source, Problems problems)
    {
        foreach (var entry in mapping.Entries)
        {
            var key = group + entry.Key.Value;
            if (entry.Value is YamlAlias)
                source.Misspelt.Add(key); // reported where it was read
            else if (Fields.ByKey.ContainsKey(key))
                source.Add(key, entry);
            else if (group.Length == 0 && Fields.Groups.Contains(key))
                CollectGroup(key, entry, source, problems);
            else
                problems.Report(Rules.UnknownKey, entry.Key.Span, Unknown(entry.Key, group, source));
        }
    }

    private static void CollectGroup(string group, YamlEntry entry, SpecSource source, Problems problems)
    {
        if (entry.Value is YamlMapping inner)
            Collect(inner, group + ".", source, problems);
        else if (group == "attention" && entry.Value is YamlScalar { Value: "none" })
            source.Add(group, entry);
        else
            problems.Report(Rules.WrongType, entry.Value.Span, $"'{group}' must be {(group == "attention" ? "none or " : "")}a mapping of {Text.AllOf(KeysIn(group + "."))}, not {entry.Value.Kind}");
    }

    private static string Unknown(YamlScalar key, string group, SpecSource source)
    {
        var where = group.Length == 0 ? "" : $" in '{group.TrimEnd('.')}'";
        if (ForeignKeys.Advice.TryGetValue(key.Value, out var advice))
            return $"unknown key '{key.Shown}'{where}; {advice}";
        var known = Fields.All.FirstOrDefault(field => field.AlsoKnownAs.Contains(key.Value) || LastPart(field.Key) == key.Value)?.Key;
        var meant = known is null ? Text.Nearest(key.Value, KeysIn(group)) : Place(known);
        if (meant is null)
            return $"unknown key '{key.Shown}'{where}; the keys here are {Text.AllOf(KeysIn(group))}";
        source.Misspelt.Add(known ?? group + meant);
        return $"unknown key '{key.Shown}'{where}; did you mean '{meant}'?";

        string Place(string full)
        {
            var its = full.Substring(0, full.LastIndexOf('.') + 1);
            return its == group ? LastPart(full) : its.Length == 0 ? $"{full}' at the top level, outside '{group.TrimEnd('.')}" : $"{LastPart(full)}' under '{its.TrimEnd('.')}";
        }
    }

    private static IEnumerable<string> KeysIn(string group) => Fields.All
        .Where(field => field.Key.StartsWith(group, StringComparison.Ordinal))
        .Select(field => field.Key.Substring(group.Length).Split('.')[0])
        .Distinct();

    private static string LastPart(string key) => key.Substring(key.LastIndexOf('.') + 1);

    private static TextSpan FirstKey(YamlMapping root) => root.Entries.Count > 0 ? root.Entries[0].Key.Span : root.Span;

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence.Substring(1);
}
