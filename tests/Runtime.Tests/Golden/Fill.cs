using System.Text;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Golden;

/// <summary>
/// Tensors made from a name, so that golden cases need to store neither weights nor inputs: an FNV-1a hash of the name,
/// a step of the golden ratio per element, and the finaliser of MurmurHash3. The reference numbers were made with the same fill.
/// </summary>
public static class Fill
{
    /// <summary>Networks' inputs have variance 1, like the noise they stand for.</summary>
    public static readonly double UnitVariance = Math.Sqrt(3);

    /// <summary>FNV-1a over the name's UTF-8 bytes.</summary>
    public static uint Hash(string name)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(name))
            hash = unchecked((hash ^ b) * 16777619);
        return hash;
    }

    /// <summary>r(name, index), evenly spread over [-1, 1).</summary>
    public static double Value(string name, long index) => Value(Hash(name), index);

    /// <summary>offset + scale * r(name, i) for the first elements, rounded to float32.</summary>
    public static float[] Values(string name, long count, double scale = 1, double offset = 0)
    {
        var hash = Hash(name);
        var values = new float[count];
        for (var i = 0L; i < count; i++)
            values[i] = (float)(offset + scale * Value(hash, i));
        return values;
    }

    /// <summary>An input, scaled to variance 1 unless told otherwise.</summary>
    public static Tensor Input(string name, params long[] shape) => Input(name, UnitVariance, shape);

    /// <summary>An input, scaled.</summary>
    public static Tensor Input(string name, double scale, params long[] shape) =>
        tensor(Values(name, shape.Aggregate(1L, (product, size) => product * size), scale)).reshape(shape);

    /// <summary>Fills every parameter by its key.</summary>
    public static void Parameters(nn.Module module)
    {
        using var noGradients = no_grad();
        foreach (var (key, parameter) in module.named_parameters())
        {
            using var filled = tensor(ParameterValues(key, parameter.shape)).reshape(parameter.shape);
            parameter.copy_(filled);
        }
    }

    /// <summary>What a parameter of this key and shape holds.</summary>
    public static float[] ParameterValues(string key, params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        if (key.EndsWith(".g", StringComparison.Ordinal))
            return Values(key, count, 0.1, 1);
        if (key.EndsWith("mem_kv", StringComparison.Ordinal))
            return Values(key, count);
        if (shape.Length >= 2)
            return Values(key, count, Math.Sqrt(3.0 / (count / shape[0])));
        return key.EndsWith(".weight", StringComparison.Ordinal) ? Values(key, count, 0.1, 1) : Values(key, count, 0.1);
    }

    private static double Value(uint hash, long index)
    {
        var x = unchecked(hash + (uint)index * 0x9E3779B9);
        x ^= x >> 16;
        x = unchecked(x * 0x85EBCA6B);
        x ^= x >> 13;
        x = unchecked(x * 0xC2B2AE35);
        x ^= x >> 16;
        return x / 4294967296.0 * 2 - 1;
    }
}
