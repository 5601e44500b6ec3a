using System.Text;
using System.Text.Json;
using UNetGen.Files;
using static System.FormattableString;

namespace UNetGen.Interop;

/// <summary>
/// Reads a safetensors file's header by the format's rules: what every entry must say, that no name is there twice, and that the entries
/// together cover the data without a hole or an
/// overlap. It goes through the text once and keeps nothing but what it tells, since a header may have 100 MB.
/// </summary>
internal static class SafetensorsHeaderReader
{
    /// <summary>libtorch's operators know no more.</summary>
    private const int MostDimensions = 64;

    /// <summary>Reads a header and checks it against the length of the data behind it.</summary>
    /// <exception cref="SafetensorsException">Something is wrong with it.</exception>
    public static SafetensorsHeader Read(ReadOnlySpan<byte> bytes, long dataLength, string path)
    {
        if (bytes.Length > 0 && bytes[0] != '{')
            throw new SafetensorsException(path, "its header isn't a JSON object that begins at once, with '{'.");
        var metadata = new Dictionary<string, string>();
        var entries = new List<SafetensorsEntry>();
        try
        {
            var json = new Utf8JsonReader(bytes);
            json.Read();
            var names = new HashSet<string>();
            while (NextName(ref json, names, path) is { } name)
            {
                if (name == SafetensorsHeader.MetadataKey)
                    ReadMetadata(ref json, metadata, path);
                else
                    entries.Add(ReadEntry(ref json, name, path));
            }
            // Nothing but white space may follow, which this finds out.
            json.Read();
        }
        catch (JsonException error)
        {
            throw new SafetensorsException(path, $"its header isn't valid JSON. {JsonText.Explain(error, bytes)}", error);
        }
        catch (InvalidOperationException error)
        {
            // Found only when the text is asked for.
            throw new SafetensorsException(path, "its header isn't valid JSON. A text in it is no valid Unicode.", error);
        }
        CheckCover(entries, dataLength, path);
        return new SafetensorsHeader(metadata, entries);
    }

    /// <summary>The next key of an object, its value being read then; null at the object's end.</summary>
    private static string? NextName(ref Utf8JsonReader json, HashSet<string> names, string path)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.EndObject)
            return null;
        var name = json.GetString()!;
        if (!names.Add(name))
            throw new SafetensorsException(path, $"its header has '{Excerpt.Of(name)}' twice in one object.");
        json.Read();
        return name;
    }

    private static void ReadMetadata(ref Utf8JsonReader json, Dictionary<string, string> metadata, string path)
    {
        const string key = SafetensorsHeader.MetadataKey;
        if (json.TokenType != JsonTokenType.StartObject)
            throw new SafetensorsException(path, $"{key} isn't a JSON object.");
        var whole = json;
        whole.Skip();
        var length = whole.BytesConsumed - json.BytesConsumed;
        if (length > SafetensorsHeader.MaxMetadataLength)
            throw new SafetensorsException(
                path,
                Invariant($"{key} has {length:N0} bytes of text, and at most {SafetensorsHeader.MaxMetadataLength:N0} are read; write the tensors ")
                    + "into a new file with less metadata.");
        var names = new HashSet<string>();
        while (NextName(ref json, names, path) is { } name)
        {
            metadata[name] = json.TokenType == JsonTokenType.String
                ? json.GetString()!
                : throw new SafetensorsException(path, $"{key} holds '{Excerpt.Of(name)}', which isn't text.");
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader json, string name, string path)
    {
        SafetensorsException Wrong(string problem) => new(path, $"tensor '{Excerpt.Of(name)}' {problem}");

        string? dtype = null;
        long[]? shape = null, offsets = null;
        if (json.TokenType == JsonTokenType.StartObject)
        {
            var fields = new HashSet<string>();
            while (NextName(ref json, fields, path) is { } field)
            {
                switch (field)
                {
                    case "dtype" when json.TokenType == JsonTokenType.String:
                        dtype = json.GetString();
                        break;
                    case "shape" when json.TokenType == JsonTokenType.StartArray:
                        shape = ReadNumbers(ref json, field, Wrong);
                        break;
                    case "data_offsets" when json.TokenType == JsonTokenType.StartArray:
                        offsets = ReadNumbers(ref json, field, Wrong);
                        break;
                    default:
                        json.Skip();
                        break;
                }
            }
        }
        if (dtype is null)
            throw Wrong("has no dtype, or not as text.");
        if (shape is null || offsets is null)
            throw Wrong($"has no {(shape is null ? "shape" : "data_offsets")}, or not as a list.");
        return Checked(name, dtype, shape, offsets, Wrong);
    }

    private static long[] ReadNumbers(ref Utf8JsonReader json, string field, Func<string, SafetensorsException> wrong)
    {
        var numbers = new List<long>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            // As in the format's own library, a sign makes it no whole number from 0, not even before a 0.
            if (json.TokenType != JsonTokenType.Number || json.ValueSpan[0] == '-' || !json.TryGetInt64(out var number))
                throw wrong($"has {Excerpt.Of(Encoding.UTF8.GetString(json.ValueSpan))} in {field}, which must hold whole numbers from 0.");
            if (numbers.Count == MostDimensions)
                throw wrong($"has more than {MostDimensions} numbers in {field}.");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    private static SafetensorsEntry Checked(
        string name, string dtype, long[] shape, long[] offsets, Func<string, SafetensorsException> wrong)
    {
        var row = SafetensorsHeader.DTypes.FirstOrDefault(row => row.Name == dtype);
        if (row.Name is null)
            throw wrong(
                $"is of type '{Excerpt.Of(dtype)}'; known are {string.Join(", ", SafetensorsHeader.DTypes.Select(known => known.Name))}.");
        if (offsets.Length != 2 || offsets[1] < offsets[0])
            throw wrong($"has data_offsets [{string.Join(", ", offsets)}]; they must be a begin and an end.");
        long length = offsets[1] - offsets[0];
        if (ByteLength(shape, row.Size) is not { } expected)
            throw wrong($"has shape [{string.Join(", ", shape)}], more than any file can hold.");
        if (length != expected)
        {
            throw wrong($"needs {Counted.Of(expected, "byte")} for shape [{string.Join(", ", shape)}] of {dtype}, "
                + Invariant($"but its data_offsets [{offsets[0]}, {offsets[1]}] span {length:N0}."));
        }
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
                    ? Invariant($"tensor '{Excerpt.Of(entry.Name)}' begins at byte {entry.Offset:N0} of the data, inside another that ends at ")
                        + Invariant($"{end:N0}.")
                    : Invariant(
                        $"tensor '{Excerpt.Of(entry.Name)}' begins at byte {entry.Offset:N0} of the data and leaves a hole after {end:N0}."));
            if (entry.Length > dataLength - entry.Offset)
                throw new SafetensorsException(
                    path,
                    Invariant($"it ends too early: tensor '{Excerpt.Of(entry.Name)}' needs {entry.Offset + (decimal)entry.Length:N0} bytes ")
                        + Invariant($"of data, but there are {dataLength:N0}."));
            end = entry.Offset + entry.Length;
        }
        if (end != dataLength)
            throw new SafetensorsException(path, Invariant($"its tensors end at byte {end:N0} of the data, but there are {dataLength:N0}."));
    }
}
