using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>Where the spec's keys stand in its file.</summary>
internal sealed class SpecSource
{
    private readonly Dictionary<string, YamlEntry> entries = new(StringComparer.Ordinal);

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

/// <summary>Nodes to a spec: each key by its row of <see cref="Fields"/>, then what only several keys together can violate.</summary>
internal static class SpecReader
{
    /// <summary>The spec's best reading, whole and valid if no problem was reported.</summary>
    public static UNetSpec Read(YamlMapping root, UNetSpec named, Problems problems)
    {
        var source = new SpecSource();
        Collect(root, group: "", source, problems);

        // Setting the preset sets every default, so it comes first.
        var spec = new UNetSpec();
        foreach (var field in Fields.All.OrderByDescending(field => field.Key == "preset"))
        {
            if (source.Has(field.Key))
                spec = field.Read(source.Value(field.Key), spec, problems);
            else if (field.Required)
                problems.Report(Rules.MissingKey, FirstKey(root), $"'{field.Key}' is missing: {Lower(field.Summary)} It must be {field.Description}.");
        }

        spec = spec with
        {
            Name = spec.Name.Length > 0 ? spec.Name : named.Name,
            Namespace = source.Has("namespace") ? spec.Namespace : named.Namespace,
        };
        if (source.Has("attention") && source.Value("attention") is YamlScalar)
            spec = spec with { Attention = spec.Attention with { Off = true } };
        if (!problems.Any)
            SpecChecks.Check(spec, source, problems);
        return spec;
    }

    private static void Collect(YamlMapping mapping, string group, SpecSource source, Problems problems)
    {
        foreach (var entry in mapping.Entries)
        {
            var key = group + entry.Key.Value;
            if (Fields.ByKey.ContainsKey(key))
                source.Add(key, entry);
            else if (group.Length == 0 && Fields.Groups.Contains(key))
                CollectGroup(key, entry, source, problems);
            else
                problems.Report(Rules.UnknownKey, entry.Key.Span, Unknown(entry.Key.Value, group));
        }
    }

    private static void CollectGroup(string group, YamlEntry entry, SpecSource source, Problems problems)
    {
        if (entry.Value is YamlMapping inner)
            Collect(inner, group + ".", source, problems);
        else if (group == "attention" && entry.Value is YamlScalar { Value: "none" })
            source.Add(group, entry);
        else
            problems.Report(Rules.WrongType, entry.Value.Span, $"'{group}' must be {(group == "attention" ? "none or " : "")}a mapping of {Text.OneOf(KeysIn(group + ".")).Replace(" or ", " and ")}, not {entry.Value.Kind}");
    }

    private static string Unknown(string word, string group)
    {
        var where = group.Length == 0 ? "" : $" in '{group.TrimEnd('.')}'";
        var known = Fields.All.FirstOrDefault(field => field.AlsoKnownAs.Contains(word) || LastPart(field.Key) == word);
        var meant = known?.Key ?? Text.Nearest(word, KeysIn(group));
        if (meant is null)
            return $"unknown key '{word}'{where}; the keys here are {string.Join(", ", KeysIn(group))}";
        return $"unknown key '{word}'{where}; did you mean '{meant}'?";
    }

    private static IEnumerable<string> KeysIn(string group) => Fields.All
        .Where(field => field.Key.StartsWith(group, StringComparison.Ordinal))
        .Select(field => field.Key.Substring(group.Length).Split('.')[0])
        .Distinct();

    private static string LastPart(string key) => key.Substring(key.LastIndexOf('.') + 1);

    private static TextSpan FirstKey(YamlMapping root) => root.Entries.Count > 0 ? root.Entries[0].Key.Span : root.Span;

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence.Substring(1);
}
