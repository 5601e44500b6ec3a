namespace UNetGen.Compiler;

/// <summary>
/// A spec that no network can be made of. The message has a line for each error: where it stands, its rule, how to mend it.
/// </summary>
public sealed class SpecException : UNetGenException
{
    internal SpecException(IReadOnlyList<SpecDiagnostic> diagnostics)
        : base(string.Join('\n', diagnostics.Where(diagnostic => diagnostic.Severity == SpecSeverity.Error))) => Diagnostics = diagnostics;

    /// <summary>All that there is to say of the spec, warnings too.</summary>
    public IReadOnlyList<SpecDiagnostic> Diagnostics { get; }
}
