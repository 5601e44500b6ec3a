using TorchSharp;

namespace UNetGen.Interop;

/// <summary>
/// A sum of a file's tensors in its own metadata, by which a file that stands alone, with no sums beside it, shows that a disk or a copy
/// has changed its numbers. Files of other programs have none.
/// </summary>
internal static class TensorSum
{
    private const string Key = "unetgen.tensors_sha256";

    /// <summary>Metadata with the sum of what is to be written.</summary>
    public static Dictionary<string, string> Added(
        IEnumerable<KeyValuePair<string, string>> metadata, IEnumerable<KeyValuePair<string, torch.Tensor>> tensors) =>
        new(metadata) { [Key] = Of(tensors) };

    /// <exception cref="SafetensorsException">The file says which sum its tensors have, and they have another.</exception>
    public static void Check(SafetensorsFile file, IEnumerable<KeyValuePair<string, torch.Tensor>> tensors) =>
        Check(file, () => Of(tensors));

    /// <summary>The same, for which all tensors are read once and no libtorch is needed.</summary>
    /// <exception cref="SafetensorsException">The file says which sum its tensors have, and they have another.</exception>
    public static void Check(SafetensorsFile file) => Check(file, () => Convert.ToHexStringLower(StateDict.Hash(
        file.Entries.Select(
            entry => (entry.Name, new TensorForm(entry.DType, entry.Shape), (Func<byte[]>)(() => file.ReadBytes(entry)))))));

    private static void Check(SafetensorsFile file, Func<string> sumOfTensors)
    {
        if (file.Metadata.TryGetValue(Key, out var sum) && !sum.Equals(sumOfTensors(), StringComparison.OrdinalIgnoreCase))
            throw new SafetensorsException(
                file.Path, $"its numbers aren't those that were written: they have another sum than {Key} in its metadata. Take the file anew "
                + "from where it was written; who has changed the numbers on purpose leaves that key out.");
    }

    private static string Of(IEnumerable<KeyValuePair<string, torch.Tensor>> tensors) =>
        Convert.ToHexStringLower(StateDict.Hash(tensors.Select(tensor => (tensor.Key, tensor.Value))));
}
