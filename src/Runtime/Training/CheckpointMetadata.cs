using System.Security.Cryptography;
using System.Text;
using UNetGen.Interop;

namespace UNetGen.Training;

/// <summary>What each safetensors file of a checkpoint says of its network, so that it can stand alone.</summary>
internal static class CheckpointMetadata
{
    private const string NetworkKey = "unetgen.network";
    private const string SpecKey = "unetgen.spec";
    private const string SpecHashKey = "unetgen.spec_sha256";

    /// <exception cref="UNetGenException">The network contradicts itself: what was written of it couldn't be read again.</exception>
    public static IReadOnlyDictionary<string, string> Of(NetworkInfo network)
    {
        RequireConsistent(network);
        return new Dictionary<string, string>
        {
            // Other programs ask for this one: the layout of the tensors is PyTorch's.
            ["format"] = "pt",
            [NetworkKey] = network.Name,
            [SpecKey] = network.Spec,
            [SpecHashKey] = network.SpecHash,
        };
    }

    /// <exception cref="UNetGenException">A network's hash isn't that of its spec, as can be where its class was written by hand.</exception>
    public static void RequireConsistent(NetworkInfo network)
    {
        if (!IsHashOf(network.Spec, network.SpecHash))
        {
            throw new UNetGenException(
                $"{network.Name} contradicts itself: the {nameof(NetworkInfo.SpecHash)} of its {nameof(NetworkInfo)} isn't the SHA-256 of its {nameof(NetworkInfo.Spec)}, "
                + "so nothing could be saved of it that can be loaded again.");
        }
    }

    /// <summary>Whether a spec is the one that a hash stands for.</summary>
    public static bool IsHashOf(string spec, string hash) => hash.Equals(CheckpointSums.Text(SHA256.HashData(Encoding.UTF8.GetBytes(spec))), StringComparison.OrdinalIgnoreCase);

    /// <exception cref="CheckpointException">It doesn't say.</exception>
    public static (string Network, string Spec, string SpecHash) Read(SafetensorsFile file)
    {
        string Text(string key) => file.Metadata.TryGetValue(key, out var text)
            ? text
            : throw new CheckpointException($"{file.Path} doesn't say which network it belongs to: its metadata lacks {key}. Was it written by another program?");

        var read = (Network: Text(NetworkKey), Spec: Text(SpecKey), SpecHash: Text(SpecHashKey));
        return IsHashOf(read.Spec, read.SpecHash)
            ? read
            : throw new CheckpointException($"{file.Path} contradicts itself: its metadata's {SpecHashKey} isn't the SHA-256 of its {SpecKey}. "
                + "One of them was changed; take the file anew from where it was written.");
    }

    /// <summary>The spec of a file that may be another program's; null where it names none.</summary>
    /// <exception cref="CheckpointException">It contradicts itself.</exception>
    public static string? FindSpec(SafetensorsFile file) => file.Metadata.ContainsKey(SpecKey) ? Read(file).Spec : null;
}
