using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>Folders of latents, as tests need them.</summary>
internal static class LatentFiles
{
    /// <summary>Writes a file of tensors into a folder.</summary>
    public static string Write(string folder, string name, params (string Name, Tensor Values)[] tensors)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, name);
        SafetensorsFile.Write(path, tensors.Select(tensor => KeyValuePair.Create(tensor.Name, tensor.Values)));
        foreach (var (_, values) in tensors)
            values.Dispose();
        return path;
    }

    /// <summary>Numbers that all differ, from <paramref name="first"/> on in steps of 1/8, which every type holds exactly.</summary>
    public static Tensor Numbers(double first, params long[] shape) =>
        (arange(shape.Aggregate(1L, (product, size) => product * size), dtype: ScalarType.Float32) / 8 + first).reshape(shape);
}
