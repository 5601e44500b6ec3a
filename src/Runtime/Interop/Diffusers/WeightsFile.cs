using System.Globalization;
using UNetGen.Files;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Interop.Diffusers;

/// <summary>The weights of a model as diffusers names and stores them.</summary>
internal static class WeightsFile
{
    public const string Name = "diffusion_pytorch_model.safetensors";

    /// <param name="path">The file.</param>
    /// <param name="model">What diffusers calls its model, for advice.</param>
    /// <exception cref="DiffusersException">There is none, but perhaps one of another kind.</exception>
    /// <exception cref="SafetensorsException">It isn't valid, or was cut short.</exception>
    public static SafetensorsFile Open(string path, string model)
    {
        if (Presence.OfFile(path))
            return SafetensorsFile.Open(path);
        var folder = Path.GetDirectoryName(path)!;
        var others = Directory.EnumerateFiles(folder, "diffusion_pytorch_model*").Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal).ToList();
        var advice = others.FirstOrDefault() switch
        {
            null => "it holds no weights.",
            _ when others.Find(name => name.EndsWith(".index.json", StringComparison.Ordinal)) is { } index =>
                $"its weights are in several files ({index}); write them as one, in Python: "
                    + $"{model}.from_pretrained(folder).save_pretrained(folder, max_shard_size=\"100GB\").",
            _ when others.Find(name => name.EndsWith(".safetensors", StringComparison.Ordinal)) is { } variant =>
                $"it has a variant of the weights, {variant}; name that {Name} if you want it.",
            var pickle => $"its weights are pickled ({pickle}), and reading a pickle runs whatever program is in it; write them as "
                + "safetensors, in Python where you trust it: "
                + $"{model}.from_pretrained(folder).save_pretrained(folder).",
        };
        throw new DiffusersException($"{folder} has no {Name}: {advice}", []);
    }

    /// <summary>All tensors under today's keys.</summary>
    /// <param name="file">Any.</param>
    /// <param name="network">Whose types are wanted.</param>
    /// <param name="convert">Whether to turn other floating types into those.</param>
    /// <returns>The tensors; of the caller's dispose scope.</returns>
    /// <exception cref="DiffusersException">
    /// Types differ, and <paramref name="convert"/> is false; or a number is beyond the other type's.
    /// </exception>
    /// <exception cref="SafetensorsException">It is damaged.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(SafetensorsFile file, NoisePredictor network, bool convert)
    {
        var state = network.state_dict();
        var present = file.Entries.Select(entry => entry.Name).ToHashSet();
        // Both names for one tensor is a file that nobody wrote: the old one is then unexpected.
        var keys = file.Entries.ToDictionary(
            entry => entry, entry => present.Contains(AttentionKeys.Current(entry.Name)) ? entry.Name : AttentionKeys.Current(entry.Name));
        var others =
            file.Entries.Where(
                entry => state.TryGetValue(keys[entry], out var target) && target.dtype != entry.DType && target.is_floating_point()
                    && IsFloating(entry.DType)).ToList();
        if (others.Count > 0 && !convert)
        {
            throw new DiffusersException(
                $"{file.Path} holds {others[0].DType.ToString().ToLowerInvariant()} ({others.Count} of {Counted.Of(file.Entries.Count, "tensor")}, as {Excerpt.Of(others[0].Name)}), and {network.Info.Name} "
                + $"{state[keys[others[0]]].dtype.ToString().ToLowerInvariant()}: converting them is yours to choose (convert: true, --convert).", []);
        }

        var tensors = file.ReadAll();
        return file.Entries.ToDictionary(
            entry => keys[entry],
            entry => others.Contains(entry) ? Convert(file, entry, tensors[entry.Name], state[keys[entry]].dtype) : tensors[entry.Name]);
    }

    private static Tensor Convert(SafetensorsFile file, SafetensorsEntry entry, Tensor given, ScalarType type)
    {
        var converted = given.to(type);
        using var scope = NewDisposeScope();
        var lost = converted.isinf().logical_and(given.isfinite()).sum().item<long>();
        if (lost > 0)
            throw new DiffusersException(string.Create(
                CultureInfo.InvariantCulture,
                $"{file.Path} holds numbers that {type.ToString().ToLowerInvariant()} doesn't: {lost:N0} of {given.numel():N0} in "
                    + $"'{Excerpt.Of(entry.Name)}' are beyond its greatest, and would be infinite."), []);
        return converted;
    }

    private static bool IsFloating(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
}
