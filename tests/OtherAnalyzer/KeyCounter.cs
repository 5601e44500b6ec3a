using Microsoft.CodeAnalysis;
using YamlDotNet.RepresentationModel;

namespace OtherAnalyzer;

/// <summary>Counts the keys in a project's specs, and says which YamlDotNet it did it with.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class KeyCounter : IIncrementalGenerator
{
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var keys = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".yaml", StringComparison.Ordinal))
            .Select(static (file, cancellation) => Count(file.GetText(cancellation)!.ToString()))
            .Collect();
        context.RegisterSourceOutput(keys, static (output, counts) => output.AddSource("OtherAnalyzer.g.cs",
            $$"""
            static class OtherAnalyzer
            {
                public const int Keys = {{counts.Sum()}};
                public const string YamlDotNet = "{{typeof(YamlStream).Assembly.GetName().Version}}";
            }
            """));
    }

    private static int Count(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return ((YamlMappingNode)yaml.Documents[0].RootNode).Children.Count;
    }
}
