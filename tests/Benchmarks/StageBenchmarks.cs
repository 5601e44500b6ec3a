using BenchmarkDotNet.Attributes;
using UNetGen.Generator;
using UNetGen.Generator.Common;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Benchmarks;

/// <summary>Where the time of a spec goes: each stage of the street alone, over a hundred specs, given for one.</summary>
public class StageBenchmarks
{
    private const int Count = 100;

    private readonly ProjectInfo project = new(SpecSet.Directory.TrimEnd('/'), "Shop.Models");
    private readonly SpecText[] texts = SpecSet.Take(Count);
    private readonly FileWithBases[] inputs;
    private readonly DiagnosedSpec[] files;
    private readonly NetworkPlan[] plans;

    public StageBenchmarks()
    {
        ParsedFile[] parsed = [.. texts.Select(text => ParsedFile.Parse(text, project, default))];
        var bases = new Bases(
            parsed.Select(file => file.AsBase).ToEquatableArray(), parsed.Select(file => file.FullPath).ToEquatableArray());
        inputs = [.. parsed.Select(file => new FileWithBases(file, Inheritance.Of(file, bases)))];
        files = [.. inputs.Select(input => DiagnosedSpec.Read(input, default))];
        plans = [.. files.Select(file => NetworkPlanner.Plan(file.Network.Spec))];
    }

    [Benchmark(Description = "parse: YAML to keys", OperationsPerInvoke = Count)]
    public int Parse() => texts.Sum(text => ParsedFile.Parse(text, project, default).FullPath.Length);

    [Benchmark(Description = "read: keys to spec", OperationsPerInvoke = Count)]
    public int Read() => inputs.Sum(input => DiagnosedSpec.Read(input, default).Problems.Count);

    [Benchmark(Description = "size: what is said of its cost", OperationsPerInvoke = Count)]
    public int Size() => files.Sum(file => SizeReport.Of(file, project, default).Count());

    [Benchmark(Description = "plan: spec to plan", OperationsPerInvoke = Count)]
    public int Plan() => files.Sum(file => NetworkPlanner.Plan(file.Network.Spec).Height);

    [Benchmark(Description = "emit: plan to C#", OperationsPerInvoke = Count)]
    public int Emit() => plans.Sum(plan => NetworkEmitter.Emit(plan, "specs/one.unet.yaml", isInternal: false).Length);
}
