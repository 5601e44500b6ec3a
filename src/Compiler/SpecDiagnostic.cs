namespace UNetGen.Compiler;

/// <summary>An error, a warning or an information about a spec, as a build reports it.</summary>
/// <param name="Id">The rule: <c>UNG0014</c>; each has its page in docs/rules.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
/// <param name="Path">The file, relative to <see cref="SpecOptions.ProjectFolder"/>, with slashes.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 units.</param>
public sealed record SpecDiagnostic(string Id, SpecSeverity Severity, string Message, string Path, int Line, int Column)
{
    /// <summary>As compilers write it and editors find it: <c>tiny.unet.yaml(5,6): error UNG0014: dim 33 ...</c>.</summary>
    public override string ToString() => $"{Path}({Line},{Column}): {Severity.ToString().ToLowerInvariant()} {Id}: {Message}";
}

/// <summary>How bad what a <see cref="SpecDiagnostic"/> says is.</summary>
public enum SpecSeverity
{
    /// <summary>Nothing is wrong.</summary>
    Info,

    /// <summary>The network works, and may not be what was meant.</summary>
    Warning,

    /// <summary>There is no network.</summary>
    Error,
}
