using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Editors;

/// <summary>docs/spec.md: its keys are those of the table, its specs are specs.</summary>
public sealed class ReferenceFileTests
{
    private const string Begin = "<!-- keys -->\n", End = "<!-- /keys -->\n";

    private static readonly string File = Path.Combine(SpecCorpus.Root(), "docs", "spec.md");

    private static string Page => System.IO.File.ReadAllText(File).ReplaceLineEndings("\n");

    [Fact]
    public void The_keys_on_the_page_are_those_of_the_table()
    {
        var expected = Page[..(Page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)] + ReferenceWriter.Write()
            + Page[Page.IndexOf(End, StringComparison.Ordinal)..];
        if (Environment.GetEnvironmentVariable("UNETGEN_WRITE_SCHEMA") == "1")
            System.IO.File.WriteAllText(File, expected);
        Assert.True(Page == expected,
            "docs/spec.md isn't what the table of fields says. To write it anew: UNETGEN_WRITE_SCHEMA=1 dotnet test "
            + "tests/Generator.Tests --filter ReferenceFileTests");
    }

    [Fact]
    public void Its_whole_specs_are_without_fault()
    {
        var specs = Page
            .Split("```yaml\n")
            .Skip(1)
            .Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)])
            .Where(spec => spec.StartsWith("preset:", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(4, specs.Count);
        Assert.All(specs, spec => GeneratorHarness.Run(spec));
    }

    [Fact]
    public void Its_spec_built_on_another_is_so_too()
    {
        var parts = Page.Split("```yaml\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToList();
        var run = GeneratorHarness.Run(null, ("tiny.unet.yaml", parts[0]),
            ("wide.unet.yaml", parts.Single(part => part.Contains("extends:", StringComparison.Ordinal))));
        Assert.Equal(2, run.Sources.Count);
    }
}
