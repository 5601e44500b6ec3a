using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using CsCheck;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Generator.Tests.Rules;

namespace UNetGen.Generator.Tests.Editors;

/// <summary>
/// All specs that are written down in this repository, good and bad, in tests, as files and on pages; and random ones. Each is a project,
/// of one spec or more.
/// </summary>
internal static partial class SpecCorpus
{
    /// <summary>The program's own specs.</summary>
    public static IEnumerable<string> Own =>
        Directory.GetFiles(Path.Combine(Root(), "specs"), "*.unet.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllText);

    public static IReadOnlyList<(string Path, string Text)[]> Projects { get; } =
        [.. InTests()
            .Concat(Specimens.Good)
            .Concat(InFiles())
            .Concat(Unsaid)
            .Concat(Random())
            .Distinct(StringComparer.Ordinal)
            .Select(text => new[] { ("tiny.unet.yaml", text) }),
        .. OnPages()];

    /// <summary>What no other spec has, of what a schema can't see.</summary>
    private static IEnumerable<string> Unsaid =>
    [
        Specimens.Annotated + "\n# a comment\u2028",
        Specimens.Annotated + "\n\t# a comment",
        Specimens.Annotated + "\n# " + new string('.', 65536),
        Specimens.Annotated + "\ninit_dim: 1e1",
        "preset: adm\nimage_size: 64\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 1, 1, 1, 1]\nblocks_per_level: 64",
    ];

    public static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));

    /// <summary>Every text in the tests' source that looks like a spec.</summary>
    private static IEnumerable<string> InTests() =>
        from file in Directory.GetFiles(Path.Combine(Root(), "tests", "Generator.Tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
        from literal in CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot().DescendantNodes().OfType<LiteralExpressionSyntax>()
        where literal.Token.Value is string
        let text = literal.Token.ValueText
        where SpecLike().IsMatch(text) && text.Count(c => c == '«') == text.Count(c => c == '»')
        select Errors.Strip(text).Text;

    private static IEnumerable<string> InFiles() =>
        from folder in new[] { "specs", "tests/Runtime.Tests/Specs" }
        from file in Directory.GetFiles(Path.Combine(Root(), folder), "*.unet.yaml", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
        select File.ReadAllText(file);

    private static IEnumerable<string> Random()
    {
        var random = new List<string>();
        SpecGen.ForEach(SpecGen.Valid, 300, random.Add);
        // A lone \r ends a line in YAML 1.2, but not for the parser that editors have.
        SpecGen.ForEach(SpecMutations.Any, 700, text => random.Add(LoneReturn().Replace(text, "\n")));
        return random;
    }

    private static IEnumerable<(string Path, string Text)[]> OnPages() =>
        from rule in RuleListTests.Descriptors
        let page = new RulePage(rule.Id)
        from heading in page.Sections
        let specs = page.Specs(heading)
        where specs.Length > 0
        select specs;

    [GeneratedRegex(@"\b(preset|image_size|dim)\W")]
    private static partial Regex SpecLike();

    [GeneratedRegex(@"\r(?!\n)")]
    private static partial Regex LoneReturn();
}
