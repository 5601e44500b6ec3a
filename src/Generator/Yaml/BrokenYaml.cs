using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Yaml;

/// <summary>
/// What can be read of a text that isn't YAML: each key at the top by itself. While someone types a line, their code still finds the class
/// of the others.
/// </summary>
internal static class BrokenYaml
{
    // A spec has some forty keys, and few lines below each: more would cost time and is no spec.
    private const int MostKeys = 64;
    private const int MostCharacters = 4096;
    private const int MostLines = 16;

    // Of what is opened first and closed later; one too many is taken away.
    private static readonly string[] Endings = ["]", "}", "\"", "'"];

    /// <summary>
    /// The keys with values that can be read, each once; what is wrong with them is nobody's concern. At their places, but in a text that
    /// is too large, whose lines nobody should count.
    /// </summary>
    public static YamlMapping Read(SourceText text, CancellationToken cancellation)
    {
        var beginning = text.ToString(TextSpan.FromBounds(0, Math.Min(text.Length, YamlReader.MaxLength)));
        var starts = Regex.Matches(beginning, @"^\uFEFF?\w+:(?=\s|\z)", RegexOptions.Multiline | RegexOptions.CultureInvariant)
            .Cast<Match>()
            .Take(MostKeys)
            .Select(match => match.Index)
            .ToList();
        var entries = new List<YamlEntry>();
        for (var i = 0; i < starts.Count; i++)
        {
            var end = i + 1 < starts.Count ? starts[i + 1] : beginning.Length;
            if (ReadKey(beginning.Substring(starts[i], end - starts[i]), cancellation) is { } entry
                && entries.All(other => other.Key.Value != entry.Key.Value))
                entries.Add(text.Length > YamlReader.MaxLength ? entry.At(default) : Moved(entry, starts[i]));
        }

        return new YamlMapping(default, entries.ToEquatableArray());
    }

    /// <summary>A key with its value, or with what is left of it without one line: the one that is being typed.</summary>
    private static YamlEntry? ReadKey(string part, CancellationToken cancellation)
    {
        if (part.Length > MostCharacters)
            return null;
        if (First(part) is { } whole)
            return whole;
        var typed = part.TrimEnd();
        foreach (var closed in Endings.Select(ending => typed + ending).Append(typed.Substring(0, typed.Length - 1)))
        {
            if (First(closed) is { } ended)
                return ended;
        }

        var lines = part.Split('\n');
        for (var left = 1; left < Math.Min(lines.Length, MostLines); left++)
        {
            if (First(string.Join("\n", lines.Select((line, i) => i == left ? "" : line))) is { } rest)
                return rest;
        }

        return null;

        YamlEntry? First(string yaml) =>
            YamlReader.Read(SourceText.From(yaml), Problems.Ignored, cancellation) is YamlMapping { Entries: { Count: > 0 } read }
                ? read[0]
                : null;
    }

    private static YamlEntry Moved(YamlEntry entry, int by)
    {
        return new YamlEntry(entry.Key with { Span = Further(entry.Key) }, entry.Value.At(Further(entry.Value)));

        SpecSpan Further(YamlNode node) => new TextSpan(node.Span.Start + by, node.Span.Text.Length);
    }
}
