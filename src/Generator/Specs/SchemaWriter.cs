using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

/// <summary>
/// The language as a JSON Schema, for editors that complete and check YAML. It is never stricter than the reader; what it can't say is
/// listed in docs/schema.md.
/// </summary>
internal static class SchemaWriter
{
    public static string Write()
    {
        var required = Required(Fields.All.Where(field => field.Required).Select(field => field.Key));
        var extended = Required(["extends"]);
        return new JsonObject
        {
            { "$schema", JsonObject.Text("https://json-schema.org/draft/2020-12/schema") },
            { "title", JsonObject.Text("UNetGen spec") },
            { "type", JsonObject.Text("object") },
            { "defaultSnippets", Presets.All.Select(Skeleton).ToList() },
            { "properties", Group("") },
            { "additionalProperties", "false" },
            {
                "allOf",
                [
                    new JsonObject { { "if", extended }, { "else", required } },
                    Proposals(field => DiffersByPreset(field) ? new JsonObject() : Propose(field, null), null),
                    .. Presets.All.Select(InPreset),
                    WithoutPreset(),
                ]
            },
        } + "\n";
    }

    /// <summary>A whole spec, which editors offer for an empty file.</summary>
    private static JsonObject Skeleton(Preset preset)
    {
        var body = new JsonObject { { "preset", JsonObject.Text(Name(preset)) } };
        foreach (var field in Fields.All.Where(field => field.Required && field.Key != "preset"))
            body.Add(field.Key, field.Example!);
        return new JsonObject
        {
            { "label", JsonObject.Text($"a spec of preset {Name(preset)}") },
            { "description", JsonObject.Text(Fields.ByKey["preset"].Details) },
            { "body", body },
        };
    }

    /// <summary>What differs between presets: what this one takes, and its defaults.</summary>
    private static JsonObject InPreset(Preset preset)
    {
        var its = new JsonObject { { "preset", new JsonObject { { "const", JsonObject.Text(Name(preset)) } } } };
        return new JsonObject
        {
            { "if", new JsonObject { { "properties", its }, Required(["preset"]) } },
            { "then", Proposals(field => DiffersByPreset(field) ? Propose(field, preset) : new JsonObject(), preset) },
        };
    }

    /// <summary>A spec that extends another can leave the preset to that one: it may be any.</summary>
    private static JsonObject WithoutPreset()
    {
        var its = Proposals(field => DiffersByPreset(field) ? Propose(field, null) : new JsonObject(), null);
        return new JsonObject { { "if", Required(["preset"]) }, { "else", its } };
    }

    /// <summary>
    /// What editors propose, each key with a value that is right as it is inserted, and those that another key decides on only beside it.
    /// The properties of the whole propose nothing themselves (<c>doNotSuggest</c>): editors would mix what both say.
    /// </summary>
    private static JsonObject Proposals(Func<Field, JsonObject> propose, Preset? preset, string prefix = "")
    {
        var (properties, conditions) = (new JsonObject(), new List<JsonObject>());
        foreach (var keys in KeysIn(prefix))
        {
            var schema = !Fields.ByKey.TryGetValue(prefix + keys.Key, out var field) ? Proposals(propose, preset, keys.Key + ".")
                : field.OnlyWith is null && field.ProposedBefore.Count == 0 ? propose(field)
                : new JsonObject();
            if (!schema.IsEmpty)
                properties.Add(keys.Key, schema);
        }

        foreach (var field in KeysIn(prefix).SelectMany(keys => keys).Where(field => IsInGroup(field) && field.ProposedBefore.Count > 0))
        {
            if (propose(field) is not { IsEmpty: false } its)
                continue;
            var others = field.ProposedBefore.Select(key => Required([key.Substring(prefix.Length)])).ToList();
            conditions.Add(new JsonObject
            {
                { "if", new JsonObject { { "not", new JsonObject { { "anyOf", others } } } } },
                { "then", new JsonObject { { "properties", new JsonObject { { field.Key.Substring(prefix.Length), its } } } } },
            });
        }

        foreach (var with in KeysIn(prefix).SelectMany(keys => keys).Where(IsHere).GroupBy(field => field.OnlyWith!))
        {
            var its = new JsonObject();
            foreach (var field in with.Where(field => !propose(field).IsEmpty))
                its.Add(field.Key.Substring(prefix.Length), propose(field));
            if (!its.IsEmpty)
                conditions.Add(new JsonObject
                {
                    { "if", SaysAll(with.Key, preset) },
                    { "then", new JsonObject { { "properties", its } } },
                });
        }

        var proposals = new JsonObject();
        // Also where all are conditional: editors insert a key as a group that has properties.
        if (!properties.IsEmpty || conditions.Count > 0)
            proposals.Add("properties", properties);
        if (conditions.Count > 0)
            proposals.Add("allOf", conditions);
        return proposals;

        bool IsHere(Field field) => field.OnlyWith is not null && IsInGroup(field);

        bool IsInGroup(Field field) => field.Key.LastIndexOf('.') == prefix.Length - 1;
    }

    private static JsonObject SaysAll(KeyWord word, Preset? preset) => word.And is { } also
        ? new JsonObject { { "allOf", new List<JsonObject> { SaysAll(also, preset), Says(word, preset) } } }
        : Says(word, preset);

    /// <summary>Whether a mapping says the word, or leaves it to a default that does.</summary>
    private static JsonObject Says(KeyWord word, Preset? preset)
    {
        var field = Fields.ByKey[word.Key];
        var value = JsonObject.Text(word.Value);
        var key = word.Key.Substring(word.Key.LastIndexOf('.') + 1);
        var says = new JsonObject { { "properties", new JsonObject { { key, new JsonObject { { "const", value } } } } } };
        var byDefault = preset is { } known ? field.Default(known) == value : Presets.All.All(one => field.Default(one) == value);
        if (!byDefault)
            says.Add(Required([key]));
        return says;
    }

    private static JsonObject Propose(Field field, Preset? preset)
    {
        if (IsOfSomePresets(field) && (preset is not { } one || !field.OnlyIn.Contains(one)))
            return new JsonObject();
        var schema = new JsonObject { { "description", JsonObject.Text(Description(field)) } };
        var type = field.IsPicked || IsNarrowed(field) ? field.Schema(preset) : new JsonObject();
        // Of a list editors would insert an item, in the place of the snippet.
        if (type.Has("items"))
            schema.Add("allOf", [type]);
        else
            schema.Add(type);
        if (preset is { } known && field.Default(known) is { } value)
            schema.Add("default", value);
        else if (!field.IsPicked && !type.Has("const"))
            schema.Add("defaultSnippets", [new JsonObject { { "body", Example(field, preset) } }]);
        return schema;
    }

    private static string Example(Field field, Preset? preset) =>
        (preset is { } its ? field.ExampleIn(its) : null) ?? field.Example ?? field.Default(Preset.Ddpm)!;

    private static JsonObject Required(IEnumerable<string> keys) => new() { { "required", JsonObject.List(keys.Select(JsonObject.Text)) } };

    /// <summary>
    /// The properties of a mapping: the keys after <paramref name="prefix"/>, those in further groups as mappings of their own.
    /// </summary>
    private static JsonObject Group(string prefix)
    {
        var properties = new JsonObject();
        foreach (var keys in KeysIn(prefix))
            properties.Add(keys.Key, Fields.ByKey.TryGetValue(prefix + keys.Key, out var field) ? Describe(field) : Mapping(keys.Key));
        return properties;
    }

    private static IEnumerable<IGrouping<string, Field>> KeysIn(string prefix) => Fields.All
        .Where(field => field.Key.StartsWith(prefix, StringComparison.Ordinal))
        .GroupBy(field => field.Key.Substring(prefix.Length).Split('.')[0]);

    private static JsonObject Mapping(string key)
    {
        var mapping = new JsonObject
        {
            { "type", JsonObject.Text("object") }, { "properties", Group(key + ".") }, { "additionalProperties", "false" },
        };
        return new JsonObject
        {
            { "description", JsonObject.Text(Fields.Groups[key]) },
            { "doNotSuggest", "true" },
            key == "attention" ? JsonObject.Either("string", new JsonObject { { "const", JsonObject.Text("none") } }, mapping) : mapping,
        };
    }

    private static JsonObject Describe(Field field)
    {
        var schema = new JsonObject { { "description", JsonObject.Text(Description(field)) }, { "doNotSuggest", "true" } };
        if (!IsNarrowed(field)) // else each preset says what it takes
            schema.Add(field.Schema(null));
        if (CommonDefault(field) is { } value)
            schema.Add("default", value);
        return schema;
    }

    /// <summary>Whether a preset takes less than others, has another default, or has no use for it.</summary>
    private static bool DiffersByPreset(Field field) =>
        IsNarrowed(field) || IsOfSomePresets(field) || Presets.All.Select(field.Default).Distinct().Count() > 1;

    private static bool IsOfSomePresets(Field field) => field.OnlyIn.Count < Presets.All.Count;

    private static bool IsNarrowed(Field field) => Presets.All.Any(field.IsNarrowedBy);

    /// <summary>The default of all presets, where they have the same.</summary>
    private static string? CommonDefault(Field field)
    {
        var defaults = Presets.All.Select(field.Default).Distinct().ToList();
        return defaults.Count == 1 ? defaults[0] : null;
    }

    private static string Description(Field field)
    {
        var details = field.Details.Length == 0 ? "" : " " + field.Details;
        if (field.DefaultInWords is { } words)
            return $"{field.Summary}{details} Default: {words}.";
        var defaults = Presets.All
            .Select(preset => (Name: Name(preset), Value: field.Default(preset)?.Replace("\"", "")))
            .Where(pair => pair.Value is not null)
            .GroupBy(pair => pair.Value)
            .ToList();
        return defaults.Count switch
        {
            0 => field.Summary + details,
            1 => $"{field.Summary}{details} Default: {defaults[0].Key}.",
            _ => $"{field.Summary}{details} Default: {string.Join(", ", defaults.Select(InPresets))}.",
        };

        static string InPresets(IGrouping<string?, (string Name, string? Value)> its) =>
            $"{its.Key} in {Text.AllOf(its.Select(pair => pair.Name))}";
    }

    private static string Name(Preset preset) => SpecWords.SnakeCase(preset.ToString());
}
