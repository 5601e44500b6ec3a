using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>The project's properties that the compiler shows to the generator; a null is a property that the project doesn't have.</summary>
internal sealed class ProjectOptions(string? rootNamespace, string? projectDir, string? maxParameters = null) : AnalyzerConfigOptionsProvider
{
    public static readonly ProjectOptions Default = new("Shop.Models", "/project/");

    /// <summary>Of a project that no network is too large for.</summary>
    public static readonly ProjectOptions Unbounded = new("Shop.Models", "/project/", $"{long.MaxValue}");

    public override AnalyzerConfigOptions GlobalOptions { get; } = new Properties(rootNamespace, projectDir, maxParameters);

    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

    private sealed class Properties(string? rootNamespace, string? projectDir, string? maxParameters) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
        {
            value = key switch
            {
                "build_property.RootNamespace" => rootNamespace,
                "build_property.ProjectDir" => projectDir,
                "build_property.UNetGenMaxParameters" => maxParameters,
                _ => null,
            };
            return value is not null;
        }
    }
}
