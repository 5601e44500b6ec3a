using System.Buffers.Binary;
using System.Runtime.InteropServices;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Weights;

/// <summary>The tensors of a safetensors file, for which no libtorch is needed.</summary>
/// <param name="file">Open as long as it is read.</param>
internal sealed class FileWeights(SafetensorsFile file) : WeightSource
{
    private readonly Dictionary<string, SafetensorsEntry> entries = file.Entries.ToDictionary(entry => entry.Name);

    public override string Name => file.Path;

    public override IEnumerable<(string Key, TensorForm Form)> Forms =>
        file.Entries.Select(entry => (entry.Name, new TensorForm(entry.DType, entry.Shape)));

    protected override float[] ReadAny(string key)
    {
        var entry = entries[key];
        var bytes = file.ReadBytes(entry);
        return entry.DType switch
        {
            ScalarType.Float32 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            ScalarType.Float64 => Each(8, at => (float)BinaryPrimitives.ReadDoubleLittleEndian(at)),
            ScalarType.Float16 => Each(2, at => (float)BinaryPrimitives.ReadHalfLittleEndian(at)),
            // A bfloat16 is the first half of a float32.
            ScalarType.BFloat16 => Each(2, at => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(at) << 16)),
            _ => throw new UNetGenException($"'{key}' in {file.Path} is of {entry.DType}, and weights are floating-point numbers."),
        };

        float[] Each(int size, Reading read)
        {
            var numbers = new float[bytes.Length / size];
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] = read(bytes.AsSpan(i * size, size));
            return numbers;
        }
    }

    private delegate float Reading(ReadOnlySpan<byte> bytes);
}
