using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Generator.Diagnostics;

/// <summary>A place in a spec, by value: a <see cref="Location"/> would keep the compilation alive and compare by reference.</summary>
internal readonly record struct LocationInfo(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Location ToLocation() => Location.Create(Path, Span, Lines);
}

/// <summary>A diagnostic, by value.</summary>
internal readonly record struct DiagnosticInfo(DiagnosticDescriptor Rule, LocationInfo Location, string Message)
{
    public Diagnostic ToDiagnostic() => Diagnostic.Create(Rule, Location.ToLocation(), Message);
}

/// <summary>What there is to say of one spec, collected while it is read.</summary>
internal sealed class Problems(string path, SourceText text)
{
    private readonly List<DiagnosticInfo> found = [];

    /// <summary>For trying whether something would do.</summary>
    public static Problems Ignored => new("", SourceText.From(""));

    /// <summary>Whether there is an error: a spec with warnings alone is whole.</summary>
    public bool AnyError => found.Any(problem => problem.Rule.DefaultSeverity == DiagnosticSeverity.Error);

    /// <summary>All that was reported, in the order of the file.</summary>
    public EquatableArray<DiagnosticInfo> ToArray() => found.OrderBy(problem => problem.Location.Span.Start).ToEquatableArray();

    public void Report(DiagnosticDescriptor rule, TextSpan span, string message)
    {
        const int most = 50;
        if (found.Count < most)
            found.Add(new DiagnosticInfo(rule, LocationOf(span), message));
        else if (found.Count == most)
            found.Add(new DiagnosticInfo(Rules.TooLarge, LocationOf(span), $"here and below are more than {most} errors; mend the others first"));
    }

    public LocationInfo LocationOf(TextSpan span)
    {
        var clamped = TextSpan.FromBounds(Math.Min(span.Start, text.Length), Math.Min(span.End, text.Length));
        return new LocationInfo(path, clamped, text.Lines.GetLinePositionSpan(clamped));
    }
}
