using System.Text.RegularExpressions;

namespace UNetGen.Examples.Tests;

/// <summary>Commands of the pages work in a clone: what they read from the repository is there.</summary>
public sealed partial class DocumentedPathsTests
{
    // What the reader has, elsewhere too.
    private static readonly string[] OfTheReader = ["latents", "photos/", "shapes", "sharp/", "$SCRATCH/photos", "/shared/photos"];

    private static readonly string Root = ExampleProgram.Root;

    public static TheoryData<string> Pages =>
    [
        .. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Append(Path.Combine(Root, "README.md"))
            .Select(page => Path.GetRelativePath(Root, page)),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Projects_data_and_tests_that_a_page_s_commands_name_are_in_the_repository(string page)
    {
        var commands = Block().Matches(File.ReadAllText(Path.Combine(Root, page))).SelectMany(block => block.Groups[1].Value.Split('\n'));
        var missing = commands.SelectMany(command => Named().Matches(command)).Select(named => named.Groups[1].Value)
            .Where(path => !OfTheReader.Contains(path) && !Path.Exists(Path.Combine(Root, path)));
        Assert.Empty(missing);
        Assert.DoesNotContain("../shared/data", File.ReadAllText(Path.Combine(Root, page)));
    }

    [Fact]
    public void The_README_s_commands_name_a_project_and_data()
    {
        var named = Named().Matches(File.ReadAllText(Path.Combine(Root, "README.md"))).Select(path => path.Groups[1].Value).ToHashSet();
        Assert.Superset(new HashSet<string> { "src/Examples", "tests/Data/mnist" }, named);
    }

    [GeneratedRegex(@"^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"(?:--data|--project|dotnet test)[ =]([^\s`]+)")]
    private static partial Regex Named();
}
