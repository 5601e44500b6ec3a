using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator;

/// <summary>A spec's file and the specs that it extends: all that it is read from.</summary>
internal sealed record SpecInput(SpecDocument Document, Inheritance Inheritance);

/// <summary>A spec as its file has it: what it says, what is wrong with it, and where it says what is asked of it later.</summary>
internal sealed record SpecFile(SpecNetwork Network, EquatableArray<DiagnosticInfo> Problems, LocationInfo NamePlace, LocationInfo DimPlace)
{
    public static SpecFile Read(SpecInput input, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (document, inheritance) = (input.Document, input.Inheritance);
        var problems = document.NewProblems();
        var (spec, source, broken) = (document.Named, document.Source, inheritance.Broken || document.Source.IsUncertain("extends"));
        try
        {
            if (document.IsYaml && inheritance.Fault is { } fault)
                problems.Report(fault.Rule, source.Span("extends"), fault.Message);
            var inherited = Inherited(inheritance, document.Named, ref broken);
            if (inheritance.Fault is not null || source.IsUncertain("extends"))
                inherited.DoubtAll();
            source = source.Over(inherited, inheritance.Chain.Count > 0 ? inheritance.Chain[0].Path : "", source.Has("extends") ? source.Span("extends").Text : default);
            spec = SpecReader.Read(source, document.Named, document.IsYaml ? problems : Diagnostics.Problems.Ignored);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            problems.ReportFailure("reading the spec", exception);
        }

        var name = source.HasOwn("name") ? source.Span("name") : source.Start;
        var place = problems.LocationOf(name);
        var network = new SpecNetwork(document.Path, place.Path, spec, broken || problems.AnyError);
        return new SpecFile(network, problems.ToArray(), place, problems.LocationOf(source.Has("dim") ? source.Span("dim") : name));
    }

    /// <summary>
    /// The keys of the nearest base, with all that it inherits itself; broken where one of the bases has errors. These are reported there: here the keys are
    /// uncertain at which they stand, and what a missing base may give.
    /// </summary>
    private static SpecSource Inherited(Inheritance inheritance, UNetSpec named, ref bool broken)
    {
        var (inherited, from) = (new SpecSource(default), "");
        if (inheritance.Broken)
            inherited.DoubtAll();
        foreach (var layer in inheritance.Chain.Reverse())
        {
            if (layer.Uncertain.Contains("extends"))
                inherited.DoubtAll();
            inherited = SpecSource.Of(layer.Keys, layer.Uncertain).Over(inherited, from, default);
            from = layer.Path;
            var problems = Diagnostics.Problems.Ignored;
            SpecReader.Read(inherited, named, problems);
            inherited.Doubt(problems.BlamedKeys);
            broken |= layer.Broken || problems.AnyError;
        }

        return inherited;
    }
}

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
