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
        var source = SourceText.From(text);
        var problems = new Problems("a.unet.yaml", source);
        var keys = KeyCollector.Collect(YamlReader.Read(source, problems, CancellationToken.None)!, problems);
        var spec = SpecReader.Read(keys!, new UNetSpec { Name = "A" }, problems);
        Assert.Equal([], problems.ToArray().Select(problem => problem.Message));
        return spec;
    }
}
