using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>
/// The project's properties that the compiler shows to the generator; a null is a property that the project doesn't have.
/// </summary>
internal sealed class ProjectOptions(string? rootNamespace, string? projectDir, string? maxParameters = null,
    string? reportSizes = null, string? accessibility = null, string? fileBased = null) : AnalyzerConfigOptionsProvider
{
    /// <summary>Of a project that asks for all there is to say.</summary>
    public static readonly ProjectOptions Default = new("Shop.Models", "/project/", reportSizes: "true");

    /// <summary>Of a project that no network is too large for.</summary>
    public static readonly ProjectOptions Unbounded = new("Shop.Models", "/project/", $"{long.MaxValue}", reportSizes: "true");

    public override AnalyzerConfigOptions GlobalOptions { get; } = new Properties(new(StringComparer.Ordinal)
    {
        ["RootNamespace"] = rootNamespace,
        ["ProjectDir"] = projectDir,
        ["UNetGenMaxParameters"] = maxParameters,
        ["UNetGenReportSizes"] = reportSizes,
        ["UNetGenAccessibility"] = accessibility,
        ["FileBasedProgram"] = fileBased,
    });

    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

    private sealed class Properties(Dictionary<string, string?> values) : AnalyzerConfigOptions
    {
        private const string Prefix = "build_property.";

        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
        {
            value = key.StartsWith(Prefix, StringComparison.Ordinal) ? values.GetValueOrDefault(key[Prefix.Length..]) : null;
            return value is not null;
        }
    }
}
