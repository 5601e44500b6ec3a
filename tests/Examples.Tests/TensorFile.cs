using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace UNetGen.Examples.Tests;

/// <summary>Safetensors files of float32 by their definition alone: these tests load no libtorch.</summary>
internal static class TensorFile
{
    /// <summary>Writes tensors, in order; the folder is made where it is missing.</summary>
    public static void Write(string path, params (string Name, long[] Shape, float[] Values)[] tensors)
    {
        var header = new Dictionary<string, object>();
        var end = 0;
        foreach (var (name, shape, values) in tensors)
        {
            header[name] = new { dtype = "F32", shape, data_offsets = new[] { end, end + sizeof(float) * values.Length } };
            end += sizeof(float) * values.Length;
        }
        var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        foreach (var (_, _, values) in tensors)
            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    /// <summary>Reads one tensor, and what a file's metadata says.</summary>
    public static (long[] Shape, float[] Values, JsonElement Metadata) Read(string path, string name)
    {
        var bytes = File.ReadAllBytes(path);
        var length = (int)BitConverter.ToInt64(bytes);
        var header = JsonSerializer.Deserialize<JsonElement>(bytes.AsSpan(sizeof(long), length));
        var tensor = header.GetProperty(name);
        var offsets = tensor.GetProperty("data_offsets").Deserialize<int[]>()!;
        var data = bytes.AsSpan(sizeof(long) + length)[offsets[0]..offsets[1]];
        return (
            tensor.GetProperty("shape").Deserialize<long[]>()!, MemoryMarshal.Cast<byte, float>(data).ToArray(),
            header.TryGetProperty("__metadata__", out var metadata) ? metadata : default);
    }

    /// <summary>Adds a tensor, and what its class's hooks are called, as a class with code of its own has written it.</summary>
    public static void AddOfHooks(string path, string name, string hooks)
    {
        var bytes = File.ReadAllBytes(path);
        var length = (int)BitConverter.ToInt64(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(sizeof(long), length))!.AsObject();
        var data = bytes.AsSpan(sizeof(long) + length);
        header["__metadata__"]!["unetgen.hooks"] = hooks;
        // It is the sum of the tensors that were there.
        header["__metadata__"]!.AsObject().Remove("unetgen.tensors_sha256");
        header[name] = new JsonObject
        {
            ["dtype"] = "F32",
            ["shape"] = new JsonArray(1),
            ["data_offsets"] = new JsonArray(data.Length, data.Length + sizeof(float)),
        };
        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. data, .. BitConverter.GetBytes(1f)]);
    }

    /// <summary>Normally distributed numbers, the same for the same seed.</summary>
    public static float[] Normal(int seed, int count, float deviation = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => deviation
            * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
