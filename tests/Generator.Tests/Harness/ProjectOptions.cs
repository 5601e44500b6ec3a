using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>The project's properties that the compiler shows to the generator; a null is a property that the project doesn't have.</summary>
internal sealed class ProjectOptions(string? rootNamespace, string? projectDir) : AnalyzerConfigOptionsProvider
{
    public static readonly ProjectOptions Default = new("Shop.Models", "/project/");

    public override AnalyzerConfigOptions GlobalOptions { get; } = new Properties(rootNamespace, projectDir);

    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

    private sealed class Properties(string? rootNamespace, string? projectDir) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
        {
            value = key switch
            {
                "build_property.RootNamespace" => rootNamespace,
                "build_property.ProjectDir" => projectDir,
                _ => null,
            };
            return value is not null;
        }
    }
}
