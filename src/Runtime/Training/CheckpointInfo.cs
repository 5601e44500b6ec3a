using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;

namespace UNetGen.Training;

/// <summary>What <c>checkpoint.json</c> says: where the weights beside it come from.</summary>
public sealed record CheckpointInfo
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        IndentSize = 2,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        // A training that was stopped before its first step has no loss: NaN.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The network's class.</summary>
    public required string Network { get; init; }

    /// <summary>SHA-256 of its spec.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Steps trained.</summary>
    public required int Step { get; init; }

    /// <summary>The loss at the end, as <see cref="TrainingSummary.Loss"/>.</summary>
    public required double Loss { get; init; }

    /// <summary>How it was trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The version of this library that wrote it.</summary>
    public string UnetgenVersion { get; init; } = VersionOf(typeof(CheckpointInfo).Assembly);

    /// <summary>The version of TorchSharp that it was trained with.</summary>
    public string TorchsharpVersion { get; init; } = VersionOf(typeof(torch).Assembly);

    internal void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");

    /// <exception cref="JsonException">The text is another.</exception>
    internal static CheckpointInfo Read(string path) =>
        JsonSerializer.Deserialize<CheckpointInfo>(File.ReadAllText(path), Json) ?? throw new JsonException("It holds null.");

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
