using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>Nodes to a spec: each key by its row of <see cref="Fields"/>, then what only several keys together can violate.</summary>
internal static class SpecReader
{
    /// <summary>The keys of the language that stand in a spec; any other is reported.</summary>
    public static SpecSource Collect(YamlMapping root, Problems problems)
    {
        var source = new SpecSource(root.Entries.Count > 0 ? root.Entries[0].Key.Span : root.Span);
        Collect(root, group: "", source, problems);
        return source;
    }

    /// <summary>The spec's best reading, whole and valid if no problem was reported.</summary>
    /// <param name="named">The name and namespace of a spec that gives none.</param>
    public static UNetSpec Read(SpecSource source, UNetSpec named, Problems problems)
    {
        // Setting the preset sets every default, so it comes first.
        var spec = new UNetSpec();
        foreach (var field in Fields.All.OrderByDescending(field => field.Key == "preset"))
        {
            var uncertain = source.IsUncertain(field.Key);
            if (source.Has(field.Key) && !(uncertain && field.Key == "preset"))
                spec = field.Read(source.Value(field.Key), spec, uncertain || source.IsAnyItemUncertain(field.Key) ? Problems.Ignored : problems);
            else if (field.Required && !uncertain)
                problems.Report(Rules.MissingKey, field.Key, source.Start, $"'{field.Key}' is missing: {Lower(field.Summary).TrimEnd('.')}; it must be {field.Description}");
        }

        spec = spec with
        {
            Name = spec.Name.Length > 0 ? spec.Name : named.Name,
            Namespace = spec.Namespace.Length > 0 ? spec.Namespace : named.Namespace,
        };
        if (source.Has("attention") && source.Value("attention") is YamlScalar)
            spec = spec with { Attention = spec.Attention with { Off = true } };

        var reading = new SpecReading(spec, source, problems);
        if (source.Has("name") && Names.FaultOfClassIn(spec.Namespace, spec.Name, named.Namespace) is { } fault)
        {
            if (reading.AreCertain("name", "namespace"))
                reading.Report(Rules.InvalidName, "name", fault);
            spec = spec with { Name = named.Name };
        }

        SpecChecks.Check(reading);

        // What a base says for a network that had use for it is not said for this one.
        return !problems.AnyError && !source.AnyDoubt && source.WithoutInherited(key => Fields.ByKey.TryGetValue(key, out var field) && field.WhyUseless(spec) is not null) is { } rest
            ? Read(rest, named, problems)
            : spec;
    }

    private static void Collect(YamlMapping mapping, string group, SpecSource source, Problems problems)
    {
        foreach (var entry in mapping.Entries.TakeWhile(_ => !problems.Full))
        {
            var key = group + entry.Key.Value;
            if (entry.Twice || entry.Value is YamlAlias)
                source.Unclear.Add(key); // reported where it was read
            if (Fields.ByKey.ContainsKey(key))
                CollectValue(key, entry, source);
            else if (group.Length == 0 && Fields.Groups.ContainsKey(key))
                CollectGroup(key, entry, source, problems);
            else if (Unknown(entry.Key, group, source) is var message && entry.Value is not YamlAlias) // which is no key where it is written out, as with <<
                problems.Report(Rules.UnknownKey, entry.Key.Span, message);
        }
    }

    private static void CollectValue(string key, YamlEntry entry, SpecSource source)
    {
        if (entry.Value is not YamlAlias)
            source.Add(key, entry);
    }

    private static void CollectGroup(string group, YamlEntry entry, SpecSource source, Problems problems)
    {
        if (entry.Value is YamlMapping inner)
        {
            Collect(inner, group + ".", source, problems);
        }
        else if (group == "attention" && entry.Value is YamlScalar { Value: "none" })
        {
            source.Add(group, entry);
        }
        else if (entry.Value is not YamlAlias)
        {
            source.Unclear.Add(group);
            problems.Report(Rules.WrongType, entry.Value.Span, $"'{group}' must be {(group == "attention" ? "none or " : "")}a mapping of {Text.AllOf(KeysIn(group + "."))}, not {entry.Value.Kind}{(group == "attention" && IsNone(entry.Value) ? "; did you mean 'none'?" : "")}");
        }

        static bool IsNone(YamlNode value) => value is YamlScalar scalar && scalar.Value.ToLowerInvariant() is "none" or "false" or "off" or "no" or "null";
    }

    private static string Unknown(YamlScalar key, string group, SpecSource source)
    {
        var where = group.Length == 0 ? "" : $" in '{group.TrimEnd('.')}'";
        if (ForeignKeys.ByName.TryGetValue(key.Value, out var foreign))
        {
            source.Misspelt.UnionWith(foreign.StandsFor);
            return $"unknown key '{key.Shown}'{where}; {foreign.Advice}";
        }

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

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence.Substring(1);
}
