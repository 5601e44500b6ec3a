using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace UNetGen.Files;

/// <summary>JSON that others may have written or changed.</summary>
internal static partial class JsonText
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

    /// <summary>What is wrong, for people: .NET speaks of its types, advises its programmers, and quotes keys of any length.</summary>
    public static string Explain(JsonException error) => Explain(error, LineOf);

    /// <summary>The same of text in one line, of which the byte is told.</summary>
    /// <param name="error">What reading it has thrown.</param>
    /// <param name="utf8">All of the text.</param>
    public static string Explain(JsonException error, ReadOnlySpan<byte> utf8)
    {
        var at = error.BytePositionInLine ?? 0;
        for (var line = error.LineNumber ?? 0; line > 0 && utf8.IndexOf((byte)'\n') is >= 0 and var end; line--)
        {
            at += end + 1;
            utf8 = utf8[(end + 1)..];
        }
        return Explain(error, _ => string.Create(CultureInfo.InvariantCulture, $"at byte {at:N0}"));
    }

    private static string Explain(JsonException error, Func<Match, string> place)
    {
        var message = error.Message.Replace(" Change the reader options.", "", StringComparison.Ordinal);
        if (message.StartsWith("The input does not contain any JSON tokens", StringComparison.Ordinal))
            return "It is empty.";
        if (message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal))
            return Excerpt.Of($"The value of {error.Path} is of another kind.");
        if (message.Contains("Consider updating", StringComparison.Ordinal))
            return Excerpt.Of($"The value of {error.Path} is null, and can't be.");
        if (Lacking().Match(message) is { Success: true } lacking)
            return Excerpt.Of($"It lacks {lacking.Groups[1].Value}{(error.Path is null or "$" ? "" : $", in {error.Path}")}.");
        if (Unknown().Match(message) is { Success: true } unknown)
            return Excerpt.Of($"It has {unknown.Groups[1].Value}, which this version doesn't know.");
        if (Twice().Match(message) is { Success: true } twice)
            return Excerpt.Of($"It has {twice.Groups[1].Value} twice.");
        if (message.StartsWith("Expected depth to be zero", StringComparison.Ordinal))
            return "It ends before all of its brackets are closed.";
        return Excerpt.Of(Place().Replace(message, at => at.Groups[1].Success ? "" : $" It is {place(at)}."));
    }

    private static string LineOf(Match place) => string.Create(
        CultureInfo.InvariantCulture, $"in line {long.Parse(place.Groups[2].ValueSpan, CultureInfo.InvariantCulture) + 1}");

    [GeneratedRegex("was missing required properties including: ('.*')", RegexOptions.Singleline)]
    private static partial Regex Lacking();

    [GeneratedRegex("^The JSON property ('.*') could not be mapped", RegexOptions.Singleline)]
    private static partial Regex Unknown();

    [GeneratedRegex("^Duplicate property ('.*') encountered", RegexOptions.Singleline)]
    private static partial Regex Twice();

    /// <summary>A path is told where one line is read, the lines' number where a file is.</summary>
    [GeneratedRegex(@"( Path: .* \|)? LineNumber: ([0-9]+) \| BytePositionInLine: [0-9]+\.$", RegexOptions.Singleline)]
    private static partial Regex Place();

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
