using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator;

/// <summary>A spec without locations: all that its source depends on.</summary>
/// <param name="Path">Relative to the project, with slashes.</param>
/// <param name="FilePath">As the compiler has it; for a failure alone, which has no line.</param>
/// <param name="Broken">Whether only the class's signature can be written.</param>
/// <param name="Mended">Which fields that has: those of the spec that it may be meant to be; null: none, since that isn't known.</param>
/// <param name="IsInternal">Whether the project wants the class for itself.</param>
internal sealed record SpecNetwork(
    string Path, string FilePath, UNetSpec Spec, bool Broken, UNetSpec? Mended = null, bool IsInternal = false)
{
    public string ClassName => Spec.Namespace.Length == 0 ? Spec.Name : $"{Spec.Namespace}.{Spec.Name}";

    public string HintName => HintNames.Of(Path);

    public SpecIdentity Identity => new(Path, ClassName, Spec.Namespace, HintName);

    public SourceFile Emit(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            var plan = (Broken ? Mended : Spec) is { } whole ? NetworkPlanner.Plan(whole) : null;
            var text = Broken ? SignatureEmitter.Emit(Spec, plan, Path, IsInternal) : NetworkEmitter.Emit(plan!, Path, IsInternal);
            return new SourceFile(HintName, text, null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var failure = new DiagnosticInfo(Rules.Failure, new LocationInfo(FilePath, default, default),
                $"writing the class failed; please report it with the spec: {exception.GetType().Name}: {exception.Message}");
            return new SourceFile(HintName, SignatureEmitter.Emit(Spec, null, Path, IsInternal), failure);
        }
    }
}

internal sealed record SourceFile(string HintName, string Text, DiagnosticInfo? Failure);
