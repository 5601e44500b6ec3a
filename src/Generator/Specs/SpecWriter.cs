using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace UNetGen.Generator.Specs;

/// <summary>
/// The effective spec as YAML: its defaults spelled out, but for those of keys that came later (ImpliedIf), in the table's order, nothing
/// that says nothing.
/// </summary>
internal static class SpecWriter
{
    /// <summary>What a spec says of the class, not of the network: weights fit whatever stands there.</summary>
    private static readonly string[] OfTheClass = ["name", "namespace", "kernels"];

    /// <summary>The same text for every spec that means the same network.</summary>
    public static string Write(UNetSpec spec)
    {
        var text = new StringBuilder();
        var group = "";
        foreach (var field in Fields.All)
        {
            if (OfTheClass.Contains(field.Key) || field.Write(spec) is not { } value)
                continue;
            var dot = field.Key.IndexOf('.');
            var inGroup = dot < 0 ? "" : field.Key.Substring(0, dot);
            if (inGroup != group && inGroup.Length > 0)
                text.Append(inGroup).Append(":\n");
            group = inGroup;
            text.Append(dot < 0 ? "" : "  ").Append(field.Key, dot + 1, field.Key.Length - dot - 1).Append(": ").Append(value).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>SHA-256 of the text in UTF-8, in lower-case hex.</summary>
    public static string Hash(string text)
    {
        using var sha = SHA256.Create();
        return string.Concat(sha.ComputeHash(Encoding.UTF8.GetBytes(text)).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
