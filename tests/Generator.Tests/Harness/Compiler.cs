using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>Compiles as the strictest of users' projects would: nullable, documented, warnings are errors.</summary>
internal static partial class Compiler
{
    /// <summary>Written by the build: the reference assemblies, TorchSharp and the runtime.</summary>
    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "references.txt")).Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static readonly CSharpCompilationOptions Options = new(
        OutputKind.DynamicallyLinkedLibrary, generalDiagnosticOption: ReportDiagnostic.Error, warningLevel: 9999,
        nullableContextOptions: NullableContextOptions.Enable,
        // As the SDK does in every project: packages are built against older frameworks.
        specificDiagnosticOptions: [new("CS1701", ReportDiagnostic.Suppress), new("CS1702", ReportDiagnostic.Suppress)]);

    /// <summary>Fails on any error or warning, and shows the line.</summary>
    public static void AssertCompiles(IEnumerable<string> sources, LanguageVersion version = LanguageVersion.Latest)
    {
        var faults = Compile(sources, version)
            .GetDiagnostics()
            .Where(diagnostic => diagnostic.Severity != DiagnosticSeverity.Hidden)
            .Take(5)
            .Select(fault => $"{fault.Id}: {fault.GetMessage()}\n  {Line(fault.Location)}");
        Assert.True(!faults.Any(), string.Join("\n", faults));

        static TextLine? Line(Location location) => location.SourceTree?.GetText().Lines[location.GetLineSpan().StartLinePosition.Line];
    }

    public static void AssertCompiles(GeneratorRun run, LanguageVersion version = LanguageVersion.Latest) =>
        AssertCompiles(run.Sources.Values, version);

    /// <summary>Every error and warning.</summary>
    public static IReadOnlyList<Diagnostic> Faults(params string[] sources) =>
    [
        .. Compile(sources, LanguageVersion.Latest).GetDiagnostics().Where(diagnostic => diagnostic.Severity != DiagnosticSeverity.Hidden),
    ];

    /// <summary>
    /// The same for classes that may have the same name. Each gets a namespace of its own, all in one compilation: that takes a tenth of
    /// the time.
    /// </summary>
    public static void AssertEachCompiles(IReadOnlyList<string> sources)
    {
        var apart = sources.Select((source, i) => NamespaceLine().IsMatch(source)
            ? NamespaceLine().Replace(source, $"namespace Apart{i};", 1)
            : source.Replace("#nullable enable\n", $"#nullable enable\nnamespace Apart{i};\n"));
        AssertCompiles(apart);
    }

    [GeneratedRegex("^namespace .*;$", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    private static CSharpCompilation Compile(IEnumerable<string> sources, LanguageVersion version)
    {
        var parse = new CSharpParseOptions(version, DocumentationMode.Diagnose);
        return CSharpCompilation.Create("Shop", sources.Select(source => CSharpSyntaxTree.ParseText(source, parse)), References, Options);
    }
}
