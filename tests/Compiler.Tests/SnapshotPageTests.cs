using System.Text.RegularExpressions;

namespace UNetGen.Compiler.Tests;

/// <summary>docs/snapshots.md shows files of these tests, which run, and what it says of an edit is so.</summary>
public sealed partial class SnapshotPageTests
{
    private static readonly string Page = Read("snapshots.md");

    [Theory]
    [InlineData("SourceSnapshots.cs")]
    [InlineData("DataSnapshots.cs")]
    [InlineData("faces.unet.yaml")]
    public void The_page_shows_a_file_of_these_tests_as_it_is(string file) =>
        Assert.Contains($"\n{Read(file)}```\n", Page, StringComparison.Ordinal);

    [Fact]
    public void What_a_reviewer_sees_is_what_the_edit_changes()
    {
        var (before, after) = (Data(Read("faces.unet.yaml")), Data(Read("faces.unet.yaml") + "init_kernel: 3\n"));
        var difference = Difference().Match(Page).Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(Marked('-', difference), before.Except(after));
        Assert.Equal(Marked('+', difference), after.Except(before));
        Assert.All(Marked(' ', difference), line => Assert.Contains(line, before));
    }

    [Fact]
    public void Another_schedule_leaves_every_tensor_and_a_comment_all_as_it_was()
    {
        var spec = Read("faces.unet.yaml");
        var before = SpecCompiler.DescribeText(spec).Info;
        var after = SpecCompiler.DescribeText(spec + "diffusion: { schedule: cosine }\n").Info;

        Assert.NotEqual(before.Spec, after.Spec);
        Assert.Equal(before.StateDict.Select(entry => $"{entry}"), after.StateDict.Select(entry => $"{entry}"));
        Assert.Equal(before.Spec, SpecCompiler.DescribeText(spec + "norm: rms # the default\n").Info.Spec);
    }

    private static string[] Data(string spec)
    {
        var info = SpecCompiler.DescribeText(spec).Info;
        return [.. info.Spec.Split('\n'), .. info.StateDict.Select(entry => $"{entry}")];
    }

    private static IEnumerable<string> Marked(char mark, IEnumerable<string> lines) =>
        lines.Where(line => line[0] == mark).Select(line => line[1..]);

    private static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file)).ReplaceLineEndings("\n");

    [GeneratedRegex("^```diff\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Difference();
}
