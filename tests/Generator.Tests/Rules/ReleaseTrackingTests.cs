using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>The rules as a list: each known to the releases, each with an id of its own.</summary>
public sealed partial class ReleaseTrackingTests
{
    private static readonly IReadOnlyList<DiagnosticDescriptor> Descriptors =
        [.. typeof(Diagnostics.Rules).GetFields().Where(field => field.FieldType == typeof(DiagnosticDescriptor)).Select(field => (DiagnosticDescriptor)field.GetValue(null)!)];

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
        Assert.NotEmpty(Descriptors);
        Assert.Equal(Descriptors.Count, Descriptors.Select(rule => rule.Id).Distinct().Count());
        Assert.Equal(Descriptors.Count, Descriptors.Select(rule => rule.Title.ToString()).Distinct().Count());
    }

    [Fact]
    public void Each_says_why_it_is_one() =>
        Assert.All(Descriptors, rule => Assert.EndsWith(".", rule.Description.ToString(), StringComparison.Ordinal));

    [GeneratedRegex(@"^UNG\d{4} \|")]
    private static partial Regex RuleLine();
}
