using System.Text.Json;
using System.Text.Json.Nodes;

namespace UNetGen;

/// <summary>JSON that others may have written or changed.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>An object of which all can be asked without a surprise: no key is there twice, and every text is one.</summary>
    /// <param name="utf8">With or without a byte order mark.</param>
    /// <exception cref="JsonException">It is something else; the message is a sentence, and may quote the text at length.</exception>
    public static JsonObject Object(ReadOnlySpan<byte> utf8)
    {
        var text = utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        try
        {
            var json = JsonNode.Parse(text, documentOptions: Strict) as JsonObject ?? throw new JsonException("It holds no JSON object.");
            Touch(json);
            return json;
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException("A text in it is no valid Unicode.", error);
        }
    }

    /// <summary>What is wrong, for people: .NET speaks of its types, and quotes keys of any length.</summary>
    public static string Explain(JsonException error) => Excerpt.Of(error.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)
        ? $"The value of {error.Path}, in line {error.LineNumber + 1}, is of another kind."
        : error.Message);

    /// <summary>Nodes are read when they are asked for, and only then show what their text is.</summary>
    private static void Touch(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                foreach (var (_, value) in json)
                    Touch(value);
                break;
            case JsonArray list:
                foreach (var item in list)
                    Touch(item);
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                value.GetValue<string>();
                break;
        }
    }
}
