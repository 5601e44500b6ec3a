using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>One word of several; the words are the enum's names in snake_case.</summary>
internal sealed class ChoiceType<T> : FieldType<T>
    where T : struct, Enum
{
    private readonly Dictionary<string, T> words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> elsewhere = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> synonyms = new(StringComparer.OrdinalIgnoreCase);
    private string[]? proposed;

    /// <param name="except">Values that the enum has for another key.</param>
    public ChoiceType(params T[] except)
    {
        foreach (var value in (T[])Enum.GetValues(typeof(T)))
        {
            if (!except.Contains(value))
                words.Add(SpecWords.SnakeCase(value.ToString()), value);
        }
    }

    public override string Description => Text.OneOf(words.Keys);

    public override bool IsPicked => true;

    /// <summary>Editors propose what an enumeration has, and of a pattern what is an example.</summary>
    public override JsonObject Schema => proposed is null
        ? new JsonObject { { "enum", JsonObject.List(words.Keys.Select(JsonObject.Text)) } }
        : new JsonObject
        {
            { "type", JsonObject.Text("string") },
            { "pattern", JsonObject.Text($"^({string.Join("|", words.Keys)})$") },
            { "patternErrorMessage", JsonObject.Text($"It must be {Description}.") },
            { "examples", JsonObject.List(proposed.Select(JsonObject.Text)) },
        };

    /// <summary>Those that are right without another key's help: editors propose no others.</summary>
    public ChoiceType<T> Proposing(params T[] values)
    {
        proposed = values.Select(Write).ToArray();
        return this;
    }

    /// <summary>A word that the language knows but this family doesn't, and why.</summary>
    public ChoiceType<T> Without(string word, string reason)
    {
        elsewhere.Add(word, reason);
        return this;
    }

    /// <summary>What other projects call this value.</summary>
    public ChoiceType<T> AlsoKnownAs(T value, params string[] names)
    {
        foreach (var name in names)
            synonyms.Add(name, Write(value));
        return this;
    }

    public override bool TryRead(YamlNode node, string key, Problems problems, out T value)
    {
        value = default;
        if (node is not YamlScalar { IsNull: false } scalar)
            return Refuse(node, key, problems);
        if (words.TryGetValue(scalar.Value, out value))
            return true;
        if (elsewhere.TryGetValue(scalar.Value, out var reason))
        {
            problems.Report(Rules.NoEffect, key, scalar.Span, $"'{key}: {scalar.Value}' {reason}; here it must be {Description}");
            return false;
        }

        var near = synonyms.TryGetValue(scalar.Value, out var synonym) ? synonym : Text.Nearest(scalar.Value, words.Keys);
        var meant = near is null ? "" : $"; did you mean '{near}'?";
        problems.Report(Rules.UnknownValue, key, scalar.Span,
            $"'{scalar.Shown}' is no value of '{key}', which must be {Description}{meant}", near);
        return false;
    }

    public override string Write(T value) => SpecWords.SnakeCase(value.ToString());

    public override string Json(T value) => JsonObject.Text(Write(value));
}
