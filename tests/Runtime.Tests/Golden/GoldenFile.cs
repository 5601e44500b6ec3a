using System.Runtime.InteropServices;
using System.Text.Json;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Golden;

/// <summary>Numbers out of a file of golden ones.</summary>
public static class GoldenFile
{
    public static JsonElement Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name)));
        return document.RootElement.Clone();
    }

    public static IEnumerable<JsonElement> Each(this JsonElement golden, string list) => golden.GetProperty(list).EnumerateArray();

    public static double Number(this JsonElement golden, string name) => golden.GetProperty(name).GetDouble();

    public static int Whole(this JsonElement golden, string name) => golden.GetProperty(name).GetInt32();

    public static double[] Numbers(this JsonElement golden, string name) => [.. golden.Each(name).Select(number => number.GetDouble())];

    /// <summary>An array of float32 under <c>..._base64_f32le</c>.</summary>
    public static float[] Floats(this JsonElement golden, string name) => Floats(golden.GetProperty($"{name}_base64_f32le"));

    public static float[] Floats(JsonElement base64) => MemoryMarshal.Cast<byte, float>(base64.GetBytesFromBase64()).ToArray();

    /// <summary>An array of float64 under <c>..._base64_f64le</c>.</summary>
    public static double[] Doubles(this JsonElement golden, string name) =>
        MemoryMarshal.Cast<byte, double>(golden.GetProperty($"{name}_base64_f64le").GetBytesFromBase64()).ToArray();

    /// <summary>No value is further off than the tolerance, times the largest of the expected where that is above 1.</summary>
    public static void Agrees(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        var difference = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(
            difference <= tolerance * Math.Max(1, expected.Max(Math.Abs)),
            $"differs by {difference:g4} where the largest value is {expected.Max(Math.Abs):g4}");
    }

    /// <summary>The same of an array and a tensor.</summary>
    public static void Agrees(float[] expected, Tensor actual, double tolerance) =>
        Agrees([.. expected.Select(value => (double)value)], Values(actual), tolerance);

    public static double[] Values(Tensor tensor) => tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
