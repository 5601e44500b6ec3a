using System.Buffers.Binary;
using System.Text;

namespace UNetGen.Runtime.Tests.Interop;

/// <summary>safetensors files put together by hand, right or wrong.</summary>
internal static class SafetensorsBytes
{
    /// <summary>Length, header, data.</summary>
    public static byte[] Of(string json, byte[] data)
    {
        byte[] header = Encoding.UTF8.GetBytes(json), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    public static string Write(TemporaryFolder folder, string json, byte[] data) => folder.Write("by-hand.safetensors", Of(json, data));
}
