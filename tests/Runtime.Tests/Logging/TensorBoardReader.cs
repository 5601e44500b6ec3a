using System.Buffers.Binary;
using System.Text;

namespace UNetGen.Runtime.Tests.Logging;

/// <summary>
/// Reads files of events as their formats are described (TFRecord; protocol buffers' wire format; event.proto and summary.proto), with
/// nothing of what wrote them.
/// </summary>
internal static class TensorBoardReader
{
    /// <summary>An event's fields; those that it lacks are at their defaults.</summary>
    public sealed record Event(
        double WallTime, long Step, string? FileVersion, string? Tag, float? Scalar,
        (int Height, int Width, int Colorspace, byte[] Encoded)? Image, int? SessionStatus, string? Text = null);

    public static List<Event> Read(string path)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        var events = new List<Event>();
        while (!rest.IsEmpty)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            Assert.Equal(Mask(Crc32C(rest[..8])), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            var data = rest.Slice(12, length);
            Assert.Equal(Mask(Crc32C(data)), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            events.Add(ParseEvent(data));
            rest = rest[(16 + length)..];
        }
        return events;
    }

    /// <summary>Castagnoli's, a bit at a time (RFC 3720, appendix B.4).</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
        }
        return ~crc;
    }

    private static uint Mask(uint crc) => ((crc >> 15) | (crc << 17)) + 0xa282ead8u;

    private static Event ParseEvent(ReadOnlySpan<byte> data)
    {
        var fields = Fields(data);
        var value = fields.TryGetValue(5, out var summary) ? Fields(Fields(summary)[1]) : [];
        var image = value.TryGetValue(4, out var picture) ? Fields(picture) : null;
        return new(
            BinaryPrimitives.ReadDoubleLittleEndian(fields[1]),
            fields.TryGetValue(2, out var step) ? Varint(step) : 0,
            fields.TryGetValue(3, out var version) ? Encoding.UTF8.GetString(version) : null,
            value.TryGetValue(1, out var tag) ? Encoding.UTF8.GetString(tag) : null,
            value.TryGetValue(2, out var scalar) ? BinaryPrimitives.ReadSingleLittleEndian(scalar) : null,
            image is null ? null : ((int)Varint(image[1]), (int)Varint(image[2]), (int)Varint(image[3]), image[4]),
            fields.TryGetValue(7, out var session) ? (int)Varint(Fields(session)[1]) : null,
            value.TryGetValue(8, out var tensor) ? TextOf(Fields(tensor), Fields(value[9])) : null);
    }

    /// <summary>A tensor of one text, for the plugin that shows texts.</summary>
    private static string TextOf(Dictionary<int, byte[]> tensor, Dictionary<int, byte[]> metadata)
    {
        const int dtString = 7;
        Assert.Equal(dtString, Varint(tensor[1]));
        Assert.Equal(1, Varint(Fields(Fields(tensor[2])[2])[1]));
        Assert.Equal("text", Encoding.UTF8.GetString(Fields(metadata[1])[1]));
        return Encoding.UTF8.GetString(tensor[8]);
    }

    /// <summary>A message's fields by number: varints as they stand, fixed ones and those with a length by their content.</summary>
    private static Dictionary<int, byte[]> Fields(ReadOnlySpan<byte> message)
    {
        var fields = new Dictionary<int, byte[]>();
        while (!message.IsEmpty)
        {
            var key = TakeVarint(ref message);
            var length = (int)(Varint(key) & 7) switch
            {
                0 => -1,
                1 => 8,
                2 => (int)Varint(TakeVarint(ref message)),
                5 => 4,
                var type => throw new InvalidDataException($"wire type {type}"),
            };
            var content = length < 0 ? TakeVarint(ref message) : message[..length].ToArray();
            fields.Add((int)(Varint(key) >> 3), content);
            if (length >= 0)
                message = message[length..];
        }
        return fields;
    }

    private static byte[] TakeVarint(ref ReadOnlySpan<byte> data)
    {
        var length = 1;
        while ((data[length - 1] & 0x80) != 0)
            length++;
        var varint = data[..length].ToArray();
        data = data[length..];
        return varint;
    }

    private static long Varint(ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        for (var i = 0; i < bytes.Length; i++)
            value |= (long)(bytes[i] & 0x7F) << (7 * i);
        return value;
    }
}
