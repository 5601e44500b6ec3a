using UNetGen.Generator.Specs;

namespace UNetGen.Compiler;

/// <summary>What a build makes of a spec: the class's source, and what there is to say of the spec.</summary>
public sealed class GeneratedSpec
{
    internal GeneratedSpec(UNetSpec spec, string path, string hintName, string source, IReadOnlyList<SpecDiagnostic> diagnostics) =>
        (Spec, Path, HintName, Source, Diagnostics) = (spec, path, hintName, source, diagnostics);

    /// <summary>The spec's path, relative to <see cref="SpecOptions.ProjectFolder"/>, with slashes.</summary>
    public string Path { get; }

    /// <summary>
    /// The generated file's name, as <c>EmitCompilerGeneratedFiles</c> writes it: <c>specs.tiny.unet.g.cs</c> for
    /// <c>specs/tiny.unet.yaml</c>.
    /// </summary>
    public string HintName { get; }

    /// <summary>
    /// The generated C#, with line feeds. A spec with errors gives the class's signature; one whose class another spec has already gives
    /// nothing, an empty text.
    /// </summary>
    public string Source { get; }

    /// <summary>The class's name.</summary>
    public string ClassName => Spec.Name;

    /// <summary>The class's namespace; empty: the global one.</summary>
    public string Namespace => Spec.Namespace;

    /// <summary>
    /// Errors, warnings and information, the spec's own before those of the specs that it extends, each file's in the order of its lines.
    /// </summary>
    public IReadOnlyList<SpecDiagnostic> Diagnostics { get; }

    /// <summary>Whether a build would fail.</summary>
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == SpecSeverity.Error);

    internal UNetSpec Spec { get; }

    /// <exception cref="SpecException">It has errors.</exception>
    internal void RequireNoErrors()
    {
        if (HasErrors)
            throw new SpecException(Diagnostics);
    }
}
