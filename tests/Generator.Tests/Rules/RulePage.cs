using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>A rule's page in docs/rules, read as its readers do: title, severity, an example message, and specs by heading.</summary>
internal sealed partial class RulePage
{
    /// <summary>A copy of docs/rules.</summary>
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "docs", "rules");

    private readonly Dictionary<string, string> sections;

    public RulePage(string id)
    {
        var parts = Heading().Split(File.ReadAllText(Path.Combine(Folder, $"{id}.md")).ReplaceLineEndings("\n"));
        Head = parts[0];
        sections = parts.Skip(1).Chunk(2).ToDictionary(part => part[0], part => part[1].Trim());
    }

    /// <summary>What stands before the first heading.</summary>
    public string Head { get; }

    public string Message => Quote().Match(Head).Groups[1].Value;

    public IEnumerable<string> Sections => sections.Keys;

    public string Section(string heading) => sections[heading];

    /// <summary>
    /// The section's YAML, a file a block. Of several, each says in its first line which it is: <c># small/tiny.unet.yaml</c>.
    /// </summary>
    public (string Path, string Text)[] Specs(string heading) =>
    [
        .. Yaml().Matches(sections[heading]).Select(match => match.Groups[1].Value)
            .Select(text => (FileName().Match(text) is { Success: true } name ? name.Groups[1].Value : "tiny.unet.yaml", text)),
    ];

    public static string Name(DiagnosticSeverity severity) => severity switch
    {
        DiagnosticSeverity.Error => "error",
        DiagnosticSeverity.Warning => "warning",
        _ => "information",
    };

    [GeneratedRegex("^## (.+)\n", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("^> (.+)$", RegexOptions.Multiline)]
    private static partial Regex Quote();

    [GeneratedRegex("^```yaml\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Yaml();

    [GeneratedRegex(@"^# (\S+\.unet\.yaml)\n")]
    private static partial Regex FileName();
}
