using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace UNetGen.Compiler;

/// <summary>What a build shows to the generator of the project file.</summary>
/// <param name="options">Of the project.</param>
/// <param name="folder">Of the project.</param>
/// <param name="specsBeside">Paths of what an <c>extends</c> may have meant; null: only what the project has.</param>
internal sealed class ProjectProperties(SpecOptions options, string folder, IEnumerable<string>? specsBeside)
    : AnalyzerConfigOptionsProvider
{
    public override AnalyzerConfigOptions GlobalOptions { get; } = new Properties(new(StringComparer.OrdinalIgnoreCase)
    {
        ["unetgen.specs_beside"] = specsBeside is null ? null : string.Join('\n', specsBeside),
        ["build_property.RootNamespace"] = options.RootNamespace,
        ["build_property.ProjectDir"] = folder,
        ["build_property.UNetGenMaxParameters"] = options.MaxParameters?.ToString(CultureInfo.InvariantCulture) ?? "",
        ["build_property.UNetGenReportSizes"] = options.ReportSizes ? "true" : "",
        ["build_property.UNetGenAccessibility"] = options.Internal ? "internal" : "",
    });

    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

    private sealed class Properties(Dictionary<string, string?> values) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) =>
            values.TryGetValue(key, out value) && value is not null;
    }
}
