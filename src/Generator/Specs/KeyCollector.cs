using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>
/// Nodes to keys: finds each key of the language in a file's YAML, not yet what its value means, and reports every other.
/// </summary>
internal static class KeyCollector
{
    /// <summary>The keys that stand in a spec, or null after a report where the YAML is no mapping.</summary>
    public static GivenKeys? Collect(YamlNode root, Problems problems)
    {
        if (root is YamlMapping mapping)
        {
            var keys = new GivenKeys(mapping.Entries.Count > 0 ? mapping.Entries[0].Key.Span : mapping.Span);
            Collect(mapping, group: "", keys, problems);
            return keys;
        }

        if (root is YamlScalar { IsNull: true })
        {
            var needed = Text.AllOf(Fields.All.Where(field => field.Required).Select(field => field.Key));
            problems.Report(Rules.MissingKey, new TextSpan(0, 0), $"the spec is empty; it needs at least {needed}");
        }
        else
        {
            problems.Report(Rules.WrongType, root.Span, $"a spec is a mapping, `key: value` on each line, not {root.Kind}");
        }

        return null;
    }

    private static void Collect(YamlMapping mapping, string group, GivenKeys keys, Problems problems)
    {
        foreach (var entry in mapping.Entries.TakeWhile(_ => !problems.Full))
        {
            var key = group + entry.Key.Value;
            if (entry.Twice || entry.Value is YamlAlias)
                keys.Unclear.Add(key); // reported where it was read
            if (Fields.ByKey.ContainsKey(key))
                CollectValue(key, entry, keys);
            else if (group.Length == 0 && Fields.Groups.ContainsKey(key))
                CollectGroup(key, entry, keys, problems);
            else if (Unknown(entry, group, keys) is var message && entry.Value is not YamlAlias) // as in <<: *base, reported already
                problems.Report(Rules.UnknownKey, entry.Key.Span, message);
        }
    }

    private static void CollectValue(string key, YamlEntry entry, GivenKeys keys)
    {
        if (entry.Value is not YamlAlias)
            keys.Add(key, entry);
    }

    private static void CollectGroup(string group, YamlEntry entry, GivenKeys keys, Problems problems)
    {
        if (entry.Value is YamlMapping inner)
        {
            Collect(inner, group + ".", keys, problems);
        }
        else if (group == "attention" && entry.Value is YamlScalar { Value: "none" })
        {
            keys.Add(group, entry);
        }
        else if (entry.Value is not YamlAlias)
        {
            keys.Unclear.Add(group);
            var orNone = group == "attention" ? "none or " : "";
            problems.Report(Rules.WrongType, entry.Value.Span,
                $"'{group}' must be {orNone}a mapping of {Text.AllOf(KeysIn(group + "."))}, not {entry.Value.Kind}"
                + InsteadOf(group, entry, keys));
        }
    }

    /// <summary>What to write instead of a value that stands where the keys of a group should.</summary>
    private static string InsteadOf(string group, YamlEntry entry, GivenKeys keys)
    {
        if (group == "attention" && entry.Value is YamlScalar word)
        {
            switch (word.Value.ToLowerInvariant())
            {
                case "none" or "false" or "off" or "no" or "null":
                    return "; did you mean 'none'?";
                case "true" or "on" or "yes":
                    return "; leave it out, since every preset attends";
                case "full" or "linear" or "cross":
                    return $"; say it of each level, of two as `attention: {{ levels: [{word.Value.ToLowerInvariant()}, none] }}`";
            }
        }

        var its = Fields.All.Where(field => field.Key.StartsWith(group + ".", StringComparison.Ordinal));
        if (its.FirstOrDefault(field => field.Takes(entry.Value)) is not { } meant)
            return "";
        keys.Misspell(meant.Key, entry);
        return $"; write `{group}: {{ {LastPart(meant.Key)}: {Text.Shown(entry.Value.Written)} }}`";
    }

    private static string Unknown(YamlEntry entry, string group, GivenKeys keys)
    {
        var key = entry.Key;
        var where = group.Length == 0 ? "" : $" in '{group.TrimEnd('.')}'";
        if (ForeignKeys.Find(key.Value, entry.Value) is { } foreign)
        {
            keys.Misspelt.UnionWith(foreign.StandsFor);
            foreach (var (meantKey, value) in foreign.Meant)
                keys.Misspell(meantKey, new YamlEntry(key, value));
            return $"unknown key '{key.Shown}'{where}; {foreign.Advice}";
        }

        var known = Fields.All.FirstOrDefault(field => field.AlsoKnownAs.Contains(key.Value) || LastPart(field.Key) == key.Value)?.Key;
        var meant = known is null ? Text.Nearest(key.Value, KeysIn(group)) : Place(known);
        if (meant is null)
            return $"unknown key '{key.Shown}'{where}; the keys here are {Text.AllOf(KeysIn(group))}";
        keys.Misspell(known ?? group + meant, entry);
        return $"unknown key '{key.Shown}'{where}; did you mean '{meant}'?";

        string Place(string full)
        {
            var its = full.Substring(0, full.LastIndexOf('.') + 1);
            return its == group ? LastPart(full)
                : its.Length == 0 ? $"{full}' at the top level, outside '{group.TrimEnd('.')}"
                : $"{LastPart(full)}' under '{its.TrimEnd('.')}";
        }
    }

    private static IEnumerable<string> KeysIn(string group) => Fields.All
        .Where(field => field.Key.StartsWith(group, StringComparison.Ordinal))
        .Select(field => field.Key.Substring(group.Length).Split('.')[0])
        .Distinct();

    private static string LastPart(string key) => key.Substring(key.LastIndexOf('.') + 1);
}
