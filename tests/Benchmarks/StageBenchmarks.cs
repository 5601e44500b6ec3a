using BenchmarkDotNet.Attributes;
using UNetGen.Generator;
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
    private readonly SpecInput[] inputs;
    private readonly SpecFile[] files;
    private readonly NetworkPlan[] plans;

    public StageBenchmarks()
    {
        SpecDocument[] documents = [.. texts.Select(text => SpecDocument.Open(text, project, default))];
        var bases = new Bases(documents.Select(document => document.Layer).ToEquatableArray(), documents.Select(document => document.FullPath).ToEquatableArray());
        inputs = [.. documents.Select(document => new SpecInput(document, Inheritance.Of(document, bases)))];
        files = [.. inputs.Select(input => SpecFile.Read(input, default))];
        plans = [.. files.Select(file => NetworkPlanner.Plan(file.Network.Spec))];
    }

    [Benchmark(Description = "open: YAML to keys", OperationsPerInvoke = Count)]
    public int Open() => texts.Sum(text => SpecDocument.Open(text, project, default).FullPath.Length);

    [Benchmark(Description = "read: keys to spec", OperationsPerInvoke = Count)]
    public int Read() => inputs.Sum(input => SpecFile.Read(input, default).Problems.Count);

    [Benchmark(Description = "size: what is said of its cost", OperationsPerInvoke = Count)]
    public int Size() => files.Sum(file => SizeReport.Of(file, project, default).Count());

    [Benchmark(Description = "plan: spec to plan", OperationsPerInvoke = Count)]
    public int Plan() => files.Sum(file => NetworkPlanner.Plan(file.Network.Spec).Height);

    [Benchmark(Description = "emit: plan to C#", OperationsPerInvoke = Count)]
    public int Emit() => plans.Sum(plan => NetworkEmitter.Emit(plan, "specs/one.unet.yaml").Length);
}
