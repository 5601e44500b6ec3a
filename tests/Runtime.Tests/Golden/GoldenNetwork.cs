using System.Runtime.InteropServices;
using System.Text.Json;

namespace UNetGen.Runtime.Tests.Golden;

/// <summary>One network's case in Golden/: what a reference implementation in PyTorch computed, in float32.</summary>
public sealed record GoldenNetwork(
    string Spec, long ParameterCount, GoldenNetwork.Entry[] StateDict, long[] InputShape, long[] Timesteps, long[]? ClassLabels,
    long[]? ContextShape, long[] OutputShape,
    float[] Output, double Loss, IReadOnlyDictionary<string, double> GradientNorms)
{
    public sealed record Entry(string Key, long[] Shape)
    {
        public override string ToString() => $"{Key} [{string.Join(", ", Shape)}]";
    }

    public static GoldenNetwork Load(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".json")));
        var root = json.RootElement;
        return new GoldenNetwork(
            root.GetProperty("spec").GetString()!,
            root.GetProperty("parameter_count").GetInt64(),
            Entries(root.GetProperty("state_dict")),
            Longs(root.GetProperty("input_shape")),
            Longs(root.GetProperty("timesteps")),
            root.TryGetProperty("class_labels", out var labels) ? Longs(labels) : null,
            root.TryGetProperty("context_shape", out var context) ? Longs(context) : null,
            Longs(root.GetProperty("output_shape")),
            Floats(root.GetProperty("output_base64_f32le")),
            root.GetProperty("loss").GetDouble(),
            Norms(root.GetProperty("gradient_norms")));
    }

    public static Entry[] Entries(JsonElement list) =>
        [.. list.EnumerateArray().Select(pair => new Entry(pair[0].GetString()!, Longs(pair[1])))];

    public static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt64())];

    public static float[] Floats(JsonElement base64) => MemoryMarshal.Cast<byte, float>(base64.GetBytesFromBase64()).ToArray();

    public static IReadOnlyDictionary<string, double> Norms(JsonElement norms) =>
        norms.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetDouble());
}
