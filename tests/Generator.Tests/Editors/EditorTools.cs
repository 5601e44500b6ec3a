using System.Text.Json;
using UNetGen.Generator.Specs;
using UNetGen.Tests;

namespace UNetGen.Generator.Tests.Editors;

/// <summary>Asks what editors make of specs, with the schema at hand; see check.mjs.</summary>
internal static class EditorTools
{
    private static readonly string Folder = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "editors.txt")).Trim();

    /// <summary>Why nobody can be asked here, or null where that is possible.</summary>
    public static readonly string? Missing = File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json"))
        ? NodeJs.Missing
        : "npm couldn't install the packages of Editors/package.json here.";

    public static EditorAnswers Ask(IReadOnlyList<string> specs, params (string Text, int Offset)[] places)
    {
        var offsets = places.Select(place => new { text = place.Text, offset = place.Offset });
        var question = new { schema = SchemaWriter.Write(), specs, places = offsets };
        var answer = NodeJs.RunScript(Path.Combine(Folder, "check.mjs"), JsonSerializer.Serialize(question));
        return JsonSerializer.Deserialize<EditorAnswers>(answer, JsonSerializerOptions.Web)!;
    }
}

internal sealed record EditorAnswers(IReadOnlyList<SpecAnswer> Specs, IReadOnlyList<PlaceAnswer> Places);

/// <param name="Yaml">What a parser of YAML 1.2 says.</param>
/// <param name="Schema">What a validator of JSON Schema says.</param>
/// <param name="Editor">What the server behind editors shows.</param>
internal sealed record SpecAnswer(IReadOnlyList<string> Yaml, IReadOnlyList<string> Schema, IReadOnlyList<string> Editor)
{
    public bool Accepts => Yaml.Count + Schema.Count + Editor.Count == 0;
}

/// <param name="Proposals">The words that an editor would complete.</param>
/// <param name="Insertions">What it would insert for each, with marks where it lets one write on.</param>
/// <param name="Hover">What it shows when the mouse stands there, as Markdown.</param>
internal sealed record PlaceAnswer(IReadOnlyList<string> Proposals, IReadOnlyList<string> Insertions, string Hover);

/// <summary>A test that asks editors' tools, which come from npm: skipped, with the reason, where there are none.</summary>
internal sealed class EditorFactAttribute : FactAttribute
{
    public EditorFactAttribute() => Skip = EditorTools.Missing;
}
