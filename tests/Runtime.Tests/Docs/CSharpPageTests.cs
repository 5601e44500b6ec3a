using System.Text.RegularExpressions;

namespace UNetGen.Runtime.Tests.Docs;

/// <summary>
/// docs/csharp.md shows the code of this folder, and of the one of the compiler's tests, which is compiled and run, and no other.
/// </summary>
public sealed partial class CSharpPageTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Docs");

    [Fact]
    public void The_page_quotes_every_excerpt_exactly_and_no_other_code()
    {
        var excerpts = Directory.GetFiles(Folder, "*.cs")
            .SelectMany(file => Excerpt().Matches(Read(file)))
            .Select(match => WithoutMargin(match.Groups[1].Value));
        var quoted = Block().Matches(Read(Path.Combine(Folder, "csharp.md"))).Select(match => match.Groups[1].Value);

        Assert.Equal(9, quoted.Count());
        Assert.Equal(excerpts.Order(StringComparer.Ordinal), quoted.Order(StringComparer.Ordinal));
    }

    private static string Read(string file) => File.ReadAllText(file).ReplaceLineEndings("\n");

    private static string WithoutMargin(string text)
    {
        var margin = text.Length - text.TrimStart(' ').Length;
        return string.Concat(text.Split('\n')[..^1].Select(line => (line.Length == 0 ? "" : line[margin..]) + "\n"));
    }

    [GeneratedRegex(@"^ *// Excerpt: .*\n((?:.*\n)*?) *// End of excerpt", RegexOptions.Multiline)]
    private static partial Regex Excerpt();

    [GeneratedRegex(@"^```csharp\n((?:.*\n)*?)```", RegexOptions.Multiline)]
    private static partial Regex Block();
}
