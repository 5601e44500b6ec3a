using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace UNetGen.Cli.Report;

/// <summary>The page's frame, style and script, which are files of their own, and their joining into one.</summary>
internal static partial class PageTemplate
{
    /// <summary>Fills the frame.</summary>
    /// <param name="parts">HTML by the name of its place; encoded where it is text.</param>
    public static string Fill(IReadOnlyDictionary<string, string> parts)
    {
        var (style, script) = (Resource("report.css"), Resource("report.js"));
        return Place().Replace(Resource("report.html"), match => match.Groups[1].Value switch
        {
            "style" => style,
            "script" => script,
            "style_hash" => Hash(style),
            "script_hash" => Hash(script),
            var name => parts[name],
        });
    }

    /// <summary>What the page's policy lets run: this text and no other (Content Security Policy, section 2.3.1).</summary>
    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // Browsers hash what they parsed, which has line feeds alone.
    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(PageTemplate).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Place();
}
