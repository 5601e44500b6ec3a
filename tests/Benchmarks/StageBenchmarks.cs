using BenchmarkDotNet.Attributes;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Generator.Yaml;

namespace UNetGen.Benchmarks;

/// <summary>Where the time of a spec goes: each stage of the street alone, over a hundred specs, given for one.</summary>
public class StageBenchmarks
{
    private const int Count = 100;

    private readonly SpecText[] specs = SpecSet.Take(Count);
    private readonly YamlMapping[] nodes;
    private readonly UNetSpec[] read;
    private readonly NetworkPlan[] plans;

    public StageBenchmarks()
    {
        nodes = [.. specs.Select(Parse)];
        read = [.. specs.Zip(nodes, Read)];
        plans = [.. read.Select(NetworkPlanner.Plan)];
    }

    [Benchmark(Description = "parse: YAML to nodes", OperationsPerInvoke = Count)]
    public int Parse() => specs.Sum(spec => Parse(spec).Entries.Count);

    [Benchmark(Description = "read: nodes to spec", OperationsPerInvoke = Count)]
    public int Read() => specs.Zip(nodes, (spec, root) => Read(spec, root).Dim).Sum();

    [Benchmark(Description = "plan: spec to plan", OperationsPerInvoke = Count)]
    public int Plan() => read.Sum(spec => NetworkPlanner.Plan(spec).Height);

    [Benchmark(Description = "emit: plan to C#", OperationsPerInvoke = Count)]
    public int Emit() => plans.Sum(plan => NetworkEmitter.Emit(plan, "specs/one.unet.yaml").Length);

    private static YamlMapping Parse(SpecText spec) => YamlReader.Read(SourceText.From(spec.GetText().ToString()), new Problems(spec.Path, spec.GetText()), default)!;

    private static UNetSpec Read(SpecText spec, YamlMapping root) => SpecReader.Read(root, new UNetSpec { Name = "OneUNet" }, new Problems(spec.Path, spec.GetText()), out _);
}
