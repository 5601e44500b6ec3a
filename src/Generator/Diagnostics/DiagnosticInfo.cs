using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;

namespace UNetGen.Generator.Diagnostics;

/// <summary>A place in a spec, by value: a <see cref="Location"/> would keep the compilation alive and compare by reference.</summary>
internal readonly record struct LocationInfo(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Location ToLocation() => Location.Create(Path, Span, Lines);
}

/// <summary>A diagnostic, by value.</summary>
internal sealed record DiagnosticInfo(DiagnosticDescriptor Rule, LocationInfo Location, string Message)
{
    public Diagnostic ToDiagnostic() => Diagnostic.Create(Rule, Location.ToLocation(), Message);
}

/// <summary>What there is to say of one spec, collected while it is read.</summary>
/// <param name="before">What was found in it already.</param>
internal sealed class Problems(string path, SourceText text, EquatableArray<DiagnosticInfo>? before = null)
{
    // More than anyone reads at once.
    private const int Most = 50;

    private static readonly string TooMany = $"here and below are more than {Most} errors; mend the others first";

    private readonly List<DiagnosticInfo> found = [.. before ?? EquatableArray<DiagnosticInfo>.Empty];
    private readonly HashSet<string> wrong = new(StringComparer.Ordinal);
    private readonly HashSet<string> misfits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> meant = new(StringComparer.Ordinal);

    /// <summary>The keys whose values an error leaves unknown, and the items of lists.</summary>
    public IReadOnlyCollection<string> WrongKeys => wrong;

    /// <summary>All keys at which an error stands, and the items of lists.</summary>
    public IEnumerable<string> BlamedKeys => wrong.Concat(misfits);

    /// <summary>The word that a message proposes for the value of a key, or of an item of a list; null where none does.</summary>
    public string? Meant(string key) => meant.TryGetValue(key, out var word) ? word : null;

    /// <summary>For trying whether something would do.</summary>
    public static Problems Ignored => new("", SourceText.From(""));

    /// <summary>Whether there is an error: a spec with warnings alone is whole.</summary>
    public bool AnyError => found.Any(problem => problem.Rule.DefaultSeverity == DiagnosticSeverity.Error);

    /// <summary>All that was reported, in the order of the file.</summary>
    public EquatableArray<DiagnosticInfo> ToArray() => found.OrderBy(problem => problem.Location.Span.Start).ToEquatableArray();

    /// <summary>Whether nothing more is reported: what would only find more can stop.</summary>
    public bool Full => found.Count > Most;

    public void Report(DiagnosticDescriptor rule, SpecSpan span, string message)
    {
        var problem = new DiagnosticInfo(rule, LocationOf(span), span.Inherited is { } inherited ? $"{message}; {inherited}" : message);
        if (found.Contains(problem))
            return; // a spec that is read again without what it inherits in vain has the same warnings
        if (found.Count < Most)
            found.Add(problem);
        else if (found.Count == Most)
            found.Add(new DiagnosticInfo(Rules.TooLarge, LocationOf(span), TooMany));
    }

    /// <summary>
    /// The same of a key, or of an item of its list: <c>dim</c>, <c>image_size[0]</c>. Nothing else is concluded from one with an error.
    /// </summary>
    /// <param name="proposed">The word that the message proposes instead.</param>
    public void Report(DiagnosticDescriptor rule, string key, SpecSpan span, string message, string? proposed = null)
    {
        Report(rule, span, message);
        if (proposed is not null)
            meant[key] = proposed;
        if (rule.DefaultSeverity == DiagnosticSeverity.Error)
            MarkWrong(key);
    }

    /// <summary>
    /// The same of a value that is meant as it stands and doesn't go with another's: what depends on it alone is judged all the same.
    /// </summary>
    public void ReportMisfit(DiagnosticDescriptor rule, string key, SpecSpan span, string message)
    {
        Report(rule, span, message);
        misfits.Add(key);
    }

    /// <summary>For what was reported where the YAML was read.</summary>
    public void MarkWrong(string key) => wrong.Add(key);

    /// <summary>A fault of the generator's own.</summary>
    public void ReportFailure(string what, Exception exception) =>
        Report(Rules.Failure, default, $"{what} failed; please report it with the spec: {exception.GetType().Name}: {exception.Message}");

    public LocationInfo LocationOf(SpecSpan span)
    {
        if (span.Text.End == 0)
            return new LocationInfo(path, default, default); // no need to find the lines of what may be too large
        var clamped = TextSpan.FromBounds(Math.Min(span.Text.Start, text.Length), Math.Min(span.Text.End, text.Length));
        return new LocationInfo(path, clamped, text.Lines.GetLinePositionSpan(clamped));
    }
}
