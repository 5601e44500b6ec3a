using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace UNetGen.Runtime.Tests.Formats;

/// <summary>
/// JSON in which one thing is wrong: any value by any other, a key that is missing, unknown or there twice, or bytes that no longer are
/// JSON.
/// </summary>
internal static class JsonMutations
{
    private const string Mark = "@mutated@";

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775807",
        "18446744073709551616", "1e300", "-1e300", "1e-320", "1e999", "0.5",
        "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "NaN", "\"\"", "\"word\"", "\"12\"", "\"\\ud800\"", "\"\\u0000\\u001b[2J\"", "\"..\"",
        "\"/\"", "[]", "[null]", "[[1]]", "{}", "{\"a\":null}",
        $"\"{new string('x', 50_000)}\"", $"[{string.Join(',', Enumerable.Repeat("1", 20_000))}]",
        new string('[', 200) + new string(']', 200), new string('[', 100_000),
        $"{{{string.Join(',', Enumerable.Range(0, 2_000).Select(i => $"\"key{i}\":{i}"))}}}", "1" + new string('0', 5_000), "01", "+1",
        "1.", "'a'", "/*c*/1", "",
    ];

    /// <summary>Mutated texts of an object.</summary>
    public static Gen<byte[]> Of(string json) =>
        from node in Gen.Int[0, Nodes(JsonNode.Parse(json)!).Count - 1]
        from value in Gen.OneOf([.. Values.Select(Gen.Const)])
        from kind in Gen.Int[0, 9]
        from at in Gen.Double.Unit
        from bytes in Gen.Byte.Array[1, 6]
        select kind switch
        {
            0 => Cut(json, at),
            1 => Spoilt(json, at, bytes),
            2 => Removed(json, node),
            3 => Doubled(json, node, value),
            4 => Renamed(json, node, value),
            _ => Encoding.UTF8.GetBytes(Replaced(json, node, value)),
        };

    private static byte[] Cut(string json, double at) => Encoding.UTF8.GetBytes(json)[..(int)(at * json.Length)];

    private static byte[] Spoilt(string json, double at, byte[] by)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        by.AsSpan(0, Math.Min(by.Length, bytes.Length - (int)(at * bytes.Length))).CopyTo(bytes.AsSpan((int)(at * bytes.Length)));
        return bytes;
    }

    private static byte[] Removed(string json, int node)
    {
        var root = JsonNode.Parse(json)!;
        switch (Nodes(root)[node])
        {
            case { Parent: JsonObject parent } found:
                parent.Remove(found.GetPropertyName());
                break;
            case { Parent: JsonArray list } found:
                list.RemoveAt(found.GetElementIndex());
                break;
        }
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static byte[] Doubled(string json, int node, string value) =>
        Nodes(JsonNode.Parse(json)!)[node] is { Parent: JsonObject } found
            ? Encoding.UTF8.GetBytes(Replaced(json, node, $"{found.ToJsonString()},\"{found.GetPropertyName()}\":{value}"))
            : Encoding.UTF8.GetBytes(json + json);

    private static byte[] Renamed(string json, int node, string value) =>
        Nodes(JsonNode.Parse(json)!)[node] is { Parent: JsonObject } found
            ? Encoding.UTF8.GetBytes(Replaced(json, node, $"{found.ToJsonString()},{(value.StartsWith('"') ? value : "\"unknown\"")}:1"))
            : Encoding.UTF8.GetBytes("\uFEFF" + json);

    private static string Replaced(string json, int node, string value)
    {
        var root = JsonNode.Parse(json)!;
        var found = Nodes(root)[node];
        if (found == root)
            return value;
        found.ReplaceWith(Mark);
        return root.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal);
    }

    private static List<JsonNode> Nodes(JsonNode root)
    {
        var all = new List<JsonNode> { root };
        var below = root switch { JsonObject json => json.Select(pair => pair.Value), JsonArray list => list, _ => [] };
        foreach (var node in below.OfType<JsonNode>())
            all.AddRange(Nodes(node));
        return all;
    }
}
