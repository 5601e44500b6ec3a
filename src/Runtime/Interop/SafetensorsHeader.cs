using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using UNetGen.Native;
using static System.FormattableString;
using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>
/// The JSON in front of a safetensors file's data; <see cref="SafetensorsHeaderReader"/> has the rules by which it is read.
/// </summary>
/// <param name="Metadata">Free text by key, <c>__metadata__</c> in the file.</param>
/// <param name="Entries">The tensors in the header's order, which needn't be that of the data.</param>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsEntry> Entries)
{
    /// <summary>The format's own limit: a lying length can't make a reader allocate more.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>
    /// Our own: a spec has some 2 KB, what others write some 100. Texts take several times their bytes in memory, and the format would
    /// allow all of its header for them.
    /// </summary>
    public const int MaxMetadataLength = 10_000_000;

    /// <summary>Throws at half a surrogate pair, which the JSON writer would replace in silence.</summary>
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, SafetensorsEntry> byName = Entries.ToDictionary(entry => entry.Name);

    public const string MetadataKey = "__metadata__";

    /// <summary>The types that both the format and TorchSharp have.</summary>
    public static readonly IReadOnlyList<(ScalarType DType, string Name, int Size)> DTypes =
    [
        (ScalarType.Float64, "F64", 8), (ScalarType.Float32, "F32", 4), (ScalarType.Float16, "F16", 2), (ScalarType.BFloat16, "BF16", 2),
        (ScalarType.Int64, "I64", 8), (ScalarType.Int32, "I32", 4), (ScalarType.Int16, "I16", 2), (ScalarType.Int8, "I8", 1),
        (ScalarType.Byte, "U8", 1), (ScalarType.Bool, "BOOL", 1),
    ];

    /// <summary>
    /// Lays tensors out. The header keeps their order; the data is sorted by element size, largest first, so that every tensor lies aligned
    /// to its own.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// A name twice or reserved, a type that the format or TorchSharp lacks, or a tensor whose numbers can't be read one by one.
    /// </exception>
    public static SafetensorsHeader Layout(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string> { MetadataKey };
        foreach (var (name, tensor) in tensors)
        {
            if (!names.Add(name))
                throw new ArgumentException(
                    $"Two tensors can't both be called '{name}' in a safetensors file ({MetadataKey} is reserved).", nameof(tensors));
            if (ReadableTensor.FaultOf(tensor) is { } fault)
                throw new ArgumentException($"Tensor '{name}' {fault}.", nameof(tensors));
            if (!DTypes.Any(row => row.DType == tensor.dtype))
                throw new ArgumentException(
                    $"Tensor '{name}' is of type {tensor.dtype}, which a safetensors file can't hold.", nameof(tensors));
            entries.Add(new SafetensorsEntry(name, tensor.dtype, tensor.shape, 0, tensor.numel() * SizeOf(tensor.dtype)));
        }
        long end = 0;
        foreach (int i in Enumerable.Range(0, entries.Count).OrderByDescending(i => SizeOf(entries[i].DType)))
        {
            entries[i] = entries[i] with { Offset = end };
            end += entries[i].Length;
        }
        return new SafetensorsHeader(metadata, entries);
    }

    /// <summary>Whether an entry is one of these, perhaps by another opening of the same file.</summary>
    public bool Has(SafetensorsEntry entry) =>
        byName.TryGetValue(entry.Name, out var own) && own with { Shape = entry.Shape } == entry && own.Shape.SequenceEqual(entry.Shape);

    private static void RequireText(string? text, string what)
    {
        if (text is null)
            throw new ArgumentException($"{what} is null: leave it out, or give a text.");
        try
        {
            StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException error)
        {
            throw new ArgumentException(
                $"{what} is no valid Unicode, as half of a surrogate pair is none, and a safetensors file holds UTF-8.", error);
        }
    }

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ScalarType dtype) => DTypes.First(row => row.DType == dtype).Size;

    /// <summary>The header as bytes, padded with spaces to a multiple of 8.</summary>
    /// <exception cref="ArgumentException">It is longer than the format allows, or a name or text isn't valid Unicode.</exception>
    public ReadOnlyMemory<byte> ToJson()
    {
        foreach (var entry in Entries)
            RequireText(entry.Name, "The name of a tensor");
        foreach (var (key, value) in Metadata)
        {
            RequireText(key, "A key of the metadata");
            RequireText(value, $"The metadata's '{key}'");
        }
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
                if (json.BytesCommitted + json.BytesPending > MaxMetadataLength)
                    throw new ArgumentException(
                        Invariant($"The metadata would have {json.BytesCommitted + json.BytesPending:N0} bytes; {MaxMetadataLength:N0} can be ")
                            + "read again.");
            }
            foreach (var entry in Entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", DTypes.First(row => row.DType == entry.DType).Name);
                json.WriteStartArray("shape");
                foreach (long size in entry.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(entry.Offset);
                json.WriteNumberValue(entry.Offset + entry.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        int padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenCount <= MaxLength
            ? buffer.WrittenMemory
            : throw new ArgumentException(
                Invariant($"The header would have {buffer.WrittenCount:N0} bytes; the safetensors format allows {MaxLength:N0}."));
    }
}
