using Microsoft.CodeAnalysis;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>
/// The pages say what the generator does: their wrong specs break the rule, in the words that they quote, and the mended ones break none.
/// </summary>
public sealed class RulePageTests
{
    public static TheoryData<string> Ids => [.. RuleListTests.Descriptors.Select(rule => rule.Id)];

    /// <summary>All that a spec can break.</summary>
    public static TheoryData<string> IdsWithSpecs =>
        [.. RuleListTests.Descriptors.Where(rule => rule.DefaultSeverity > DiagnosticSeverity.Info && rule != Diagnostics.Rules.Failure)
            .Select(rule => rule.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_page_begins_with_title_severity_message_and_reason(string id)
    {
        var rule = RuleListTests.Descriptors.Single(rule => rule.Id == id);
        var page = new RulePage(id);
        Assert.Equal($"# {rule.Id}: {rule.Title}\n\nSeverity: {RulePage.Name(rule.DefaultSeverity)}\n\n> {page.Message}\n\n", page.Head);
        Assert.Equal("Why", page.Sections.First());
        Assert.StartsWith(rule.Description.ToString(), page.Section("Why"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(IdsWithSpecs))]
    public void The_wrong_spec_breaks_this_rule_and_no_other(string id)
    {
        var page = new RulePage(id);
        var specs = page.Specs("Wrong");
        Assert.NotEmpty(specs);
        var run = GeneratorHarness.RunTwice(null, specs);
        Assert.Equal([id], run.Diagnostics.Select(diagnostic => diagnostic.Id).Distinct());
        var messages = run.Diagnostics.Select(diagnostic => diagnostic.GetMessage()).ToList();
        Assert.True(messages.Contains(page.Message), $"The page quotes another message than:\n{string.Join('\n', messages)}");
    }

    [Theory]
    [MemberData(nameof(IdsWithSpecs))]
    public void The_mended_spec_breaks_none(string id)
    {
        var specs = new RulePage(id).Specs("Mended");
        Assert.NotEmpty(specs);
        Assert.Equal(specs.Length, GeneratorHarness.Run(null, specs).Sources.Count);
    }

    [Fact]
    public void The_example_of_a_network_s_size_is_as_large_as_its_page_says()
    {
        var page = new RulePage("UNG0025");
        Assert.Equal(page.Message, Assert.Single(GeneratorHarness.Run(null, page.Specs("Example")).Information).GetMessage());
    }
}
