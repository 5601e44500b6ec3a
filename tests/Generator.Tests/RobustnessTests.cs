using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>Whatever stands in a spec's file, the compiler goes on: a class, or a diagnostic and a class, and soon.</summary>
public sealed class RobustnessTests
{
    private static readonly string[] Tokens =
    [
        "\n", "\n  ", "\n- ", ": ", ":", "- ", "[", "]", "{", "}", ",", "#", " #", "'", "\"", "|", ">", "|-\n", "&a ", "*a", "!!int ", "!", "%YAML 1.1\n", "---\n", "...\n", "? ",
        "<<", "~", "null", "true", "0", "-1", "9999999999", "1e9", ".nan", "none", "full", "dim: ", "name: ", "attention:", "levels: ", "resolutions: ", "16384",
        "\t", "\r", "\r\n", "\0", "\uFEFF", "\u0085", "\u2028", "\uD83D", "\uDE00", "\U0001F600", "\\", "\\x", "@", "`", " ", "  ", "é",
    ];

    private static readonly Gen<Func<string, string>> Mutation =
        from kind in Gen.Int[0, 13]
        from at in Gen.Double[0, 1]
        from length in Gen.Int[0, 30]
        from other in Gen.Double[0, 1]
        from token in Gen.OneOf(Tokens)
        from c in Gen.Char
        select new Func<string, string>(text => Mutate(text, kind, at, other, length, token, c));

    private static readonly Gen<string> Mutated =
        from spec in Gen.OneOf(Gen.OneOf(Specimens.Annotated, Specimens.LucidrainsRms, Specimens.ManyKeys, Specimens.OneLevel), SpecGen.Valid)
        from mutations in Mutation.Array[1, 3]
        select mutations.Aggregate(spec, (text, mutate) => mutate(text));

    [Fact]
    public void No_spec_however_broken_breaks_the_generator()
    {
        var (valid, invalid, seen) = (0, 0, new HashSet<string>());
        var sample = new List<string>();
        SpecGen.ForEach(Mutated, 2000, text =>
        {
            var run = AssertAnswers(text);
            seen.UnionWith(run.Diagnostics.Select(diagnostic => diagnostic.Id));
            if ((run.Diagnostics.Count == 0 ? valid++ : invalid++) % 60 == 0)
                sample.Add(run.Source);
        });
        Assert.All(sample, source => Compiler.AssertCompiles([source]));

        // The mutations are worth their time: many specs of both kinds, and nearly every rule.
        Assert.InRange(valid, 100, 1900);
        Assert.True(seen.Count >= 12, string.Join(" ", seen.Order()));
    }

    private static readonly Dictionary<string, Func<string>> Attacks = new()
    {
        ["ten thousand brackets"] = () => new string('[', 10_000),
        ["ten thousand braces"] = () => string.Concat(Enumerable.Repeat("{a: ", 10_000)),
        ["ten thousand dashes"] = () => string.Concat(Enumerable.Repeat("- ", 10_000)),
        ["ten thousand question marks"] = () => string.Concat(Enumerable.Repeat("? ", 10_000)),
        ["ten thousand levels"] = () => string.Concat(Enumerable.Range(0, 300).Select(i => new string(' ', i) + "a:\n")),
        ["sixty thousand quotes"] = () => new string('\'', 60_001),
        ["sixty thousand colons"] = () => string.Concat(Enumerable.Repeat(": ", 30_000)),
        ["one long key"] = () => new string('a', 60_000) + ": 1",
        ["one long word"] = () => "name: " + new string('a', 60_000),
        ["twelve thousand keys"] = () => string.Concat(Enumerable.Range(0, 9_000).Select(i => $"k{i}:\n")),
        ["the same key"] = () => string.Concat(Enumerable.Repeat("dim:\n", 12_000)),
        ["thirty thousand levels"] = () => "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [" + string.Concat(Enumerable.Repeat("0,", 30_000)) + "1]",
        ["thirty thousand words as levels"] = () => "preset: annotated\nchannel_multipliers: [" + string.Concat(Enumerable.Repeat("a,", 30_000)) + "1]",
        ["sixty thousand comments"] = () => string.Concat(Enumerable.Repeat("#\n", 30_000)),
        ["sixty thousand spaces"] = () => new string(' ', 60_000) + "a",
        ["sixty thousand line breaks"] = () => new string('\n', 60_000) + "]",
        ["a block of spaces"] = () => "a: |\n" + string.Concat(Enumerable.Repeat("                              \n", 2_000)),
        ["a folded block"] = () => "name: >\n" + string.Concat(Enumerable.Repeat("  a\n\n", 9_000)),
        ["escapes"] = () => "name: \"" + string.Concat(Enumerable.Repeat("\\u0041", 10_000)) + "\"",
        ["tags"] = () => string.Concat(Enumerable.Repeat("!a ", 20_000)),
        ["anchors"] = () => "[" + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"&a{i} 1,")) + "]",
        ["an alias bomb"] = () => "a: &a [1,1,1,1,1,1,1,1,1]\n" + string.Concat(Enumerable.Range(1, 25).Select(i => $"{(char)('a' + i)}: &{(char)('a' + i)} [{string.Join(',', Enumerable.Repeat($"*{(char)('a' + i - 1)}", 9))}]\n")),
        ["documents"] = () => string.Concat(Enumerable.Repeat("---\na\n", 10_000)),
        ["directives"] = () => string.Concat(Enumerable.Repeat("%YAML 1.2\n", 5_000)),
        ["high surrogates"] = () => new string('\uD800', 60_000),
        ["byte order marks"] = () => new string('\uFEFF', 60_000),
        ["a regular expression's nightmare"] = () => string.Concat(Enumerable.Repeat("name:    \t", 6_000)) + "]",
        ["fifty megabytes"] = () => new string('a', 50_000_000),
        ["fifty megabytes of keys"] = () => string.Concat(Enumerable.Repeat("dim: 16\n", 6_250_000)),
    };

    public static TheoryData<string> AttackNames => [.. Attacks.Keys];

    // Soon, too: each takes milliseconds, and would take minutes where work grew with the square or an alias were followed.
    [Theory]
    [MemberData(nameof(AttackNames))]
    public void An_attack_is_answered_in_few_words(string attack)
    {
        var text = Attacks[attack]();
        var run = AssertAnswers(text);
        Assert.InRange(run.Diagnostics.Count, 1, 51);
        Assert.All(run.Diagnostics, diagnostic => Assert.InRange(diagnostic.GetMessage().Length, 10, 1000));
    }

    [Fact]
    public void Every_beginning_of_a_good_spec_is_answered()
    {
        for (var length = 0; length <= Specimens.ManyKeys.Length; length += 3)
            AssertAnswers(Specimens.ManyKeys[..length]);
    }

    [Fact]
    public void While_a_line_is_typed_the_class_keeps_its_name()
    {
        foreach (var typed in new[] { "at", "attention", "attention:", "attention: {", "attention: {heads: 2", "\tattention", "'", "\"a", "- a", "a: b: c", "[", "&a", "%", "@", "norm: [[[[[[[[[[[[[[[[[[[" })
        {
            var source = AssertAnswers(Specimens.ManyKeys + "\n" + typed).Source;
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
            AssertAnswers(Microsoft.CodeAnalysis.Text.SourceText.From(stream, Encoding.UTF8).ToString());
        });
    }

    [Fact]
    public void Cancelling_is_no_failure()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var driver = CSharpGeneratorDriver.Create([new UNetGenerator().AsSourceGenerator()], [new SpecText("/a.unet.yaml", Specimens.Annotated)]);
        Assert.ThrowsAny<OperationCanceledException>(() => driver.RunGenerators(CSharpCompilation.Create("Shop"), cancelled.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => SpecDocument.Open(new SpecText("/a.unet.yaml", Specimens.Annotated), new ProjectInfo("", ""), cancelled.Token));
    }

    // Places are parts of the length.
    private static string Mutate(string text, int kind, double at, double other, int length, string token, char c)
    {
        var start = (int)(at * text.Length);
        var some = text.Substring(start, Math.Min(length, text.Length - start));
        var lines = text.Split('\n');
        var (line, second) = ((int)(at * (lines.Length - 1)), (int)(other * (lines.Length - 1)));
        switch (kind)
        {
            case 0:
                return text.Insert(start, token);
            case 1:
                return text.Remove(start, some.Length);
            case 2:
                return text.Insert((int)(other * text.Length), some);
            case 3:
                return text.Remove(start, some.Length).Insert(start, token);
            case 4:
                return text.Insert(start, $"{c}");
            case 5:
                (lines[line], lines[second]) = (lines[second], lines[line]);
                return string.Join('\n', lines);
            case 6:
                lines[line] += "\n" + lines[second];
                return string.Join('\n', lines);
            case 7:
                lines[line] = new string(' ', length % 7) + lines[line].TrimStart();
                return string.Join('\n', lines);
            case 8:
                return Swap(@"[\w.]+");
            case 9:
                return Swap(@"\w+(?=:)");
            default:
                return Swap(@"(?<=[ \[])-?\d+");
        }

        // One word in the place of another of its kind: still YAML, but no longer what was meant.
        string Swap(string kindOfWord)
        {
            var words = Regex.Matches(text, kindOfWord);
            if (words.Count == 0)
                return text;
            var word = words[(int)(at * (words.Count - 1))];
            return text.Remove(word.Index, word.Length).Insert(word.Index, words[(int)(other * (words.Count - 1))].Value);
        }
    }

    /// <summary>A class that parses, with a diagnostic or without.</summary>
    private static GeneratorRun AssertAnswers(string text)
    {
        var run = new GeneratorProject(("a.unet.yaml", text)).Run();
        Assert.Null(run.Exception);
        Assert.DoesNotContain(run.Diagnostics, diagnostic => diagnostic.Id == "UNG0099");
        Assert.All(run.Diagnostics, diagnostic => Assert.True(diagnostic.Location.SourceSpan.End <= text.Length));
        Assert.DoesNotContain(run.Diagnostics.Select(diagnostic => diagnostic.GetMessage()), message => message.Any(char.IsControl));
        Assert.Equal(run.Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error), run.Source.Contains(", which has errors", StringComparison.Ordinal));
        Assert.Empty(CSharpSyntaxTree.ParseText(run.Source).GetDiagnostics());
        return run;
    }
}
