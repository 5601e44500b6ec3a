using UNetGen.Interop;

namespace UNetGen.Training;

/// <summary>What each safetensors file of a checkpoint says of its network, so that it can stand alone.</summary>
internal static class CheckpointMetadata
{
    private const string NetworkKey = "unetgen.network";
    public const string SpecKey = "unetgen.spec";
    private const string SpecHashKey = "unetgen.spec_sha256";

    public static IReadOnlyDictionary<string, string> Of(NetworkInfo network) => new Dictionary<string, string>
    {
        // Other programs ask for this one: the layout of the tensors is PyTorch's.
        ["format"] = "pt",
        [NetworkKey] = network.Name,
        [SpecKey] = network.Spec,
        [SpecHashKey] = network.SpecHash,
    };

    /// <exception cref="CheckpointException">It doesn't say.</exception>
    public static (string Network, string Spec, string SpecHash) Read(SafetensorsFile file)
    {
        string Text(string key) => file.Metadata.TryGetValue(key, out var text)
            ? text
            : throw new CheckpointException($"{file.Path} doesn't say which network it belongs to: its metadata lacks {key}. Was it written by another program?");

        return (Text(NetworkKey), Text(SpecKey), Text(SpecHashKey));
    }
}
