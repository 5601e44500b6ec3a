using System.Text.Json;
using System.Text.RegularExpressions;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Editors;

/// <summary>specs/unet.schema.json is what the table of fields says, and what it says of defaults is so.</summary>
public sealed partial class SchemaFileTests
{
    [Fact]
    public void The_schema_in_the_repository_is_that_of_the_table()
    {
        var file = Path.Combine(SpecCorpus.Root(), "specs", "unet.schema.json");
        if (Environment.GetEnvironmentVariable("UNETGEN_WRITE_SCHEMA") == "1")
            File.WriteAllText(file, SchemaWriter.Write());
        var found = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        Assert.True(found == SchemaWriter.Write(),
            "specs/unet.schema.json isn't what the table of fields says. To write it anew: "
            + "UNETGEN_WRITE_SCHEMA=1 dotnet test tests/Generator.Tests --filter SchemaFileTests");
    }

    [Fact]
    public void Our_own_specs_name_it_in_their_first_line() => Assert.All(
        SpecCorpus.Own,
        spec => Assert.Equal("# yaml-language-server: $schema=unet.schema.json", spec.ReplaceLineEndings("\n").Split('\n')[0]));

    [Theory]
    [InlineData("annotated")]
    [InlineData("lucidrains")]
    [InlineData("ddpm")]
    [InlineData("adm")]
    [InlineData("conditional")]
    public void A_default_spelled_out_changes_nothing(string preset)
    {
        var spec = $"preset: {preset}\nimage_size: 32\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]\n";
        var hash = Hash(GeneratorHarness.Run(spec));
        var tried = 0;
        foreach (var (key, value) in Defaults(preset))
        {
            var dot = key.IndexOf('.');
            var run = GeneratorHarness.RunTwice(null,
                ("tiny.unet.yaml", spec + (dot < 0 ? $"{key}: {value}" : $"{key[..dot]}: {{ {key[(dot + 1)..]}: {value} }}")));
            if (run.Diagnostics.All(diagnostic => diagnostic.Id == "UNG0018") && run.Diagnostics.Count > 0)
                continue; // without effect here, so no default could show
            Assert.Empty(run.Diagnostics);
            Assert.Equal((key, hash), (key, Hash(run)));
            tried++;
        }

        Assert.True(tried >= 20, $"{tried} defaults");
    }

    private static string Hash(GeneratorRun run) => SpecHash().Match(run.Source).Groups[1].Value;

    /// <summary>Every key's default: the common ones, then the preset's.</summary>
    private static IEnumerable<(string Key, string Value)> Defaults(string preset)
    {
        using var schema = JsonDocument.Parse(SchemaWriter.Write());
        var root = schema.RootElement;
        var its = root
            .GetProperty("allOf")
            .EnumerateArray()
            .Single(part => part.TryGetProperty("if", out var condition)
                && condition.GetRawText().Contains($"\"const\": \"{preset}\"", StringComparison.Ordinal));
        return [.. In(root.GetProperty("properties"), ""), .. In(its.GetProperty("then").GetProperty("properties"), "")];

        static IEnumerable<(string, string)> In(JsonElement properties, string prefix) =>
            properties.EnumerateObject().SelectMany(property =>
        {
            var value = property.Value.TryGetProperty("else", out var otherwise) && otherwise.TryGetProperty("properties", out _)
                ? otherwise
                : property.Value;
            var inner = value.TryGetProperty("properties", out var group) ? In(group, property.Name + ".") : [];
            return value.TryGetProperty("default", out var given) ? [(prefix + property.Name, given.GetRawText())] : inner;
        });
    }

    [GeneratedRegex("SpecHash = \"([0-9a-f]{64})\"")]
    private static partial Regex SpecHash();
}
