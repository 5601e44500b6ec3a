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

/// <summary>
/// What an IDE waits for after each keystroke, with UNetGen and with a generator that does nothing but hand out as many texts.
/// </summary>
/// <remarks>
/// The driver is immutable: each run of a benchmark starts from the same one, which has run over all specs and then over edits of unrelated
/// code, until nothing about it was new.
/// </remarks>
public class GeneratorBenchmarks
{
    private CSharpCompilation code = null!;
    private readonly SyntaxTree edit = CSharpSyntaxTree.ParseText("class Edited;");
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
        code = Code();
        specs = SpecSet.Take(Specs);
        spec = specs[^1];
        edited = spec.GetText().ToString().Replace("\nchannels: ", "\nchannels: 1", StringComparison.Ordinal);
        commented = "# as wide as it goes\n" + spec.GetText();

        generator = new UNetGenerator();
        if (Generator == Contender.RoslynOnly)
            generator = new RoslynOnly(Prepare());
        settled = Driver(specs);
        for (var i = 0; i < 3; i++)
            settled = settled.RunGenerators(EditedCode());
    }

    [Benchmark(Description = "all specs cold")]
    public GeneratorDriver Cold() => Driver(specs.Select(old => new SpecText(old.Path, old.GetText().ToString()))).RunGenerators(code);

    [Benchmark(Description = "nothing changed")]
    public GeneratorDriver NothingChanged() => settled.RunGenerators(code);

    [Benchmark(Description = "an unrelated .cs edit")]
    public GeneratorDriver UnrelatedEdit() => settled.RunGenerators(EditedCode());

    [Benchmark(Description = "one spec edited")]
    public GeneratorDriver SpecEdited() => settled.ReplaceAdditionalText(spec, new SpecText(spec.Path, edited)).RunGenerators(code);

    [Benchmark(Description = "a comment in one spec edited")]
    public GeneratorDriver CommentEdited() => settled.ReplaceAdditionalText(spec, new SpecText(spec.Path, commented)).RunGenerators(code);

    /// <summary>Another compilation each time, of which nothing is known yet.</summary>
    private CSharpCompilation EditedCode() => code.ReplaceSyntaxTree(code.SyntaxTrees[0], edit);

    /// <summary>
    /// A hundred files, the SDK's attributes and the framework: Roslyn looks at these too where diagnostics are reported.
    /// </summary>
    private static CSharpCompilation Code()
    {
        var framework = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(
            path => MetadataReference.CreateFromFile(path));
        var files = Enumerable.Range(0, 100).Select(
            i => $"namespace Shop; public sealed class Shelf{i} {{ public int Count(int more) => {i} + more; }}");
        const string attributes =
            """[assembly: System.Reflection.AssemblyCompany("Shop")] [assembly: System.Reflection.AssemblyProduct("Shop")]""";
        return CSharpCompilation.Create(
            "Shop", files.Append(attributes).Select(file => CSharpSyntaxTree.ParseText(file)), framework,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
    }

    private Dictionary<string, PreparedOutput> Prepare()
    {
        var result = Driver(specs).RunGenerators(code).GetRunResult().Results[0];
        if (result.Exception is not null || result.GeneratedSources.Length != Specs || result.Diagnostics.Any(
            diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
            throw new InvalidOperationException(
                $"{result.GeneratedSources.Length} sources for {Specs} specs. {result.Exception} {string.Join("\n", result.Diagnostics)}");
        var diagnostics = result.Diagnostics.ToLookup(diagnostic => diagnostic.Location.GetLineSpan().Path);
        return specs.Zip(result.GeneratedSources).ToDictionary(
            pair => pair.First.Path,
            pair => new PreparedOutput(
                pair.Second.HintName, SourceText.From(pair.Second.SourceText.ToString(), Encoding.UTF8),
                [.. diagnostics[pair.First.Path]]));
    }

    private CSharpGeneratorDriver Driver(IEnumerable<SpecText> files) =>
        CSharpGeneratorDriver.Create(
            [generator.AsSourceGenerator()], files, optionsProvider: new ProjectOptions("Shop.Models", SpecSet.Directory));
}
