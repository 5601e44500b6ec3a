using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>A project in an IDE: its files change, and the generator, which stays, runs again.</summary>
internal sealed class GeneratorProject
{
    public const string Directory = "/project/";

    private readonly Dictionary<string, SpecText> specs = new(StringComparer.Ordinal);
    private GeneratorDriver driver;
    private Compilation compilation = CSharpCompilation.Create("Shop");
    private int edits;

    /// <remarks>Whoever tracks steps learns from <see cref="GeneratorRun.Outputs"/> what ran again; hosts don't.</remarks>
    public GeneratorProject(ProjectOptions options, bool trackSteps, params (string Path, string Text)[] files)
    {
        driver = CSharpGeneratorDriver.Create(
            [new UNetGenerator().AsSourceGenerator()],
            optionsProvider: options,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackSteps));
        foreach (var (path, text) in files)
            Add(path, text);
    }

    public GeneratorProject(ProjectOptions options, params (string Path, string Text)[] files)
        : this(options, trackSteps: true, files)
    {
    }

    public GeneratorProject(params (string Path, string Text)[] files)
        : this(ProjectOptions.Default, files)
    {
    }

    public void Add(string path, string text)
    {
        var spec = new SpecText(Rooted(path), text);
        specs.Add(path, spec);
        driver = driver.AddAdditionalTexts([spec]);
    }

    public void Edit(string path, string text)
    {
        var spec = new SpecText(Rooted(path), text);
        driver = driver.ReplaceAdditionalText(specs[path], spec);
        specs[path] = spec;
    }

    public void Delete(string path)
    {
        driver = driver.RemoveAdditionalTexts([specs[path]]);
        specs.Remove(path);
    }

    /// <summary>Another project file.</summary>
    public void SetOptions(ProjectOptions options) => driver = driver.WithUpdatedAnalyzerConfigOptions(options);

    /// <summary>Adds a C# file that has nothing to do with specs.</summary>
    public void EditCode() => compilation = compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText($"class Unrelated{edits++};"));

    public GeneratorRun Run()
    {
        driver = driver.RunGenerators(compilation);
        return new GeneratorRun(driver.GetRunResult().Results.Single());
    }

    /// <summary>Paths are relative to the project unless they say where they are.</summary>
    private static string Rooted(string path) =>
        path.StartsWith('/') || path.Contains(':') || path.Contains('\\') ? path : Directory + path;
}

/// <summary>What one run of the generator did.</summary>
internal sealed class GeneratorRun(GeneratorRunResult result)
{
    public static readonly ImmutableArray<string> StepNames =
        [.. typeof(Steps).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!)];

    /// <summary>What the compiler would report as CS8785.</summary>
    public Exception? Exception => result.Exception;

    /// <summary>Errors and warnings, in the order of files and places.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; } = InOrder(
        result.Diagnostics.Where(diagnostic => diagnostic.Severity > DiagnosticSeverity.Info));

    /// <summary>What is said of good specs too: no test need expect it.</summary>
    public IReadOnlyList<Diagnostic> Information { get; } = InOrder(
        result.Diagnostics.Where(diagnostic => diagnostic.Severity <= DiagnosticSeverity.Info));

    /// <summary>Text by hint name.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; } =
        result.Exception is null
            ? result.GeneratedSources.ToDictionary(source => source.HintName, source => source.SourceText.ToString())
            : [];

    public string Source => Sources.Values.Single();

    /// <summary>The outputs of a step with why they are what they are.</summary>
    public IReadOnlyList<(object Value, IncrementalStepRunReason Reason)> Outputs(string step) =>
        result.TrackedSteps.TryGetValue(step, out var runs) ? [.. runs.SelectMany(run => run.Outputs)] : [];

    /// <summary>The outputs that were made anew, or went: all that is neither cached nor the same as before.</summary>
    public IEnumerable<object> Changed(string step) => Outputs(step)
        .Where(output => output.Reason is not (IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged))
        .Select(output => output.Value);

    /// <summary>What was handed to the compiler anew, sources and problems: the values that these outputs were made of.</summary>
    public IEnumerable<object> Written => result.TrackedOutputSteps.SelectMany(steps => steps.Value)
        .Where(run => run.Outputs.Any(output => output.Reason != IncrementalStepRunReason.Cached))
        .Select(run => run.Inputs[0].Source.Outputs[run.Inputs[0].OutputIndex].Value);

    /// <summary>Whatever this run did, the run before had done already.</summary>
    public void AssertNothingRanAgain()
    {
        foreach (var step in StepNames)
            Assert.All(Outputs(step), output =>
                Assert.Equal((step, true), (step, output.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged)));
        Assert.Empty(Written);
    }

    private static List<Diagnostic> InOrder(IEnumerable<Diagnostic> diagnostics) =>
    [
        .. diagnostics.OrderBy(diagnostic => diagnostic.Location.GetLineSpan().Path, StringComparer.Ordinal)
            .ThenBy(diagnostic => diagnostic.Location.SourceSpan.Start).ThenByDescending(diagnostic =>
                diagnostic.Location.SourceSpan.Length),
    ];
}
