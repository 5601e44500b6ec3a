using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace UNetGen.Generator.Tests;

/// <summary>How the sources of the whole repository are written.</summary>
public sealed partial class SourceTests
{
    private const int Longest = 140;

    [Fact]
    public void No_line_of_code_is_longer_than_editorconfig_says()
    {
        var root = Root();
        var files = new[] { "src", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !IsMade(Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)));
        Assert.Empty(files.SelectMany(file => LongLines(File.ReadAllLines(file)).Select(line => $"{Path.GetRelativePath(root, file)}:{line}")));
    }

    [Fact]
    public void A_text_may_be_longer_since_it_is_searched_for_as_a_whole_and_nothing_beside_it()
    {
        string text = new('x', Longest), code = string.Join(" + ", Enumerable.Repeat("number", 20));
        Assert.Equal([2, 6], LongLines(
        [
            $"var a = \"{text} \\\" {text}\";",
            $"var b = {code};",
            "var c = \"\"\"",
            $"    {text} {text}",
            "    \"\"\";",
            $"var d = \"{text}\" + {code};",
        ]));
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));

    private static bool IsMade(string[] path) =>
        path.Contains("obj") || path.Contains("bin") || path[^1].Contains(".verified.") || path[^1].Contains(".received.");

    /// <summary>The numbers of the lines that are too long, what stands between quotes left aside.</summary>
    private static IEnumerable<int> LongLines(string[] lines)
    {
        var inText = false;
        for (var at = 0; at < lines.Length; at++)
        {
            var line = lines[at];
            var opensOrEnds = line.Split("\"\"\"").Length % 2 == 0;
            if (!inText && !opensOrEnds && line.Length > Longest && Quoted().Replace(line, "\"\"").Length > Longest)
                yield return at + 1;
            inText ^= opensOrEnds;
        }
    }

    [GeneratedRegex(@"""""""[^""]*(?:""{1,2}[^""]+)*""""""|""(?:\\.|[^""\\])*""")]
    private static partial Regex Quoted();
}
