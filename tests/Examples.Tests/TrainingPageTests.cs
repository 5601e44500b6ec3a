using System.Text.RegularExpressions;

namespace UNetGen.Examples.Tests;

/// <summary>docs/training.md has the options that there are.</summary>
public sealed partial class TrainingPageTests : IDisposable
{
    private static readonly string[] NoKeys = ["run", "resume", "out"];

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void Each_option_of_the_help_is_a_key_with_its_default_and_no_other_is()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "training.md"));
        var help = HelpLine().Matches(program.Succeed("train", "--help")).Where(line => !NoKeys.Contains(line.Groups[1].Value))
            .Select(line => (line.Groups[1].Value.Replace('-', '_'), line.Groups[3].Value, line.Groups[2].Value)).ToArray();

        Assert.Contains(("batch_size", "16", "Images a step; of several ranks, those of each."), help);
        Assert.Equal(help, PageLine().Matches(page).Select(line => (line.Groups[1].Value, line.Groups[2].Value, line.Groups[3].Value)));
    }

    [GeneratedRegex(@"^  --([a-z0-9-]+) <[^>]*> +(.*?)(?: \[([^\]]*)\])? *$", RegexOptions.Multiline)]
    private static partial Regex HelpLine();

    [GeneratedRegex(@"^\| `([a-z0-9_]+)` \| (?:`(.*)`)? \| (.*?)(?: \*)? \|$", RegexOptions.Multiline)]
    private static partial Regex PageLine();
}
