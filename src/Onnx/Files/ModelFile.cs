using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using UNetGen.Files;
using UNetGen.Onnx.Graphs;
using UNetGen.Onnx.Weights;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Files;

/// <summary>
/// Writes a graph with its weights: one file, or, where it would be too large for that, its weights in a second one beside it.
/// </summary>
internal static class ModelFile
{
    /// <summary>A message of Protocol Buffers has at most 2 GB; the rest is the graph's.</summary>
    public const long MostInside = int.MaxValue - (64L << 20);

    /// <summary>What the second file's name has behind that of the first.</summary>
    public const string DataEnding = ".data";

    // Where readers map a file into memory, weights begin at a page.
    private const int Alignment = 4096;

    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="graph">The main graph.</param>
    /// <param name="weights">Where its weights come from.</param>
    /// <param name="metadata">Free text by key.</param>
    /// <param name="mostInside">Bytes of weights that the file itself may hold.</param>
    /// <returns>The paths that were written.</returns>
    public static IReadOnlyList<string> Write(
        string path, Graph graph, WeightSource weights, IReadOnlyDictionary<string, string> metadata, long mostInside)
    {
        var model = new ModelProto
        {
            IrVersion = OnnxExport.IrVersion,
            ProducerName = "UNetGen",
            ProducerVersion = typeof(ModelFile).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Proto,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OnnxExport.Opset });
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });

        if (graph.Weights.Sum(weight => SizeOf(weight.Proto)) <= mostInside)
        {
            foreach (var (proto, key) in graph.Weights)
                proto.RawData = UnsafeByteOperations.UnsafeWrap(Bytes(proto, weights.Read(key), key));
            AtomicFile.Write(path, stream => model.WriteTo(stream));
            return [path];
        }

        // First the weights: the file that names them is whole where they are there. Where it can't be written they aren't written either.
        AtomicFile.Try(path);
        AtomicFile.Write(path + DataEnding, stream =>
        {
            var position = 0L;
            foreach (var (proto, key) in graph.Weights)
            {
                var start = (position + Alignment - 1) / Alignment * Alignment;
                stream.Write(new byte[start - position]);
                stream.Write(Bytes(proto, weights.Read(key), key));
                position = start + SizeOf(proto);
                proto.DataLocation = DataLocation.External;
                foreach (var (name, value) in ((string, string)[])[("location", Path.GetFileName(path) + DataEnding),
                    ("offset", Text(start)), ("length", Text(SizeOf(proto)))])
                    proto.ExternalData.Add(new StringStringEntryProto { Key = name, Value = value });
            }
        });
        AtomicFile.Write(path, stream => model.WriteTo(stream));
        return [path, path + DataEnding];
    }

    private static long SizeOf(TensorProto proto) =>
        proto.Dims.Aggregate(proto.DataType == (int)DataType.Float16 ? 2L : 4L, (product, size) => product * size);

    private static byte[] Bytes(TensorProto proto, float[] numbers, string key)
    {
        if (proto.DataType != (int)DataType.Float16)
            return MemoryMarshal.AsBytes<float>(numbers).ToArray();
        var half = Array.ConvertAll(numbers, number => (Half)number);
        if (half.Any(Half.IsInfinity))
            throw new UNetGenException($"'{key}' has weights beyond {(float)Half.MaxValue}, the largest number of float16: export it without `{nameof(OnnxOptions)}.{nameof(OnnxOptions.Half)}`.");
        return MemoryMarshal.AsBytes<Half>(half).ToArray();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
