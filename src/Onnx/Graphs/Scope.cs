using Onnx;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Graphs;

/// <summary>
/// A module's part of a graph: its nodes are named after its key in the state dict, <c>downs.0.0.block1.proj</c>, those beside a layer with
/// their operator behind it, <c>downs.0.0/Add</c>.
/// </summary>
/// <param name="graph">To which nodes are added.</param>
/// <param name="key">The module's; empty for the network itself.</param>
internal sealed partial class Scope(Graph graph, string key)
{
    /// <summary>To which nodes are added.</summary>
    public Graph Graph => graph;

    /// <summary>The module's key in the state dict.</summary>
    public string Key => key;

    /// <summary>Of a module below this one.</summary>
    public Scope Below(string name) => new(graph, Joined(name));

    /// <summary>The same module's in the main graph: what is made of weights alone is made once.</summary>
    public Scope Main => ReferenceEquals(graph, graph.Main) ? this : new(graph.Main, key);

    /// <summary>A weight that is computed with in float32.</summary>
    public Value Weight(string name) => graph.Weight(Joined(name), DataType.Float);

    /// <summary>A weight of a convolution or a linear layer.</summary>
    public Value Operand(string name) => graph.Weight(Joined(name), graph.IsHalf ? DataType.Float16 : DataType.Float);

    /// <summary>One node with one result.</summary>
    /// <param name="op">The operator, in the version of <see cref="OnnxExport.Opset"/>.</param>
    /// <param name="shape">Of the result.</param>
    /// <param name="inputs">In the operator's order.</param>
    /// <param name="attributes">By name: a whole number, whole numbers, a number or a word.</param>
    /// <param name="type">Of the result; null: the first input's.</param>
    /// <param name="isLayer">Whether it is what the module is for, and has its name.</param>
    private Value Node(
        string op, int[] shape, Value[] inputs, (string Name, object Value)[]? attributes = null, DataType? type = null,
        bool isLayer = false)
    {
        var name = graph.Unique(isLayer ? key : key.Length == 0 ? op : $"{key}/{op}");
        Add(op, name, [.. inputs.Select(input => input.Name)], [name], attributes);
        return new Value(name, shape, type ?? inputs[0].Type);
    }

    private void Add(string op, string name, string[] inputs, string[] outputs, (string Name, object Value)[]? attributes)
    {
        var node = new NodeProto { Name = name, OpType = op };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        foreach (var (attribute, value) in attributes ?? [])
            node.Attribute.Add(Attribute(attribute, value));
        graph.Proto.Node.Add(node);
    }

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int whole:
                (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, whole);
                break;
            case int[] several:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.AddRange(several.Select(one => (long)one));
                break;
            case float number:
                (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, number);
                break;
            case string word:
                (attribute.Type, attribute.S) = (AttributeProto.Types.AttributeType.String, Google.Protobuf.ByteString.CopyFromUtf8(word));
                break;
            case Graph inside:
                (attribute.Type, attribute.G) = (AttributeProto.Types.AttributeType.Graph, inside.Proto);
                break;
            default:
                throw new ArgumentException($"No attribute is a {value.GetType()}.", nameof(value));
        }
        return attribute;
    }

    private string Joined(string name) => key.Length == 0 ? name : $"{key}.{name}";
}
