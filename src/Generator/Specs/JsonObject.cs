using System.Collections;
using System.Text;

namespace UNetGen.Generator.Specs;

/// <summary>
/// An object of JSON, its members in the order of writing. Enough to write one file: netstandard2.0 has no JSON of its own.
/// </summary>
internal sealed class JsonObject : IEnumerable
{
    private readonly List<(string Name, object Value)> members = [];

    /// <param name="name">The member's.</param>
    /// <param name="json">A value that is JSON already: <c>16</c>, <c>"silu"</c>, <c>[1, 2]</c>.</param>
    public void Add(string name, string json) => members.Add((name, json));

    public void Add(string name, JsonObject value) => members.Add((name, value));

    public void Add(string name, IReadOnlyList<JsonObject> values) => members.Add((name, values));

    /// <summary>Takes over all members of another.</summary>
    public void Add(JsonObject other) => members.AddRange(other.members);

    public bool IsEmpty => members.Count == 0;

    public bool Has(string name) => members.Any(member => member.Name == name);

    IEnumerator IEnumerable.GetEnumerator() => members.GetEnumerator();

    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text, "\n");
        return text.ToString();
    }

    /// <summary>A text as JSON.</summary>
    public static string Text(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c is '"' or '\\' ? $"\\{c}" : c < ' ' ? $"\\u{(int)c:x4}" : $"{c}");
        return quoted.Append('"').ToString();
    }

    /// <summary>
    /// A schema for values of a type and one for all others: unlike anyOf, it leads to the messages of the one that is meant.
    /// </summary>
    public static JsonObject Either(string type, JsonObject then, JsonObject otherwise) =>
        new() { { "if", new JsonObject { { "type", Text(type) } } }, { "then", then }, { "else", otherwise } };

    /// <summary>A list of values that are JSON already.</summary>
    public static string List(IEnumerable<string> values) => $"[{string.Join(", ", values)}]";

    private void Write(StringBuilder text, string newLine)
    {
        var inner = newLine + "  ";
        text.Append('{');
        for (var i = 0; i < members.Count; i++)
        {
            var (name, value) = members[i];
            text.Append(i == 0 ? "" : ",").Append(inner).Append(Text(name)).Append(": ");
            if (value is JsonObject member)
            {
                member.Write(text, inner);
            }
            else if (value is IReadOnlyList<JsonObject> list)
            {
                text.Append('[');
                for (var j = 0; j < list.Count; j++)
                {
                    text.Append(j == 0 ? "" : ",").Append(inner).Append("  ");
                    list[j].Write(text, inner + "  ");
                }

                text.Append(inner).Append(']');
            }
            else
            {
                text.Append(value);
            }
        }

        text.Append(members.Count == 0 ? "" : newLine).Append('}');
    }
}
