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
            { "properties", Group("", Describe) },
            { "additionalProperties", "false" },
            { "allOf", [new JsonObject { { "if", extended }, { "else", required } }, .. Presets.All.Select(InPreset), WithoutPreset()] },
        } + "\n";
    }

    /// <summary>What differs between presets: what this one takes, and its defaults.</summary>
    private static JsonObject InPreset(Preset preset)
    {
        var its = new JsonObject { { "preset", new JsonObject { { "const", JsonObject.Text(Name(preset)) } } } };
        return new JsonObject
        {
            { "if", new JsonObject { { "properties", its }, Required(["preset"]) } },
            { "then", new JsonObject { { "properties", Group("", field => Narrow(field, preset)) } } },
        };
    }

    /// <summary>A spec that extends another can leave the preset to that one: it may be any.</summary>
    private static JsonObject WithoutPreset()
    {
        var properties = Group("", field => IsNarrowed(field) ? field.Schema(null) : new JsonObject());
        return new JsonObject { { "if", Required(["preset"]) }, { "else", new JsonObject { { "properties", properties } } } };
    }

    private static JsonObject Required(IEnumerable<string> keys) => new() { { "required", JsonObject.List(keys.Select(JsonObject.Text)) } };

    /// <summary>
    /// The properties of a mapping: the keys after <paramref name="prefix"/>, those in further groups as mappings of their own.
    /// </summary>
    private static JsonObject Group(string prefix, Func<Field, JsonObject> schemaOf)
    {
        var properties = new JsonObject();
        var inside = Fields.All.Where(field => field.Key.StartsWith(prefix, StringComparison.Ordinal));
        foreach (var keys in inside.GroupBy(field => field.Key.Substring(prefix.Length).Split('.')[0]))
        {
            var schema = Fields.ByKey.TryGetValue(prefix + keys.Key, out var field)
                ? schemaOf(field)
                : Mapping(keys.Key, Group(keys.Key + ".", schemaOf), schemaOf == Describe);
            if (!schema.IsEmpty)
                properties.Add(keys.Key, schema);
        }

        return properties;
    }

    private static JsonObject Mapping(string key, JsonObject properties, bool whole)
    {
        if (!whole)
            return properties.IsEmpty ? properties : new JsonObject { { "properties", properties } };
        var description = new JsonObject { { "description", JsonObject.Text(Fields.Groups[key]) } };
        var mapping = new JsonObject
        {
            { "type", JsonObject.Text("object") }, { "properties", properties }, { "additionalProperties", "false" },
        };
        return new JsonObject
        {
            description,
            key == "attention" ? JsonObject.Either("string", new JsonObject { { "const", JsonObject.Text("none") } }, mapping) : mapping,
        };
    }

    private static JsonObject Describe(Field field)
    {
        // Editors propose what any part of the schema allows: the wider type must not stand beside the narrower.
        var schema = new JsonObject { { "description", JsonObject.Text(Description(field)) } };
        if (!IsNarrowed(field))
            schema.Add(field.Schema(null));
        if (CommonDefault(field) is { } value)
            schema.Add("default", value);
        return schema;
    }

    private static JsonObject Narrow(Field field, Preset preset)
    {
        var schema = new JsonObject();
        if (IsNarrowed(field))
            schema.Add(field.Schema(preset));
        if (CommonDefault(field) is null && field.Default(preset) is { } value)
            schema.Add("default", value);
        return schema;
    }

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
