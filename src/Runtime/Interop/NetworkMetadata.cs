namespace UNetGen.Interop;

/// <summary>What a file of a network's tensors says about the network, in its safetensors metadata, so that it can stand alone.</summary>
internal static class NetworkMetadata
{
    public const string NetworkKey = "unetgen.network";
    public const string SpecKey = "unetgen.spec";
    public const string SpecHashKey = "unetgen.spec_sha256";

    public static Dictionary<string, string> Of(NetworkInfo info) => new()
    {
        // Other programs ask for this one: the layout of the tensors is PyTorch's.
        ["format"] = "pt",
        [NetworkKey] = info.Name,
        [SpecKey] = info.Spec,
        [SpecHashKey] = info.SpecHash,
    };
}
