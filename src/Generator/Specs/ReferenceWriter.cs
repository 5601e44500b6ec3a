using System.Text;
using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

/// <summary>The table of keys in docs/spec.md, written from the table of fields.</summary>
internal static class ReferenceWriter
{
    public static string Write()
    {
        var text = new StringBuilder();
        foreach (var group in Fields.All.GroupBy(field => field.Key.Contains('.') ? field.Key.Substring(0, field.Key.IndexOf('.')) : ""))
        {
            if (text.Length > 0)
                text.Append('\n');
            text.Append(group.Key.Length == 0 ? "### At the top\n\n" : $"### {group.Key}\n\n{Fields.Groups[group.Key]}\n\n");
            text.Append("| key | what it is | value | default |\n|---|---|---|---|\n");
            foreach (var field in group)
                text.Append(Row(field));
        }

        return text.ToString();
    }

    private static string Row(Field field)
    {
        var (key, what) = (field.Key.Substring(field.Key.IndexOf('.') + 1), $"{field.Summary} {field.Details}".TrimEnd());
        return $"| `{key}` | {Cell(what)} | {Cell(field.Description)} | {Cell(Default(field))} |\n";
    }

    private static string Default(Field field)
    {
        if (field.Required)
            return "needed";
        if (field.DefaultInWords is { } words)
            return words;
        var values = Presets.All
            .Select(preset => (Preset: SpecWords.SnakeCase(preset.ToString()), Value: field.Default(preset)?.Replace("\"", "")))
            .GroupBy(pair => pair.Value)
            .ToList();
        if (values.Count == 1)
            return values[0].Key ?? "";
        var known = values.Where(group => group.Key is not null);
        return string.Join("; ", known.Select(group => $"{group.Key} in {Text.AllOf(group.Select(pair => pair.Preset))}"));
    }

    private static string Cell(string text) => text.Replace("|", "\\|");
}
