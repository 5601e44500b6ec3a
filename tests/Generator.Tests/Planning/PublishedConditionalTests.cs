using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Tests.Editors;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Planning;

/// <summary>
/// Stable Diffusion's U-Nets have as many parameters and keys as published; their classes tell, and nothing that large is made.
/// </summary>
public sealed partial class PublishedConditionalTests
{
    public static TheoryData<string, string, long, int> Published
    {
        get
        {
            var file = Path.Combine(SpecCorpus.Root(), "tests/Runtime.Tests/Golden/published_conditional.json");
            using var json = JsonDocument.Parse(File.ReadAllText(file));
            var all = new TheoryData<string, string, long, int>();
            // One has an embedding of pooled texts, which the language hasn't.
            foreach (var network in json.RootElement.EnumerateArray())
            {
                if (network.TryGetProperty("spec", out var spec))
                    all.Add(network.GetProperty("name").GetString()!, spec.GetString()!, network.GetProperty("parameters").GetInt64(),
                        network.GetProperty("keys").GetInt32());
            }

            return all;
        }
    }

    [GeneratedRegex(@"const long ParameterCount = (\d+);")]
    private static partial Regex Count();

    [GeneratedRegex(@"^\S+ float32 \[[\d, ]+\](?:"";)?$", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [Fact]
    public void There_are_five() => Assert.Equal(5, Published.Count);

    [Theory]
    [MemberData(nameof(Published))]
    public void Parameters_and_keys_are_as_many_as_published(string name, string spec, long parameters, int keys)
    {
        var run = GeneratorHarness.RunTwice(ProjectOptions.Unbounded, ("tiny.unet.yaml", spec));
        Assert.DoesNotContain(run.Diagnostics, diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        var counted = Count().Match(run.Source).Groups[1].Value;
        Assert.Equal((name, $"{parameters}", keys), (name, counted, Entry().Count(run.Source)));
    }
}
