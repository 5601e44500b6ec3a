using Google.Protobuf;
using Onnx;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Tests.Docs;

/// <summary>
/// Small ONNX files with the names, types and shapes of Stable Diffusion's text encoder and autoencoder: a token's number in all of its
/// width, the means of 8 x 8 pixels, and these as pixels again.
/// </summary>
internal static class StandIns
{
    public const int Width = 24;

    private const int Block = 8;

    public static void Write(string folder, DataType ids)
    {
        float[] ones = [.. Enumerable.Repeat(1f, Width)];
        // [1, 77] as [1, 77, 1], over the vocabulary's size, in each of the context's numbers.
        Save(
            folder, "text_encoder", ("input_ids", ids, [1, 77]), ("last_hidden_state", [1, 77, Width]),
            [("axes", [1], null, [2L]), ("vocabulary", [1], [49408f], null), ("ones", [1, 1, Width], ones, null)],
            Node("Cast", ["input_ids"], "numbers", ("to", (long)DataType.Float)), Node("Unsqueeze", ["numbers", "axes"], "column"),
            Node("Div", ["column", "vocabulary"], "shares"), Node("Mul", ["shares", "ones"], "last_hidden_state"));
        // Channels 0 to 2 are the colours', 3 is their sum.
        var mean = Kernel(1f / (Block * Block));
        Save(
            folder, "vae_encoder", ("sample", DataType.Float, [0, 3, 0, 0]), ("latent_sample", [0, 4, 0, 0]),
            [("kernel", [4, 3, Block, Block], mean, null)],
            Node("Conv", ["sample", "kernel"], "latent_sample", ("strides", new long[] { Block, Block })));
        Save(
            folder, "vae_decoder", ("latent_sample", DataType.Float, [0, 4, 0, 0]), ("sample", [0, 3, 0, 0]),
            [("kernel", [4, 3, Block, Block], Kernel(1, withSum: false), null)],
            Node("ConvTranspose", ["latent_sample", "kernel"], "sample", ("strides", new long[] { Block, Block })));
    }

    /// <summary>[4, 3, 8, 8]: latent channel by colour.</summary>
    private static float[] Kernel(float value, bool withSum = true)
    {
        var kernel = new float[4 * 3 * Block * Block];
        for (var i = 0; i < kernel.Length; i++)
        {
            var (channel, colour) = (i / (3 * Block * Block), i / (Block * Block) % 3);
            kernel[i] = channel == colour || (withSum && channel == 3) ? value : 0;
        }
        return kernel;
    }

    private static NodeProto Node(string op, string[] inputs, string output, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = op, Name = output };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        foreach (var (name, value) in attributes)
        {
            var attribute = new AttributeProto { Name = name };
            if (value is long[] several)
            {
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.AddRange(several);
            }
            else
            {
                (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, (long)value);
            }
            node.Attribute.Add(attribute);
        }
        return node;
    }

    private static void Save(
        string folder, string name, (string Name, DataType Type, long[] Shape) input, (string Name, long[] Shape) output,
        (string Name, long[] Shape, float[]? Numbers, long[]? Wholes)[] constants, params NodeProto[] nodes)
    {
        var graph = new GraphProto { Name = name };
        graph.Input.Add(Described(input.Name, input.Type, input.Shape));
        graph.Output.Add(Described(output.Name, DataType.Float, output.Shape));
        foreach (var (constant, shape, numbers, wholes) in constants)
        {
            var tensor = new TensorProto { Name = constant, DataType = (int)(numbers is null ? DataType.Int64 : DataType.Float) };
            tensor.Dims.AddRange(shape);
            tensor.FloatData.AddRange(numbers ?? []);
            tensor.Int64Data.AddRange(wholes ?? []);
            graph.Initializer.Add(tensor);
        }
        graph.Node.AddRange(nodes);
        var model = new ModelProto { IrVersion = OnnxExport.IrVersion, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OnnxExport.Opset });
        Directory.CreateDirectory(Path.Combine(folder, name));
        using var file = File.Create(Path.Combine(folder, name, "model.onnx"));
        model.WriteTo(file);
    }

    /// <summary>A size of 0 is any.</summary>
    private static ValueInfoProto Described(string name, DataType type, long[] shape)
    {
        var sizes = new TensorShapeProto();
        foreach (var (axis, size) in shape.Index())
            sizes.Dim.Add(
                size == 0 ? new TensorShapeProto.Types.Dimension { DimParam = $"{name}{axis}" } : new() { DimValue = size });
        return new()
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = sizes } },
        };
    }
}
