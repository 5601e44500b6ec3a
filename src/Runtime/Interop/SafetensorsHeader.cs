using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>
/// The JSON in front of a safetensors file's data, and its rules: what every entry must say, and that the entries together cover the data
/// without a hole or an overlap.
/// </summary>
/// <param name="Metadata">Free text by key, <c>__metadata__</c> in the file.</param>
/// <param name="Entries">The tensors in the header's order, which needn't be that of the data.</param>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsEntry> Entries)
{
    /// <summary>The format's own limit: a lying length can't make a reader allocate more.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Throws at half a surrogate pair, which the JSON writer would replace in silence.</summary>
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private const string MetadataKey = "__metadata__";

    private static readonly (ScalarType DType, string Name, int Size)[] DTypes =
    [
        (ScalarType.Float64, "F64", 8), (ScalarType.Float32, "F32", 4), (ScalarType.Float16, "F16", 2), (ScalarType.BFloat16, "BF16", 2),
        (ScalarType.Int64, "I64", 8), (ScalarType.Int32, "I32", 4), (ScalarType.Int16, "I16", 2), (ScalarType.Int8, "I8", 1),
        (ScalarType.Byte, "U8", 1), (ScalarType.Bool, "BOOL", 1),
    ];

    /// <summary>Lays tensors out. The header keeps their order; the data is sorted by element size, largest first, so that every tensor lies aligned to its own.</summary>
    /// <exception cref="ArgumentException">A name twice or reserved, or a type that the format or TorchSharp lacks.</exception>
    public static SafetensorsHeader Layout(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string> { MetadataKey };
        foreach (var (name, tensor) in tensors)
        {
            if (!names.Add(name))
                throw new ArgumentException($"Two tensors can't both be called '{name}' in a safetensors file ({MetadataKey} is reserved).", nameof(tensors));
            if (!DTypes.Any(row => row.DType == tensor.dtype))
                throw new ArgumentException($"Tensor '{name}' is of type {tensor.dtype}, which a safetensors file can't hold.", nameof(tensors));
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

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ScalarType dtype) => DTypes.First(row => row.DType == dtype).Size;

    /// <summary>The header as bytes, padded with spaces to a multiple of 8.</summary>
    /// <exception cref="ArgumentException">It is longer than the format allows, or a name or text isn't valid Unicode.</exception>
    public ReadOnlyMemory<byte> ToJson()
    {
        foreach (string text in Entries.Select(entry => entry.Name).Concat(Metadata.Keys).Concat(Metadata.Values))
            StrictUtf8.GetByteCount(text);
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
            : throw new ArgumentException($"The header would have {buffer.WrittenCount:N0} bytes; the safetensors format allows {MaxLength:N0}.");
    }

    /// <summary>Reads a header and checks it against the length of the data behind it.</summary>
    /// <exception cref="SafetensorsException">Something is wrong with it.</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> bytes, long dataLength, string path)
    {
        var metadata = new Dictionary<string, string>();
        var entries = new List<SafetensorsEntry>();
        try
        {
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new SafetensorsException(path, "its header isn't a JSON object.");
            foreach (var property in json.RootElement.EnumerateObject())
                if (property.NameEquals(MetadataKey))
                    ReadMetadata(property.Value, metadata, path);
                else
                    entries.Add(ReadEntry(property.Name, property.Value, path));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that isn't valid UTF-8, found only when it is asked for.
            throw new SafetensorsException(path, $"its header isn't valid JSON. {e.Message}", e);
        }
        CheckCover(entries, dataLength, path);
        return new SafetensorsHeader(metadata, entries);
    }

    private static void ReadMetadata(JsonElement json, Dictionary<string, string> metadata, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new SafetensorsException(path, $"{MetadataKey} isn't a JSON object.");
        foreach (var property in json.EnumerateObject())
            metadata[property.Name] = property.Value.ValueKind == JsonValueKind.String
                ? property.Value.GetString()!
                : throw new SafetensorsException(path, $"{MetadataKey} holds '{property.Name}', which isn't text.");
    }

    private static SafetensorsEntry ReadEntry(string name, JsonElement json, string path)
    {
        SafetensorsException Wrong(string problem) => new(path, $"tensor '{name}' {problem}");

        JsonElement Field(string field, JsonValueKind kind) =>
            json.ValueKind == JsonValueKind.Object && json.TryGetProperty(field, out var value) && value.ValueKind == kind
                ? value
                : throw Wrong($"has no {field}, or not as {(kind == JsonValueKind.Array ? "a list" : "text")}.");

        long[] Numbers(string field) =>
        [
            .. Field(field, JsonValueKind.Array).EnumerateArray().Select(item =>
                item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out long number) && number >= 0
                    ? number
                    : throw Wrong($"has {item} in {field}, which must hold whole numbers from 0.")),
        ];

        string dtype = Field("dtype", JsonValueKind.String).GetString()!;
        var row = DTypes.FirstOrDefault(row => row.Name == dtype);
        if (row.Name is null)
            throw Wrong($"is of type '{dtype}'; known are {string.Join(", ", DTypes.Select(known => known.Name))}.");
        long[] shape = Numbers("shape"), offsets = Numbers("data_offsets");
        if (offsets.Length != 2 || offsets[1] < offsets[0])
            throw Wrong($"has data_offsets [{string.Join(", ", offsets)}]; they must be a begin and an end.");
        long length = offsets[1] - offsets[0];
        if (ByteLength(shape, row.Size) is not { } expected)
            throw Wrong($"has shape [{string.Join(", ", shape)}], more than any file can hold.");
        if (length != expected)
            throw Wrong($"needs {Counted.Of(expected, "byte")} for shape [{string.Join(", ", shape)}] of {dtype}, but its data_offsets [{offsets[0]}, {offsets[1]}] span {length:N0}.");
        return new SafetensorsEntry(name, row.DType, shape, offsets[0], length);
    }

    /// <summary>Null where it doesn't fit; strides must fit too, so an empty dimension doesn't excuse the others.</summary>
    private static long? ByteLength(long[] shape, int elementSize)
    {
        try
        {
            long span = shape.Aggregate((long)elementSize, (product, size) => checked(product * Math.Max(size, 1)));
            return shape.Contains(0) ? 0 : span;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static void CheckCover(List<SafetensorsEntry> entries, long dataLength, string path)
    {
        long end = 0;
        foreach (var entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Length))
        {
            if (entry.Offset != end)
                throw new SafetensorsException(path, entry.Offset < end
                    ? $"tensor '{entry.Name}' begins at byte {entry.Offset:N0} of the data, inside another that ends at {end:N0}."
                    : $"tensor '{entry.Name}' begins at byte {entry.Offset:N0} of the data and leaves a hole after {end:N0}.");
            if (entry.Length > dataLength - entry.Offset)
                throw new SafetensorsException(path, $"it ends too early: tensor '{entry.Name}' needs {entry.Offset + (decimal)entry.Length:N0} bytes of data, but there are {dataLength:N0}.");
            end = entry.Offset + entry.Length;
        }
        if (end != dataLength)
            throw new SafetensorsException(path, $"its tensors end at byte {end:N0} of the data, but there are {dataLength:N0}.");
    }
}
