using System.Text.Json;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>The effective spec, which travels in checkpoints, is itself a spec, and means the same.</summary>
public sealed class RoundTripTests
{
    [Fact]
    public void The_effective_spec_read_again_is_the_same_spec() => SpecGen.ForEach(SpecGen.Valid, 500, text =>
    {
        var effective = SpecWriter.Write(ParsedSpec.Of(text));
        Assert.Equal(effective, SpecWriter.Write(ParsedSpec.Of(effective)));
    });

    [Fact]
    public void The_effective_spec_gives_the_same_network() => SpecGen.ForEach(SpecGen.Valid, 100, text =>
    {
        var effective = SpecWriter.Write(ParsedSpec.Of(text));
        var (first, second) = (GeneratorHarness.Run(text, ProjectOptions.Unbounded).Source,
            GeneratorHarness.Run(effective, ProjectOptions.Unbounded).Source);
        Assert.Equal(first, second);
        Assert.Contains($"SpecHash = \"{SpecWriter.Hash(effective)}\"", first, StringComparison.Ordinal);
    });

    [Fact]
    public void Every_key_of_the_language_changes_the_hash_but_those_of_the_class() => Assert.Equal(
        ["extends", "kernels", "name", "namespace"], // what a spec extends counts by what it takes from it
        Fields.All.Where(field => !ChangesTheHash(field)).Select(field => field.Key).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("name: Other\nnamespace: Else.Where\nkernels: reference", "")]
    [InlineData("time_emb_dim: 64\ninit_dim: 16\nnorm: rms\ndropout: -0.0\nattention:\n  levels: [linear, linear, full]", "")]
    [InlineData("attention:\n  resolutions: [8]", "attention:\n  levels: [none, full, none]")]
    [InlineData("attention: none", "attention:\n  levels: [none, none, none]\n  mid: none")]
    public void What_says_the_same_has_the_same_hash(string one, string other) =>
        Assert.Equal(Hash($"{Specimens.LucidrainsRms}\n{one}"), Hash($"{Specimens.LucidrainsRms}\n{other}"));

    [Theory]
    [InlineData("diffusion: { beta_start: 0.0001, beta_end: 2e-2, schedule_rescale: none, loss_weight: none }")]
    [InlineData("diffusion: { objective: noise }")]
    public void A_spec_of_before_there_were_betas_and_rescaling_keeps_its_hash(string diffusion)
    {
        // Written down before these keys were added: checkpoints know their network by it.
        Assert.Equal("eb4bfa09826fb9f1a8c572ee0b833080a8fea6afb8f6296da1ee9c09bd459320", Hash($"{Specimens.LucidrainsRms}\n{diffusion}"));
    }

    [Fact]
    public void Zero_terminal_snr_weighs_plainly_where_nothing_is_said() => Assert.Equal(
        Hash($"{Specimens.LucidrainsRms}\ndiffusion: {{ objective: v, schedule_rescale: zero_terminal_snr }}"),
        Hash($"{Specimens.LucidrainsRms}\ndiffusion: {{ objective: v, schedule_rescale: zero_terminal_snr, loss_weight: plain }}"));

    [Fact]
    public void One_number_for_both_sides_has_the_hash_of_two() => Assert.Equal(
        Hash(Specimens.LucidrainsRms), Hash(Specimens.LucidrainsRms.Replace("image_size: 16", "image_size: [16, 16]")));

    /// <summary>Whether there is a spec that stays valid with another value of this key, and then has another hash.</summary>
    private static bool ChangesTheHash(Field field)
    {
        using var schema = JsonDocument.Parse(field.Schema(null).ToString());
        var values = Values(schema.RootElement).ToList();
        var specs = Specimens.Good.Concat(Specimens.Good.Select(spec => SpecWriter.Write(ParsedSpec.Of(spec))));
        return specs.Any(spec => values.Any(value => IsAnother(spec, With(spec, field.Key, value))));

        static bool IsAnother(string spec, string changed) => ParsedSpec.IfValid(changed) is not null && Hash(changed) != Hash(spec);
    }

    /// <summary>Some of the values that a key may have, as its schema describes them.</summary>
    private static IEnumerable<string> Values(JsonElement schema)
    {
        if (schema.TryGetProperty("enum", out var words) || schema.TryGetProperty("examples", out words))
            return words.EnumerateArray().Select(word => word.ToString());
        if (schema.TryGetProperty("else", out var otherwise))
            return Values(otherwise).Append("null");
        return schema.GetProperty("type").GetString() switch
        {
            "boolean" => ["true", "false"],
            "integer" => new[] { 0, 1, 2, 4, 8, 10, 32, 100, 500 }
                .Where(number => number >= schema.GetProperty("minimum").GetInt64())
                .Select(number => $"{number}"),
            "number" => ["0.01", "0.5", "2", "100"],
            "array" => Values(schema.GetProperty("items"))
                .SelectMany(item => new[] { $"[{item}]", $"[{item}, {item}]", $"[{item}, {item}, {item}]" }),
            _ => ["Other", "Else.Where"],
        };
    }

    private static string With(string spec, string key, string value)
    {
        var (group, name) = key.Split('.') is [var outer, var inner] ? (outer + ":", $"  {inner}") : ("", key);
        var others = SpecLeaves.Of(spec).Where(leaf => (leaf.Group, leaf.Line.Split(':')[0]) != (group, name));
        return SpecLeaves.Join(others.Append((group, $"{name}: {value}")));
    }

    private static string Hash(string spec) => SpecWriter.Hash(SpecWriter.Write(ParsedSpec.Of(spec)));
}
