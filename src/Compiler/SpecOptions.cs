using System.Reflection;

namespace UNetGen.Compiler;

/// <summary>
/// What a spec means depends on besides its text: what a build reads of the project, and the classes that it finds there.
/// </summary>
public sealed record SpecOptions
{
    /// <summary>
    /// The namespace of classes whose specs name none, as the project's <c>RootNamespace</c>; empty: the global namespace.
    /// </summary>
    public string RootNamespace { get; init; } = "";

    /// <summary>
    /// The folder of the project: paths in generated code and in diagnostics are relative to it, and relative paths of specs begin there.
    /// Null: the current folder, or, for a spec that is named by its full path, the spec's own.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public string? ProjectFolder
    {
        get;
        init => field = value is not ""
            ? value
            : throw new ArgumentException("A folder has a name; where none is known, it is null.", nameof(ProjectFolder));
    }

    /// <summary>
    /// Paths of the project's other specs, for what no spec shows alone: that two give one class (UNG0013), and which one <c>extends</c>
    /// may have meant. Those that a spec extends are read from the disk, whether they stand here or not; a spec that stands here and is
    /// asked about counts once.
    /// </summary>
    /// <exception cref="ArgumentNullException">They are null.</exception>
    public IReadOnlyList<string> OtherSpecs
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(OtherSpecs));
    } = [];

    /// <summary>
    /// Above how many parameters a network is warned of (UNG0024), the project's <c>UNetGenMaxParameters</c>; null: the generator's own.
    /// </summary>
    public long? MaxParameters { get; init; }

    /// <summary>Whether each network's size is reported (UNG0025), the project's <c>UNetGenReportSizes</c>.</summary>
    public bool ReportSizes { get; init; }

    /// <summary>Whether the class is internal, the project's <c>UNetGenAccessibility</c>.</summary>
    public bool Internal { get; init; }

    /// <summary>
    /// Where the classes of specs with residual blocks of your own (<c>blocks: resnet: My.Block</c>) are found: only compiling asks.
    /// </summary>
    /// <exception cref="ArgumentException">They, or one of them, are null.</exception>
    public IReadOnlyList<Assembly> BlockAssemblies
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(BlockAssemblies));
            field = value.All(assembly => assembly is not null)
                ? value
                : throw new ArgumentException("One of the assemblies is null.", nameof(BlockAssemblies));
        }
    } = [];

    /// <summary>Whether the specs that one extends are looked for on the disk.</summary>
    internal bool ReadsBases { get; init; } = true;

    /// <summary>Told of such a spec that is there and can't be read: its path, and why. Null: that is an error of the call.</summary>
    internal Action<string, UNetGenException>? BaseUnreadable { get; init; }

    /// <summary>Told of a spec that isn't given, and of the given one that builds on it: the given one's path and its own.</summary>
    internal Action<string, string>? BaseFound { get; init; }
}
