using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using UNetGen.Files;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>What <c>checkpoint.json</c> says: where the tensors beside it come from, and how their training goes on.</summary>
public sealed record CheckpointInfo
{
    /// <summary>The file's name, in every checkpoint's folder.</summary>
    public const string FileName = "checkpoint.json";

    private const int CurrentFormat = 1;

    /// <summary>The version of the folder's layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The network's class.</summary>
    public required string Network { get; init; }

    /// <summary>Its whole spec, <see cref="NetworkInfo.Spec"/>.</summary>
    public required string Spec { get; init; }

    /// <summary>SHA-256 of its spec.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Steps trained.</summary>
    public required int Step { get; init; }

    /// <summary>The smoothed loss, no less than 0; NaN where there was none yet.</summary>
    public required double Loss { get; init; }

    /// <summary>How it was trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>What else the training needs to go on.</summary>
    public required JsonObject State { get; init; }

    /// <summary>Bytes of each file with tensors.</summary>
    public required IReadOnlyDictionary<string, long> Files { get; init; }

    /// <summary>The version of this library that wrote it.</summary>
    public string UnetgenVersion { get; init; } = VersionOf(typeof(CheckpointInfo).Assembly);

    /// <summary>The version of TorchSharp that it was trained with.</summary>
    public string TorchsharpVersion { get; init; } = VersionOf(typeof(torch).Assembly);

    /// <summary>The version of .NET that it was trained with.</summary>
    public string DotnetVersion { get; init; } = Environment.Version.ToString();

    internal byte[] ToUtf8() => [.. JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Default.CheckpointInfo), (byte)'\n'];

    /// <param name="utf8">The file's content.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The text is another.</exception>
    internal static CheckpointInfo Read(ReadOnlySpan<byte> utf8, string path)
    {
        try
        {
            var json = JsonText.Object(utf8);
            // Before all else: a later format may have other keys.
            if (json["format"] is JsonValue format && format.TryGetValue(out int version) && version > CurrentFormat)
                throw new CheckpointException(
                    $"{path} is of format {version}, but this version of UNetGen reads formats up to {CurrentFormat}. Use the version that "
                        + "wrote it, or a newer one.");
            return CheckpointText.ReadInfo(json);
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path} isn't what this version of UNetGen writes: {JsonText.Explain(error)}", error);
        }
    }

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
