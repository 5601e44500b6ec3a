using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>A spec's text, read without a project.</summary>
internal static class ParsedSpec
{
    public static UNetSpec Of(string text)
    {
        var (spec, problems) = Read(text);
        Assert.Equal([], problems.Select(problem => problem.Message));
        return spec;
    }

    /// <summary>Null where there is anything to say of it.</summary>
    public static UNetSpec? IfValid(string text) => Read(text) is ({ } spec, { Count: 0 }) ? spec : null;

    private static (UNetSpec Spec, IReadOnlyList<DiagnosticInfo> Problems) Read(string text)
    {
        var source = SourceText.From(text);
        var problems = new Problems("a.unet.yaml", source);
        var keys = YamlReader.Read(source, problems, CancellationToken.None) is { } root ? KeyCollector.Collect(root, problems) : null;
        return (SpecReader.Read(keys ?? new GivenKeys(default), new UNetSpec { Name = "A" }, problems), problems.ToArray());
    }
}
