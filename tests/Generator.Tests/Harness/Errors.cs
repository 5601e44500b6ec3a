using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>
/// Asserts every error and warning of a spec, place and message. The places are marked in the spec itself, «thus», once for each
/// diagnostic: ««twice»» where two stand at the same place.
/// </summary>
internal static class Errors
{
    /// <param name="marked">The spec with the places marked.</param>
    /// <param name="problems">For each place, in their order: <c>UNG0015: the message</c>.</param>
    public static void In(string marked, params string[] problems) => In([("tiny.unet.yaml", marked)], problems);

    public static void In((string Path, string Marked)[] files, params string[] problems)
    {
        var specs = files.Select(file => (file.Path, Text: Strip(file.Marked).Text)).ToArray();
        var run = GeneratorHarness.RunTwice(null, specs);
        var places = files.OrderBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => (file.Path, Stripped: Strip(file.Marked)))
            .SelectMany(file => file.Stripped.Spans.Select(span => (file.Path, Span: span, Lines: LinesOf(file.Stripped.Text, span))))
            .ToList();
        var expected = places.Zip(problems, (place, problem) => (place.Path, place.Span, place.Lines, problem));
        var actual = run.Diagnostics.Select(diagnostic => (
            Path: diagnostic.Location.GetLineSpan().Path.Replace(GeneratorProject.Directory, ""),
            Span: diagnostic.Location.SourceSpan,
            Lines: diagnostic.Location.GetLineSpan().Span,
            problem: $"{diagnostic.Id}: {diagnostic.GetMessage()}"));
        if (problems.Length != places.Count || problems.Length != run.Diagnostics.Count || !expected.SequenceEqual(actual))
            Assert.Fail("The diagnostics are others, or elsewhere. If they are right:\n\n" + Assertion(run, specs));
        Assert.All(run.Diagnostics, diagnostic => Assert.Equal(diagnostic.Descriptor.DefaultSeverity, diagnostic.Severity));
        if (run.Diagnostics.All(diagnostic => diagnostic.Severity < DiagnosticSeverity.Error))
            Assert.All(run.Sources.Values, source => Assert.DoesNotContain(", which has errors", source, StringComparison.Ordinal));
        else if (run.Diagnostics.All(diagnostic => diagnostic.Id != Diagnostics.Rules.Collision.Id))
            Assert.All(files.Where(file => Strip(file.Marked).Spans.Count > 0), file =>
                AssertIsSignature(run.Sources[HintNames.Of(file.Path)]));
    }

    /// <summary>The call that the run would pass.</summary>
    public static string Assertion(GeneratorRun run, params (string Path, string Text)[] specs)
    {
        var text = new StringBuilder("Errors.In(");
        foreach (var (path, spec) in specs)
        {
            var marked = spec;
            var marks = run.Diagnostics.Where(diagnostic => diagnostic.Location.GetLineSpan().Path.EndsWith(path, StringComparison.Ordinal))
                .Select(diagnostic => diagnostic.Location.SourceSpan)
                .SelectMany(span =>
                    new[] { (At: span.Start, Closes: 0, span.Length, Mark: '«'), (At: span.End, Closes: 1, span.Length, Mark: '»') })
                .OrderByDescending(mark => mark.At).ThenBy(mark => mark.Length == 0 ? 1 - mark.Closes : mark.Closes);
            foreach (var mark in marks)
                marked = marked.Insert(mark.At, $"{mark.Mark}");
            text.Append(specs.Length == 1 ? "" : $"\n// {path}").Append($"\n\"\"\"\n{marked}\n\"\"\"");
        }

        foreach (var diagnostic in run.Diagnostics)
            text.Append($",\n{SymbolDisplay.FormatLiteral($"{diagnostic.Id}: {diagnostic.GetMessage()}", quote: true)}");
        return text.Append(");\n").ToString();
    }

    /// <summary>The spec without its marks, and the marked places in the order of their starts, the longer first.</summary>
    public static (string Text, IReadOnlyList<TextSpan> Spans) Strip(string marked)
    {
        var text = new StringBuilder();
        var (spans, open) = (new List<TextSpan>(), new Stack<int>());
        foreach (var c in marked)
        {
            if (c == '«')
                open.Push(text.Length);
            else if (c == '»')
                spans.Add(TextSpan.FromBounds(open.Pop(), text.Length));
            else
                text.Append(c);
        }

        Assert.Empty(open);
        return (text.ToString(), [.. spans.OrderBy(span => span.Start).ThenByDescending(span => span.Length)]);
    }

    /// <summary>Counted here, by the rule that \r\n, \r, \n and Unicode's separators each end a line: the generator asks Roslyn.</summary>
    private static LinePositionSpan LinesOf(string text, TextSpan span)
    {
        return new LinePositionSpan(Position(span.Start), Position(span.End));

        LinePosition Position(int at)
        {
            var (line, start) = (0, 0);
            for (var i = 0; i < at; i++)
            {
                if (text[i] is '\n' or '\u0085' or '\u2028' or '\u2029'
                    || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
                    (line, start) = (line + 1, i + 1);
            }

            return new LinePosition(line, at - start);
        }
    }

    private static void AssertIsSignature(string source)
    {
        Assert.Contains(", which has errors", source, StringComparison.Ordinal);
        Assert.Empty(CSharpSyntaxTree.ParseText(source).GetDiagnostics());
    }
}
