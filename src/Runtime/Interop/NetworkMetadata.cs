using System.Security.Cryptography;
using System.Text;
using UNetGen.Networks;

namespace UNetGen.Interop;

/// <summary>What each safetensors file of ours says of its network, so that it can stand alone.</summary>
internal static class NetworkMetadata
{
    /// <summary>In files of classifiers, which are no networks that draw.</summary>
    internal const string ClassifierKey = "unetgen.classifier.images";

    private const string NetworkKey = "unetgen.network";
    private const string SpecKey = "unetgen.spec";
    private const string SpecHashKey = "unetgen.spec_sha256";
    private const string DoubtsKey = "unetgen.doubts";
    private const string HooksKey = "unetgen.hooks";
    private const string ImagesKey = "unetgen.images";
    private const string Pictures = "pictures";
    private const string Latents = "latents";
    private const int MostDoubts = 20;

    /// <param name="predictor">
    /// Its class and spec, what the user's part of the class adds, and whether its images have values in [-1, 1].
    /// </param>
    /// <param name="doubts">What speaks against drawing with the weights, a sentence each.</param>
    /// <param name="hooks">What the class that was trained has; null: it is the predictor's.</param>
    /// <exception cref="UNetGenException">The network contradicts itself: what was written of it couldn't be read again.</exception>
    public static IReadOnlyDictionary<string, string> Of(
        NoisePredictor predictor, IReadOnlyList<string> doubts, IReadOnlyList<string>? hooks = null)
    {
        var metadata = Of(predictor.Info, hooks ?? predictor.Hooks, [.. doubts.Union(BorrowedWeights.DoubtsOf(predictor))]);
        if (predictor.IsBounded is { } isBounded)
            metadata.Add(ImagesKey, isBounded ? Pictures : Latents);
        return metadata;
    }

    /// <param name="network">Its class and spec.</param>
    /// <param name="hooks">What the user's part of the class adds.</param>
    /// <param name="doubts">What speaks against drawing with the weights, a sentence each.</param>
    /// <exception cref="UNetGenException">The network contradicts itself: what was written of it couldn't be read again.</exception>
    public static Dictionary<string, string> Of(NetworkInfo network, IReadOnlyList<string> hooks, IReadOnlyList<string> doubts)
    {
        RequireConsistent(network);
        var metadata = new Dictionary<string, string>
        {
            // Other programs ask for this one: the layout of the tensors is PyTorch's.
            ["format"] = "pt",
            [NetworkKey] = network.Name,
            [SpecKey] = network.Spec,
            [SpecHashKey] = network.SpecHash,
        };
        if (doubts.Count > 0)
            metadata.Add(DoubtsKey, string.Join('\n', doubts));
        if (hooks.Count > 0)
            metadata.Add(HooksKey, string.Join(' ', hooks));
        return metadata;
    }

    /// <exception cref="UNetGenException">
    /// A network's hash isn't that of its spec, as can be where its class was written by hand.
    /// </exception>
    public static void RequireConsistent(NetworkInfo network)
    {
        if (!IsHashOf(network.Spec, network.SpecHash))
        {
            throw new UNetGenException(
                $"{network.Name} contradicts itself: the {nameof(NetworkInfo.SpecHash)} of its {nameof(NetworkInfo)} isn't the SHA-256 of "
                    + $"its {nameof(NetworkInfo.Spec)}, "
                + "so nothing could be saved of it that can be loaded again.");
        }
    }

    /// <summary>Whether a spec is the one that a hash stands for.</summary>
    public static bool IsHashOf(string spec, string hash) =>
        hash.Equals(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(spec))), StringComparison.OrdinalIgnoreCase);

    /// <summary>The network that a file says it belongs to.</summary>
    /// <param name="file">Any.</param>
    /// <param name="problem">Why the file doesn't say it, as a sentence; null where it does.</param>
    public static (string Network, string Spec, string SpecHash) Read(SafetensorsFile file, out string? problem)
    {
        var read = (Network: Text(NetworkKey), Spec: Text(SpecKey), SpecHash: Text(SpecHashKey));
        var missing = new[] { NetworkKey, SpecKey, SpecHashKey }.FirstOrDefault(key => !file.Metadata.ContainsKey(key));
        problem = file.Metadata.ContainsKey(ClassifierKey)
            ? $"{file.Path} is a classifier, by which `evaluate` measures pictures (`--features`), and no network that draws any."
            : missing is not null
            ? $"{file.Path} doesn't say which network it belongs to: its metadata lacks {missing}. Was it written by another program?"
            : IsHashOf(read.Spec, read.SpecHash)
            ? null
            : $"{file.Path} contradicts itself: its metadata's {SpecHashKey} isn't the SHA-256 of its {SpecKey}. "
                + "One of them was changed; take the file anew from where it was written.";
        return read;

        string Text(string key) => file.Metadata.GetValueOrDefault(key, "");
    }

    /// <summary>What a file says against drawing with its weights, a sentence each.</summary>
    public static IReadOnlyList<string> DoubtsOf(SafetensorsFile file) => file.Metadata.TryGetValue(DoubtsKey, out var doubts)
        ? [.. doubts.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(MostDoubts).Select(Excerpt.Of)]
        : [];

    /// <summary>What a file says of the images that its weights were trained on: as <see cref="NoisePredictor.IsBounded"/>.</summary>
    public static bool? AreBounded(SafetensorsFile file) => file.Metadata.GetValueOrDefault(ImagesKey) switch
    {
        Pictures => true,
        Latents => false,
        _ => null,
    };

    /// <summary>Which hooks the class had that a file's weights were trained with.</summary>
    public static IReadOnlyList<string> HooksOf(SafetensorsFile file) => [.. NoisePredictor.HookNames.Intersect(
        file.Metadata.GetValueOrDefault(HooksKey, "").Split(' '))];

    /// <summary>Whether a file, which may be another program's, names a spec.</summary>
    public static bool HasSpec(SafetensorsFile file) => file.Metadata.ContainsKey(SpecKey);
}
