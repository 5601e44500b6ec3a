using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Benchmarks;

public enum Contender
{
    UNetGen,
    RoslynOnly,
}

/// <summary>What an IDE waits for after each keystroke, with UNetGen and with a generator that does nothing but hand out as many texts.</summary>
/// <remarks>
/// The driver is immutable: each run of a benchmark starts from the same one, which has run over all specs and then over edits of unrelated code,
/// until nothing about it was new.
/// </remarks>
public class GeneratorBenchmarks
{
    private readonly CSharpCompilation code = CSharpCompilation.Create("Shop", [CSharpSyntaxTree.ParseText("class Program;")]);
    private CSharpCompilation editedCode = null!;
    private SpecText[] specs = null!;
    private SpecText spec = null!;
    private string edited = null!;
    private string commented = null!;
    private IIncrementalGenerator generator = null!;
    private GeneratorDriver settled = null!;

    [Params(10, 100, 1000)]
    public int Specs { get; set; }

    [ParamsAllValues]
    public Contender Generator { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        editedCode = code.ReplaceSyntaxTree(code.SyntaxTrees[0], CSharpSyntaxTree.ParseText("class Program { }"));
        specs = SpecSet.Take(Specs);
        spec = specs[Specs / 2];
        edited = spec.GetText().ToString().Replace("\nchannels: ", "\nchannels: 1", StringComparison.Ordinal);
        commented = "# as wide as it goes\n" + spec.GetText();

        generator = new UNetGenerator();
        if (Generator == Contender.RoslynOnly)
            generator = new RoslynOnly(Prepare());
        settled = Driver(specs);
        foreach (var version in new[] { code, editedCode, code })
            settled = settled.RunGenerators(version);
    }

    [Benchmark(Description = "all specs cold")]
    public GeneratorDriver Cold() => Driver(specs.Select(old => new SpecText(old.Path, old.GetText().ToString()))).RunGenerators(code);

    [Benchmark(Description = "nothing changed")]
    public GeneratorDriver NothingChanged() => settled.RunGenerators(code);

    [Benchmark(Description = "an unrelated .cs edit")]
    public GeneratorDriver UnrelatedEdit() => settled.RunGenerators(editedCode);

    [Benchmark(Description = "one spec edited")]
    public GeneratorDriver SpecEdited() => settled.ReplaceAdditionalText(spec, new SpecText(spec.Path, edited)).RunGenerators(code);

    [Benchmark(Description = "a comment in one spec edited")]
    public GeneratorDriver CommentEdited() => settled.ReplaceAdditionalText(spec, new SpecText(spec.Path, commented)).RunGenerators(code);

    private Dictionary<string, PreparedOutput> Prepare()
    {
        var result = Driver(specs).RunGenerators(code).GetRunResult().Results[0];
        if (result.Exception is not null || result.GeneratedSources.Length != Specs || result.Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
            throw new InvalidOperationException($"{result.GeneratedSources.Length} sources for {Specs} specs. {result.Exception} {string.Join("\n", result.Diagnostics)}");
        var diagnostics = result.Diagnostics.ToLookup(diagnostic => diagnostic.Location.GetLineSpan().Path);
        return specs.Zip(result.GeneratedSources).ToDictionary(
            pair => pair.First.Path,
            pair => new PreparedOutput(pair.Second.HintName, SourceText.From(pair.Second.SourceText.ToString(), Encoding.UTF8), [.. diagnostics[pair.First.Path]]));
    }

    private CSharpGeneratorDriver Driver(IEnumerable<SpecText> files) =>
        CSharpGeneratorDriver.Create([generator.AsSourceGenerator()], files, optionsProvider: new ProjectOptions("Shop.Models", SpecSet.Directory));
}
