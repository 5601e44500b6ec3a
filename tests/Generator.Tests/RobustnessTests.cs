using System.Text;
using CsCheck;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>Whatever stands in a spec's file, the compiler goes on: a class, or a diagnostic and a class, and soon.</summary>
public sealed class RobustnessTests
{
    private static readonly Dictionary<string, Func<string>> Attacks = new()
    {
        ["ten thousand brackets"] = () => new string('[', 10_000),
        ["ten thousand braces"] = () => string.Concat(Enumerable.Repeat("{a: ", 10_000)),
        ["ten thousand dashes"] = () => string.Concat(Enumerable.Repeat("- ", 10_000)),
        ["ten thousand question marks"] = () => string.Concat(Enumerable.Repeat("? ", 10_000)),
        ["ten thousand levels"] = () => string.Concat(Enumerable.Range(0, 10_000).Select(i => new string(' ', i) + "a:\n")),
        ["as many levels as fit"] = () => string.Concat(Enumerable.Range(0, 300).Select(i => new string(' ', i) + "a:\n")),
        ["sixty thousand quotes"] = () => new string('\'', 60_001),
        ["sixty thousand colons"] = () => string.Concat(Enumerable.Repeat(": ", 30_000)),
        ["one long key"] = () => new string('a', 60_000) + ": 1",
        ["one long word"] = () => "name: " + new string('a', 60_000),
        ["twelve thousand keys"] = () => string.Concat(Enumerable.Range(0, 9_000).Select(i => $"k{i}:\n")),
        ["the same key"] = () => string.Concat(Enumerable.Repeat("dim:\n", 12_000)),
        ["thirty thousand levels"] = () =>
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: ["
            + string.Concat(Enumerable.Repeat("0,", 30_000)) + "1]",
        ["thirty thousand words as levels"] = () =>
            "preset: annotated\nchannel_multipliers: [" + string.Concat(Enumerable.Repeat("a,", 30_000)) + "1]",
        ["sixty thousand comments"] = () => string.Concat(Enumerable.Repeat("#\n", 30_000)),
        ["sixty thousand spaces"] = () => new string(' ', 60_000) + "a",
        ["sixty thousand line breaks"] = () => new string('\n', 60_000) + "]",
        ["a block of spaces"] = () => "a: |\n" + string.Concat(Enumerable.Repeat("                              \n", 2_000)),
        ["a folded block"] = () => "name: >\n" + string.Concat(Enumerable.Repeat("  a\n\n", 9_000)),
        ["escapes"] = () => "name: \"" + string.Concat(Enumerable.Repeat("\\u0041", 10_000)) + "\"",
        ["tags"] = () => string.Concat(Enumerable.Repeat("!a ", 20_000)),
        ["anchors"] = () => "[" + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"&a{i} 1,")) + "]",
        ["an alias bomb"] = () =>
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + string.Concat("bcdefghijklmnopqrstuvwxyz".Select(name => $"{name}: &{name} [{Nine($"*{(char)(name - 1)}")}]\n")),
        ["an alias of itself"] = () => "dim: &a [*a, *a, *a]\nname: *a\nattention: &b {levels: *b}",
        ["merged aliases"] = () => "x: &x {dim: 1}\n" + string.Concat(Enumerable.Range(0, 3_000).Select(i => $"y{i}: {{<<: *x}}\n")),
        ["an alias bomb in brackets"] = () =>
            "{a: &a [x,x,x,x], "
            + string.Join(", ", Enumerable.Range(1, 1_000).Select(i => $"b{i}: &b{i} [{Nine(i == 1 ? "*a" : $"*b{i - 1}")}]")) + "}",
        ["documents"] = () => string.Concat(Enumerable.Repeat("---\na\n", 10_000)),
        ["directives"] = () => string.Concat(Enumerable.Repeat("%YAML 1.2\n", 5_000)),
        ["a NUL"] = () => "preset: annotated\nname: a\0b\ndim: 16",
        ["sixty thousand NULs"] = () => new string('\0', 60_000),
        ["NULs by escape"] = () => "preset: \"" + string.Concat(Enumerable.Repeat("\\0", 20_000)) + "\"\nname: \"a\\0\"",
        ["a lone surrogate in a key"] = () => "preset: annotated\ndi\uDC00m: 16",
        ["surrogates the wrong way round"] = () => "name: " + string.Concat(Enumerable.Repeat("\uDC00\uD800", 20_000)),
        ["lone surrogates by escape"] = () => "name: \"\\uD800\"\n\"\\uDFFF\": \"\\uDC00\\uD800\"\npreset: \"\\uD83D\"",
        ["high surrogates"] = () => new string('\uD800', 60_000),
        ["byte order marks"] = () => new string('\uFEFF', 60_000),
        ["a regular expression's nightmare"] = () => string.Concat(Enumerable.Repeat("name:    \t", 6_000)) + "]",
        ["fifty megabytes"] = () => new string('a', 50_000_000),
        ["fifty megabytes of keys"] = () => string.Concat(Enumerable.Repeat("dim: 16\n", 6_250_000)),
    };

    public static TheoryData<string> AttackNames => [.. Attacks.Keys];

    // Soon, too: each takes milliseconds, and would take minutes where work grew with the square or an alias were followed.
    // And in little memory: nothing of a file that is too large is kept.
    [Theory]
    [MemberData(nameof(AttackNames))]
    public void An_attack_is_answered_in_few_words(string attack)
    {
        var (run, _, bytes) = Answer.To(Attacks[attack]());
        Assert.InRange(run.Diagnostics.Count, 1, 51);
        Assert.All(run.Diagnostics, diagnostic => Assert.InRange(diagnostic.GetMessage().Length, 10, 1000));
        Assert.InRange(bytes, 0, 32_000_000);
    }

    [Fact]
    public void Every_beginning_of_a_good_spec_is_answered()
    {
        for (var length = 0; length <= Specimens.ManyKeys.Length; length += 3)
            Answer.To(Specimens.ManyKeys[..length]);
    }

    [Fact]
    public void While_a_line_is_typed_the_class_keeps_its_name()
    {
        string[] beginnings =
        [
            "at", "attention", "attention:", "attention: {", "attention: {heads: 2", "\tattention", "'", "\"a", "- a", "a: b: c", "[", "&a",
            "%", "@", "norm: [[[[[[[[[[[[[[[[[[[",
        ];
        foreach (var typed in beginnings)
        {
            var source = Answer.To(Specimens.ManyKeys + "\n" + typed).Run.Source;
            Assert.Contains("namespace Shop.Conditioned;", source, StringComparison.Ordinal);
            Assert.Contains("class ManyKeysUNet ", source, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_answered()
    {
        var bytes = Encoding.UTF8.GetBytes(Specimens.Annotated);
        SpecGen.ForEach(Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte), 300, place =>
        {
            var broken = (byte[])bytes.Clone();
            broken[place.Item1] = place.Item2;
            using var stream = new MemoryStream(broken);
            Answer.To(Microsoft.CodeAnalysis.Text.SourceText.From(stream, Encoding.UTF8).ToString());
        });
    }

    [Fact]
    public void Cancelling_is_no_failure()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var driver = CSharpGeneratorDriver.Create([new UNetGenerator().AsSourceGenerator()],
            [new SpecText("/a.unet.yaml", Specimens.Annotated)]);
        Assert.ThrowsAny<OperationCanceledException>(() => driver.RunGenerators(CSharpCompilation.Create("Shop"), cancelled.Token));
        Assert.ThrowsAny<OperationCanceledException>(
            () => ParsedFile.Parse(new SpecText("/a.unet.yaml", Specimens.Annotated), new ProjectInfo("", ""), cancelled.Token));
    }

    private static string Nine(string item) => string.Join(',', Enumerable.Repeat(item, 9));
}
