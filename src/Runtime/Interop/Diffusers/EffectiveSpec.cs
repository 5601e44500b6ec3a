using System.Globalization;
using UNetGen.Networks;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// The values of an effective spec, <see cref="NetworkInfo.Spec"/>, by key: <c>attention.mid</c>. The generator writes it a key a line,
/// with groups indented and lists in brackets, so no YAML reader is needed; anything else is refused.
/// </summary>
internal sealed class EffectiveSpec
{
    private readonly Dictionary<string, string> values = [];

    /// <exception cref="UNetGenException">The text is another than the generator writes.</exception>
    public EffectiveSpec(string text)
    {
        var group = "";
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':');
            if (colon <= 0)
                throw Unreadable(line);
            var (key, value, inside) = (line[..colon].Trim(), line[(colon + 1)..].Trim(), line.StartsWith("  ", StringComparison.Ordinal));
            if (!inside)
                group = value.Length == 0 ? key : "";
            if (value.Length == 0 ? inside : !values.TryAdd(inside ? $"{group}.{key}" : key, value))
                throw Unreadable(line);
        }
    }

    /// <summary>Null where the network has no use for the key.</summary>
    public string? Find(string key) => values.GetValueOrDefault(key);

    public string Text(string key) => Find(key)
        ?? throw new UNetGenException(
            $"The network's spec doesn't say {key}: its class was written by hand, or UNetGen and UNetGen.Runtime are of two versions.");

    public int Int(string key) => Parsed<int>(key, Text(key));

    public double Real(string key) => Parsed<double>(key, Text(key));

    public bool Bool(string key) => Parsed(key, Text(key), bool.Parse);

    /// <summary>A word of the language as the value that it stands for.</summary>
    public T Word<T>(string key) where T : struct, Enum => Parsed(key, Text(key), text => Enum.GetValues<T>()
        .Select(value => (T?)value)
        .FirstOrDefault(value => SpecWords.SnakeCase(value!.Value.ToString()) == text) ?? throw new FormatException());

    /// <summary>A list, or a single value as a list of one.</summary>
    public IReadOnlyList<string> List(string key) => Text(key).Trim('[', ']').Split(", ");

    public IReadOnlyList<int> Ints(string key) => [.. List(key).Select(item => Parsed<int>(key, item))];

    private static T Parsed<T>(string key, string text) where T : IParsable<T> =>
        Parsed(key, text, value => T.Parse(value, CultureInfo.InvariantCulture));

    private static T Parsed<T>(string key, string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw Unreadable($"{key}: {text}", error);
        }
    }

    private static UNetGenException Unreadable(string line, Exception? inner = null) =>
        new(
            $"The network's spec has a line that can't be read: '{Excerpt.Of(line)}'; are UNetGen and UNetGen.Runtime of one version?",
            inner);
}
