using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>The rules as a list: each with its id, its line among the releases, its reason, its page and its test.</summary>
public sealed partial class RuleListTests
{
    internal static readonly IReadOnlyList<DiagnosticDescriptor> Descriptors =
        [.. typeof(Diagnostics.Rules)
            .GetFields()
            .Where(field => field.FieldType == typeof(DiagnosticDescriptor))
            .Select(field => (DiagnosticDescriptor)field.GetValue(null)!)];

    [Fact]
    public void Every_rule_has_its_line_and_every_line_its_rule()
    {
        var lines = new[] { "Shipped", "Unshipped" }
            .SelectMany(kind => File.ReadLines(Path.Combine(AppContext.BaseDirectory, "AnalyzerReleases", $"AnalyzerReleases.{kind}.md")))
            .Where(line => RuleLine().IsMatch(line));
        Assert.Equal(
            Descriptors.Select(rule => $"{rule.Id} | {rule.Category} | {rule.DefaultSeverity} | {rule.Title}").Order(),
            lines.Order());
    }

    [Fact]
    public void Ids_and_titles_are_unique()
    {
        Assert.Equal(Descriptors.Count, Descriptors.Select(rule => rule.Id).Distinct().Count());
        Assert.Equal(Descriptors.Count, Descriptors.Select(rule => rule.Title.ToString()).Distinct().Count());
    }

    [Fact]
    public void Each_says_why_it_is_one() =>
        Assert.All(Descriptors, rule => Assert.EndsWith(".", rule.Description.ToString(), StringComparison.Ordinal));

    [Fact]
    public void Each_is_enabled_and_leads_to_its_page() => Assert.All(Descriptors, rule =>
    {
        Assert.True(rule.IsEnabledByDefault);
        Assert.Equal($"{Diagnostics.Rules.Pages}{rule.Id}.md", rule.HelpLinkUri);
        Assert.True(File.Exists(Path.Combine(RulePage.Folder, Path.GetFileName(new Uri(rule.HelpLinkUri).LocalPath))), rule.HelpLinkUri);
    });

    [Fact]
    public void The_pages_are_the_rules_and_their_index()
    {
        var pages = Directory.GetFiles(RulePage.Folder).Select(Path.GetFileNameWithoutExtension);
        Assert.Equal(Descriptors.Select(rule => rule.Id).Append("README").Order(StringComparer.Ordinal),
            pages.Order(StringComparer.Ordinal)!);
        var index = File.ReadLines(Path.Combine(RulePage.Folder, "README.md"))
            .Where(line => line.StartsWith("| [", StringComparison.Ordinal));
        Assert.Equal(
            Descriptors.OrderBy(rule => rule.Id, StringComparer.Ordinal)
                .Select(rule => $"| [{rule.Id}]({rule.Id}.md) | {RulePage.Name(rule.DefaultSeverity)} | {rule.Title} |"),
            index);
    }

    [Fact]
    public void Each_has_a_test_that_asserts_its_message()
    {
        var tests = string.Concat(Directory.GetFiles(Folder(), "*Tests.cs").Select(File.ReadAllText));
        Assert.All(Descriptors, rule => Assert.Contains($"\"{rule.Id}: ", tests, StringComparison.Ordinal));
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex(@"^UNG\d{4} \|")]
    private static partial Regex RuleLine();
}
