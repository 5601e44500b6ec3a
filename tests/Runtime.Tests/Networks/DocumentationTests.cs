using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>What one reads when hovering over a field is what the layer does.</summary>
public sealed class DocumentationTests
{
    private static readonly Dictionary<string, string> Summaries = XDocument
        .Load(Path.Combine(AppContext.BaseDirectory, "UNetGen.Runtime.Tests.xml")).Descendants("member")
        .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")?.Value ?? "");

    public static TheoryData<string> Names => [.. AllNetworks.Small.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_layer_turns_the_shape_that_its_field_documents_into_the_other(string name)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = AllNetworks.Create(name);
        var timeEmbedding = zeros(Shapes(Layers(network).First(layer => layer.Module is Blocks.TimeEmbedding).Field).Output);
        foreach (var (field, module) in Layers(network))
        {
            var (input, output) = Shapes(field);
            var x = input.Length == 1 ? zeros(input, ScalarType.Int64) : zeros(input);
            var result = module switch
            {
                nn.Module<Tensor, Tensor> layer => layer.forward(x),
                Blocks.SpatialTransformer layer => layer.forward(x, AllNetworks.Context(network)!),
                nn.Module<Tensor, Tensor?, Tensor> layer => layer.forward(x, timeEmbedding),
                _ => null,
            };
            // What has a class of its own is a level: its parts are run, and it itself has no forward.
            if (result is null)
                Assert.True(module.GetType().IsNested, $"{field.Name} can't be run");
            else
                Assert.Equal($"{field.Name}: {string.Join(", ", output)}", $"{field.Name}: {string.Join(", ", result.shape)}");
        }
    }

    /// <summary>The network's fields, and those of its levels.</summary>
    private static IEnumerable<(FieldInfo Field, nn.Module Module)> Layers(nn.Module owner) => owner.GetType()
        .GetFields(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Select(field => (field, (nn.Module)field.GetValue(owner)!))
        .SelectMany(layer => layer.Item2.GetType().IsNested ? Layers(layer.Item2).Prepend(layer) : [layer]);

    private static (long[] Input, long[] Output) Shapes(FieldInfo field)
    {
        const int batch = 2;
        var summary = Summaries[$"F:{field.DeclaringType!.FullName!.Replace('+', '.')}.{field.Name}"];
        var match = Regex.Match(summary, @"^.+: \[(?<input>[^\]]+)\] -> \[(?<output>[^\]]+)\]\.$");
        Assert.True(match.Success, $"{field.Name} is documented as '{summary}', without shapes");
        return (Read("input"), Read("output"));

        long[] Read(string group) => [.. match.Groups[group].Value.Split(", ").Select(size => size == "B" ? batch : long.Parse(size))];
    }
}
