using System.Text.RegularExpressions;

namespace UNetGen.Examples.Tests;

/// <summary>How the project's pages are written.</summary>
public sealed partial class MarkdownTests
{
    private static readonly string Root = ExampleProgram.Root;

    public static TheoryData<string> Pages =>
    [
        "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "src/Package/README.md",
        .. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Select(
            page => Path.GetRelativePath(Root, page)),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_paragraph_and_an_item_are_one_line_each(string page) =>
        Assert.Empty(WrappedLines(File.ReadAllText(Path.Combine(Root, page))));

    [Theory]
    [InlineData("one\ntwo", "two")]
    [InlineData("- one\n  two", "  two")]
    [InlineData("```\none\ntwo\n```\nthree\nfour", "four")]
    public void A_line_that_goes_on_with_another_is_found(string text, string wrapped) => Assert.Equal([wrapped], WrappedLines(text));

    [Fact]
    public void Lists_tables_quotes_and_code_have_lines_of_their_own() =>
        Assert.Empty(WrappedLines("# title\none\n\n- a\n- b\n1. c\n> d\n\n| e |\n|---|\n| f |\n\n```sh\ng\nh\n```\nafter the code"));

    [Fact]
    public void The_index_lists_every_page()
    {
        var index = File.ReadAllText(Path.Combine(Root, "docs", "README.md"));
        var missing = Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Select(page => Path.GetFileName(page)).Where(
            page => page != "README.md" && !index.Contains($"]({page})"));

        Assert.Empty(missing);
        Assert.Contains("](docs/README.md)", File.ReadAllText(Path.Combine(Root, "README.md")));
    }

    private static IEnumerable<string> WrappedLines(string text)
    {
        var (inCode, previous) = (false, "");
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                (inCode, previous) = (!inCode, "");
            else if (!inCode)
            {
                if (line.Length > 0 && previous.Length > 0 && !Begins().IsMatch(line) && !EndsByItself().IsMatch(previous))
                    yield return line;
                previous = line;
            }
        }
    }

    /// <summary>Of a list's item, a heading, a table's row, a quotation, or HTML.</summary>
    [GeneratedRegex(@"^\s*([-*+]|\d+\.)\s|^[#|><]")]
    private static partial Regex Begins();

    /// <summary>A heading, a table's row or HTML.</summary>
    [GeneratedRegex(@"^[#|<]")]
    private static partial Regex EndsByItself();
}
