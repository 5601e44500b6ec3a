using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator;

/// <summary>A spec that was read: what it says, what is wrong with it, and the places that later steps report at.</summary>
internal sealed record DiagnosedSpec(
    SpecNetwork Network, EquatableArray<DiagnosticInfo> Problems, LocationInfo NamePlace, LocationInfo DimPlace)
{
    public static DiagnosedSpec Read(FileWithBases input, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (file, inheritance) = (input.File, input.Inheritance);
        var problems = file.NewProblems();
        var (spec, keys, broken) = (file.Named, file.Keys, inheritance.Broken || file.Keys.IsUncertain("extends"));
        UNetSpec? mended = null;
        try
        {
            if (file.IsYaml && inheritance.Fault is { } fault)
                problems.Report(fault.Rule, keys.Span("extends"), fault.Message);
            var inherited = Inherited(inheritance, file.Named, ref broken);
            if (inheritance.Fault is not null || keys.IsUncertain("extends"))
                inherited.DoubtAll();
            var nearest = inheritance.Chain.Count > 0 ? inheritance.Chain[0].Path : "";
            keys = keys.Over(inherited, nearest, keys.Has("extends") ? keys.Span("extends").Text : default);
            spec = SpecReader.Read(keys, file.Named, file.IsYaml ? problems : Diagnostics.Problems.Ignored);
            broken |= problems.AnyError;
            mended = broken ? SpecMending.Mend(keys, file.Named) : null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            problems.ReportFailure("reading the spec", exception);
        }

        var name = keys.HasOwn("name") ? keys.Span("name") : keys.Start;
        var place = problems.LocationOf(name);
        var network = new SpecNetwork(file.Path, place.Path, spec, broken || problems.AnyError, mended, file.IsInternal);
        return new DiagnosedSpec(network, problems.ToArray(), place, problems.LocationOf(keys.Has("dim") ? keys.Span("dim") : name));
    }

    /// <summary>
    /// The keys of the nearest base, with all that it inherits itself; broken where one of the bases has errors. These are reported there:
    /// here the keys are uncertain at which they stand, and what a missing base may give.
    /// </summary>
    private static GivenKeys Inherited(Inheritance inheritance, UNetSpec named, ref bool broken)
    {
        var (inherited, from) = (new GivenKeys(default), "");
        if (inheritance.Broken)
            inherited.DoubtAll();
        foreach (var one in inheritance.Chain.Reverse())
        {
            if (one.Uncertain.Contains("extends"))
                inherited.DoubtAll();
            inherited = GivenKeys.Of(one.Keys, one.Uncertain).Over(inherited, from, default);
            from = one.Path;
            var problems = Diagnostics.Problems.Ignored;
            SpecReader.Read(inherited, named, problems);
            inherited.Doubt(problems.BlamedKeys);
            broken |= one.Broken || problems.AnyError;
        }

        return inherited;
    }
}
