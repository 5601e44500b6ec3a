using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator;

/// <summary>A spec without locations: all that its source depends on.</summary>
/// <param name="Path">Relative to the project, with slashes.</param>
/// <param name="FilePath">As the compiler has it; for a failure alone, which has no line.</param>
/// <param name="Broken">Whether only the class's signature can be written.</param>
internal sealed record SpecNetwork(string Path, string FilePath, UNetSpec Spec, bool Broken)
{
    public string ClassName => Spec.Namespace.Length == 0 ? Spec.Name : $"{Spec.Namespace}.{Spec.Name}";

    public string HintName => HintNames.Of(Path);

    public SpecIdentity Identity => new(Path, ClassName, Spec.Namespace, HintName);

    public SourceFile Emit(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            var text = Broken ? SignatureEmitter.Emit(Spec, Path) : NetworkEmitter.Emit(NetworkPlanner.Plan(Spec), Path);
            return new SourceFile(HintName, text, null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var failure = new DiagnosticInfo(Rules.Failure, new LocationInfo(FilePath, default, default),
                $"writing the class failed; please report it with the spec: {exception.GetType().Name}: {exception.Message}");
            return new SourceFile(HintName, SignatureEmitter.Emit(Spec, Path), failure);
        }
    }
}

internal sealed record SourceFile(string HintName, string Text, DiagnosticInfo? Failure);
