using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace UNetGen.Generator.Yaml;

/// <summary>Text to nodes with exact spans, from the events of YamlDotNet's parser. Bounded in time, memory and depth.</summary>
internal sealed class YamlReader
{
    // A spec has some forty keys: what is larger is no spec, and would make every keystroke slow.
    public const int MaxLength = 64 * 1024;
    private const int MaxDepth = 16;

    private readonly string text;
    private readonly Problems problems;
    private readonly CancellationToken cancellation;
    private readonly int byteOrderMark;
    private readonly Parser parser;
    private readonly Stack<ParsingEvent> openFlows = new();

    private YamlReader(string text, Problems problems, CancellationToken cancellation)
    {
        this.text = text;
        this.problems = problems;
        this.cancellation = cancellation;
        // Roslyn strips a byte order mark from files, but not every host does; YamlDotNet takes it for a letter of the first key.
        byteOrderMark = text.Length > 0 && text[0] == '\uFEFF' ? 1 : 0;
        // YAML lets tabs stand in blank lines; YamlDotNet takes them for indentation.
        const string blanks = @"(?<![^\r\n])[ \t]+(?=[\r\n]|\z)";
        var plain = Regex.Replace(text.Substring(byteOrderMark), blanks, blank => new string(' ', blank.Length));
        parser = new Parser(new StringReader(plain));
    }

    /// <summary>
    /// The text's only node, which in a text without any is an empty scalar; null after at least one problem was reported.
    /// </summary>
    public static YamlNode? Read(SourceText source, Problems problems, CancellationToken cancellation)
    {
        if (source.Length > MaxLength)
        {
            problems.Report(Rules.TooLarge, new TextSpan(0, 0), $"the file has {source.Length} characters; a spec has at most {MaxLength}");
            return null;
        }

        var text = source.ToString();
        if (!SpecCharacters.Check(text, problems))
            return null;

        var reader = new YamlReader(text, problems, cancellation);
        try
        {
            return reader.ReadStream();
        }
        catch (SpecTooDeepException)
        {
            return null; // reported where it was found
        }
        catch (YamlException exception)
        {
            reader.ReportSyntax(exception);
        }

        return null;
    }

    /// <summary>Says in a user's words what YamlDotNet says in a parser's.</summary>
    private void ReportSyntax(YamlException exception)
    {
        var at = SpanOf(exception.Start, exception.End).Start;
        if (openFlows.Count > 0 && exception.Message.Contains("expected node content") && at < text.Length && text[at] == ',')
        {
            problems.Report(Rules.NotYaml, new TextSpan(at, 1),
                "not YAML: no value stands before this comma; write one, or remove the comma");
            return;
        }

        // The parser looks at what follows before it says that a list has ended.
        if (openFlows.Count > 0 && !EndsBefore(BracketOf(openFlows.Peek()).Start, at))
        {
            var open = openFlows.Peek();
            var form = open is SequenceStart
                ? "list that begins here doesn't end as one, [a, b, c]"
                : "mapping that begins here doesn't end as one, {a: 1, b: 2}";
            problems.Report(Rules.NotYaml, BracketOf(open), $"not YAML: the {form}");
            return;
        }

        var span = exception.InnerException is null ? SpanOf(exception.Start, exception.End) : RestOfLine(at);
        var fault = exception.Message switch
        {
            var message when message.Contains("invalid mapping") =>
                "a second colon in one value; put each `key: value` on a line of its own, no deeper than the others, "
                + "and quotes around a value with a colon",
            var message when message.Contains("expected key")
                || message.Contains("expected ':'")
                || message.Contains("expected <document start>")
                || message.Contains("not allowed in this context") =>
                "here should be `key: value`, no deeper and no shallower than the others, with a colon and a space",
            var message when message.Contains("unexpected end of stream") || message.Contains("found wrong indentation") =>
                "this quote is never closed",
            var message when message.Contains("expected '-' indicator") =>
                "each entry of this list is a dash, a space and its value, `- 1`, one below the other; or write [1, 2, 3]",
            var message when message.Contains("cannot start any token") =>
                "a value can't begin with this character; put quotes around the value",
            var message => OneLine(message),
        };
        problems.Report(Rules.NotYaml, span, $"not YAML: {fault}");
    }

    private YamlNode? ReadStream()
    {
        Next<StreamStart>();
        if (MoveNext() && parser.Current is StreamEnd)
            return new YamlScalar(default, "", IsPlain: true);

        MoveNext(); // over DocumentStart
        var root = ReadNode(0);
        MoveNext(); // over DocumentEnd
        if (MoveNext() && parser.Current is DocumentStart second)
        {
            problems.Report(Rules.SeveralDocuments, SpanOf(second),
                "a second document begins here; a file describes one network, so give each its own file");
            return root as YamlMapping; // of which each key can be checked all the same
        }

        return root;
    }

    /// <summary>The node at the parser's current event; leaves the parser at the node's last event.</summary>
    private YamlNode ReadNode(int depth)
    {
        cancellation.ThrowIfCancellationRequested();
        var start = parser.Current ?? throw new YamlException("did not find expected key");
        if (depth > MaxDepth)
        {
            problems.Report(Rules.TooLarge, BracketOf(start), $"nested more than {MaxDepth} deep; a spec needs two levels");
            throw new SpecTooDeepException();
        }

        CheckIndirection(start);
        switch (start)
        {
            case Scalar scalar:
                return new YamlScalar(SpanOf(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain);

            case SequenceStart:
                var items = new List<YamlNode>();
                Open(start);
                while (MoveNext() && parser.Current is not SequenceEnd)
                    items.Add(ReadNode(depth + 1));
                Close(start);
                return new YamlSequence(SpanOfCollection(start, parser.Current!), items.ToEquatableArray());

            case MappingStart:
                return ReadMapping(start, depth);

            case AnchorAlias:
                return new YamlAlias(SpanOf(start));

            default:
                throw new YamlException(start.Start, start.End, "did not find expected key");
        }
    }

    private void Open(ParsingEvent collection)
    {
        if (IsFlow(collection))
            openFlows.Push(collection);
    }

    private void Close(ParsingEvent collection)
    {
        if (IsFlow(collection))
            openFlows.Pop();
    }

    private static bool IsFlow(ParsingEvent collection) =>
        collection is SequenceStart { Style: SequenceStyle.Flow } or MappingStart { Style: MappingStyle.Flow };

    private YamlMapping ReadMapping(ParsingEvent start, int depth)
    {
        var entries = new List<YamlEntry>();
        var firsts = new Dictionary<string, int>(StringComparer.Ordinal);
        Open(start);
        while (MoveNext() && parser.Current is not MappingEnd)
        {
            var key = ReadNode(depth + 1);
            MoveNext();
            if (parser.Current is MappingEnd)
            {
                // What YamlDotNet makes of a lone colon below a group.
                problems.Report(Rules.WrongType, key.Span, "a value without a key; write `key: value`");
                break;
            }

            var value = ReadNode(depth + 1);
            if (key is YamlScalar { IsNull: true })
                problems.Report(Rules.WrongType, value.Span, "a value without a key; write `key: value`");
            else if (key is not YamlScalar name)
                problems.Report(Rules.WrongType, key.Span, $"a key is a word, not {key.Kind}");
            else
                Add(name, value);
        }

        Close(start);
        return new YamlMapping(SpanOfCollection(start, parser.Current!), entries.ToEquatableArray());

        void Add(YamlScalar name, YamlNode value)
        {
            if (firsts.TryGetValue(name.Value, out var first))
            {
                problems.Report(Rules.DuplicateKey, name.Span,
                    $"'{name.Shown}' stands twice, first in line {LineOf(entries[first].Key.Span)}; keep one of them");
                entries[first] = entries[first] with { Twice = true };
                return;
            }

            firsts.Add(name.Value, entries.Count);
            entries.Add(new YamlEntry(name, value));
        }
    }

    private void CheckIndirection(ParsingEvent start)
    {
        if (start is AnchorAlias)
            problems.Report(Rules.Indirection, SpanOf(start),
                $"the alias '{Written(start)}': specs have no aliases; write the value itself");
        else if (start is NodeEvent { Anchor.IsEmpty: false })
            problems.Report(Rules.Indirection, SpanOf(start),
                $"the anchor '{Written(start)}': specs have no anchors; write the value itself");
        else if (start is NodeEvent { Tag.IsEmpty: false, Tag.IsNonSpecific: false })
            problems.Report(Rules.Indirection, SpanOf(start), $"the tag '{Written(start)}': specs have no tags; write the value alone");
    }

    /// <summary>
    /// YamlDotNet throws other exceptions too, for a tag that is no URI or a bracket that is left open. All become one kind here.
    /// </summary>
    private bool MoveNext()
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception exception) when (exception is not YamlException)
        {
            var here = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(here, here, "this can't be read", exception);
        }
    }

    private void Next<T>()
        where T : ParsingEvent
    {
        if (!MoveNext() || parser.Current is not T)
            throw new YamlException($"{typeof(T).Name} expected");
    }

    /// <summary>The first word of what the user wrote there: an anchor, an alias or a tag.</summary>
    private string Written(ParsingEvent node)
    {
        var (start, end) = (SpanOf(node).Start, SpanOf(node).Start);
        while (end < text.Length && !char.IsWhiteSpace(text[end]))
            end++;
        return Text.Shown(text.Substring(start, end - start));
    }

    /// <summary>The bracket that opens a flow collection; YamlDotNet's own span of it is empty.</summary>
    private TextSpan BracketOf(ParsingEvent start) => new(SpanOf(start).Start, Math.Min(1, text.Length - SpanOf(start).Start));

    private int LineOf(SpecSpan span) => problems.LocationOf(span).Lines.Start.Line + 1;

    /// <summary>Whether what a bracket or brace begins ends before a place.</summary>
    private bool EndsBefore(int bracket, int place)
    {
        var (depth, quote) = (0, '\0');
        for (var at = bracket; at < place && at < text.Length; at++)
        {
            var character = text[at];
            if (quote != '\0')
                quote = character == quote ? '\0' : quote;
            else if (character is '"' or '\'' && text[at - 1] is ' ' or ',' or '[' or '{' or ':')
                quote = character;
            else if (character is '[' or '{')
                depth++;
            else if (character is ']' or '}' && --depth == 0)
                return true;
        }
        return false;
    }

    private TextSpan RestOfLine(int start)
    {
        var end = start;
        while (end < text.Length && text[end] is not ('\n' or '\r'))
            end++;
        return TextSpan.FromBounds(start, end);
    }

    private TextSpan SpanOf(ParsingEvent? node) => node is null ? new TextSpan(0, 0) : SpanOf(node.Start, node.End);

    private TextSpan SpanOf(Mark start, Mark end)
    {
        var from = Math.Min((int)start.Index + byteOrderMark, text.Length);
        var to = Math.Min((int)end.Index + byteOrderMark, text.Length);
        return TextSpan.FromBounds(from, Math.Max(from, to));
    }

    /// <summary>
    /// From the first to the last character that isn't space: by the parser, a block ends where the next thing begins.
    /// </summary>
    private TextSpan SpanOfCollection(ParsingEvent start, ParsingEvent end)
    {
        var span = SpanOf(start.Start, end.End);
        var to = span.End;
        if (IsFlow(start) && to < text.Length && text[to] is ']' or '}')
            to++;
        while (to > span.Start && char.IsWhiteSpace(text[to - 1]))
            to--;
        return TextSpan.FromBounds(span.Start, to);
    }

    private static string OneLine(string message) => message.Replace('\r', ' ').Replace('\n', ' ').TrimEnd('.');

    private sealed class SpecTooDeepException : Exception;
}
