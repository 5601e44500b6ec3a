using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using UNetGen.Onnx.Weights;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Graphs;

/// <summary>
/// A graph of ONNX operators that grows from its inputs on. The main graph holds all constants and weights; the graph inside a loop reads
/// them there. Names are unique in the whole file.
/// </summary>
internal sealed class Graph
{
    private readonly HashSet<string> names;
    private readonly Dictionary<string, Value> constants;
    private readonly List<StoredWeight> weights;

    /// <summary>The main graph.</summary>
    /// <param name="name">The network's.</param>
    /// <param name="source">The state dict.</param>
    /// <param name="half">Whether convolutions, linear layers and products of matrices compute in float16.</param>
    public Graph(string name, WeightSource source, bool half)
    {
        Proto = new GraphProto { Name = name };
        (names, constants, weights) = ([], [], []);
        (Source, IsHalf, Main) = (source, half, this);
    }

    private Graph(string name, Graph main)
    {
        Proto = new GraphProto { Name = main.Unique(name) };
        (names, constants, weights) = (main.names, main.constants, main.weights);
        (Source, IsHalf, Main) = (main.Source, main.IsHalf, main);
    }

    /// <summary>What is written.</summary>
    public GraphProto Proto { get; }

    /// <summary>The graph that all others are part of.</summary>
    public Graph Main { get; }

    /// <summary>Whether convolutions, linear layers and products of matrices compute in float16.</summary>
    public bool IsHalf { get; }

    /// <summary>The state dict's tensors that the network reads; their numbers are read when the file is written.</summary>
    public IReadOnlyList<StoredWeight> Weights => weights;

    private WeightSource Source { get; }

    /// <summary>The part of the graph that computes what a module does.</summary>
    /// <param name="key">The module's in the state dict.</param>
    public Scope At(string key) => new(this, key);

    /// <summary>A graph that a loop of this one runs.</summary>
    public Graph Body(string name) => new(name, Main);

    public Value Input(string name, DataType type, params int[] shape)
    {
        var input = new Value(Unique(name), shape, type);
        Proto.Input.Add(Description(input));
        return input;
    }

    public void Output(Value value) => Proto.Output.Add(Description(value));

    /// <summary>A name that nothing else has.</summary>
    public string Unique(string name)
    {
        if (names.Add(name))
            return name;
        for (var number = 1; ; number++)
        {
            if (names.Add($"{name}_{number}"))
                return $"{name}_{number}";
        }
    }

    /// <summary>A tensor of the state dict.</summary>
    /// <param name="key">Its key, which is its name here.</param>
    /// <param name="type">As which it is stored: float, or float16 where that is enough.</param>
    public Value Weight(string key, DataType type)
    {
        if (constants.TryGetValue(key, out var known))
            return known;
        var shape = Source.ShapeOf(key);
        var proto = new TensorProto { Name = Unique(key), DataType = (int)type };
        proto.Dims.AddRange(shape.Select(size => (long)size));
        Main.Proto.Initializer.Add(proto);
        weights.Add(new(proto, key));
        return constants[key] = new(proto.Name, shape, type);
    }

    /// <summary>Whole numbers, [n].</summary>
    public Value Whole(params long[] numbers) =>
        Constant($"[{string.Join(", ", numbers)}]", DataType.Int64, [numbers.Length], MemoryMarshal.AsBytes<long>(numbers));

    /// <summary>One number, a scalar.</summary>
    public Value Number(double number) => Constant(
        ((float)number).ToString("R", CultureInfo.InvariantCulture), DataType.Float, [], MemoryMarshal.AsBytes<float>([(float)number]));

    /// <summary>Numbers by a name of their own.</summary>
    public Value Numbers(string name, float[] numbers, params int[] shape) =>
        Constant(name, DataType.Float, shape, MemoryMarshal.AsBytes<float>(numbers));

    /// <summary>Constants of the same name are one.</summary>
    public Value Constant(string name, DataType type, int[] shape, ReadOnlySpan<byte> data)
    {
        if (constants.TryGetValue(name, out var known))
            return known;
        var proto = new TensorProto { Name = Unique(name), DataType = (int)type, RawData = ByteString.CopyFrom(data) };
        proto.Dims.AddRange(shape.Select(size => (long)size));
        Main.Proto.Initializer.Add(proto);
        return constants[name] = new(proto.Name, shape, type);
    }

    private static ValueInfoProto Description(Value value)
    {
        var shape = new TensorShapeProto();
        foreach (var size in value.Shape)
            shape.Dim.Add(size switch
            {
                Value.Batch => new TensorShapeProto.Types.Dimension { DimParam = "batch" },
                Value.Tokens => new() { DimParam = "tokens" },
                _ => new() { DimValue = size },
            });
        return new ValueInfoProto
        {
            Name = value.Name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)value.Type, Shape = shape } },
        };
    }
}

/// <summary>A tensor of the state dict in a file.</summary>
/// <param name="Proto">Without its numbers.</param>
/// <param name="Key">In the state dict.</param>
internal sealed record StoredWeight(TensorProto Proto, string Key);
