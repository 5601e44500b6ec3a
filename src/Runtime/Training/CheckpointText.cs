using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using UNetGen.Data;
using UNetGen.Interop;

namespace UNetGen.Training;

/// <summary>
/// A checkpoint's texts as objects. What an earlier version didn't write yet is as it was before there was a word for it.
/// </summary>
internal static class CheckpointText
{
    // Beyond any training; what is counted from there on stays within its type.
    public const int MostSteps = 2_000_000_000;
    private const long MostImages = 1L << 53;
    private const double MostSeconds = 1e11;

    // What a file lacks is null or 0 to generated code, whatever the property's initial value is.
    private static readonly JsonObject InfoDefaults = new()
    {
        ["format"] = 1,
        ["training"] = JsonSerializer.SerializeToNode(new TrainingOptions(), CheckpointJson.Default.TrainingOptions),
        ["unetgen_version"] = "unknown",
        ["torchsharp_version"] = "unknown",
        ["dotnet_version"] = "unknown",
    };

    private static readonly JsonObject StateDefaults = WriteState(new TrainingState());

    static CheckpointText() => StateDefaults["data"] = new JsonObject { ["classes"] = new JsonArray() };

    /// <exception cref="JsonException">It says something else.</exception>
    public static CheckpointInfo ReadInfo(JsonObject json)
    {
        var info = Filled(json, InfoDefaults).Deserialize(CheckpointJson.Default.CheckpointInfo)!;
        Check(info.Format > 0, "format", info.Format);
        Check(info.Step is >= 0 and <= MostSteps, "step", info.Step);
        Check(IsLoss(info.Loss) || double.IsNaN(info.Loss), "loss", info.Loss);
        Check(NetworkMetadata.IsHashOf(info.Spec, info.SpecHash), "spec_hash", info.SpecHash, "the SHA-256 of its spec is another");
        foreach (var (file, size) in info.Files)
            Check(size >= 0 && file.EndsWith(CheckpointFolder.Extension, StringComparison.Ordinal), "files", $"{file}: {size}");
        return info;
    }

    /// <exception cref="JsonException">It says something else.</exception>
    public static TrainingState ReadState(JsonObject json, int step)
    {
        var state = Filled(json, StateDefaults).Deserialize(CheckpointJson.Default.TrainingState)!;
        Check(state.Ranks > 0, "ranks", state.Ranks);
        Check(state.Images is null or (>= 0 and <= MostImages), "images", state.Images);
        Check(state.ElapsedSeconds >= 0 && state.ElapsedSeconds <= MostSeconds, "elapsed_seconds", state.ElapsedSeconds);
        Check(state.Skipped >= 0 && state.Skipped <= step, "skipped", state.Skipped);
        Check(
            state.ConsecutivelySkipped >= 0 && state.ConsecutivelySkipped <= state.Skipped, "consecutively_skipped",
            state.ConsecutivelySkipped);
        Check(
            state.Data?.Background is null || BackgroundText.Read(state.Data.Background) is not null, "background", state.Data?.Background);
        CheckAll("first_shares", state.FirstShares ?? [], share => share is >= 0 and <= 1);
        CheckAll("start_shares", state.StartShares ?? [], share => share is >= 0 and <= 1);
        Check(
            state.FirstError is null || (state.FirstError > 0 && double.IsFinite(state.FirstError.Value)), "first_error", state.FirstError);
        Check(state.LossScale is null or (>= LossScale.Least and <= LossScale.Most), "loss_scale", state.LossScale);
        Check(state.LossScaleSteps is null or (>= 0 and < LossScale.GrowthInterval), "loss_scale_steps", state.LossScaleSteps);
        CheckAll("losses", state.Losses, IsLoss);
        CheckAll("gradient_norms", state.GradientNorms, norm => norm >= 0 && double.IsFinite(norm));
        if (state.Losses.Count > StepGuard.Window)
            throw new JsonException($"`losses` has {state.Losses.Count} numbers, and a training keeps the last {StepGuard.Window}.");
        if (state.GradientNorms.Count != state.Losses.Count)
            throw new JsonException(
                $"`gradient_norms` has {Counted.Of(state.GradientNorms.Count, "number")}, "
                + $"but `losses`, of the same steps, {state.Losses.Count}.");
        return state;
    }

    /// <summary>Whether a training can have it: a mean of squares, or of what is no less than 0 either, in float32.</summary>
    public static bool IsLoss(double value) => value is >= 0 and <= float.MaxValue;

    public static JsonObject WriteState(TrainingState state) =>
        (JsonObject)JsonSerializer.SerializeToNode(state, CheckpointJson.Default.TrainingState)!;

    private static void CheckAll(string key, IReadOnlyList<double> values, Predicate<double> holds)
    {
        foreach (var (index, value) in values.Index())
            Check(holds(value), $"{key}[{index}]", value);
    }

    private static void Check<T>(bool holds, string key, T value, string why = "which no training can have")
    {
        if (!holds)
            throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"`{key}` is {value}, {why}."));
    }

    private static JsonObject Filled(JsonObject json, JsonObject defaults)
    {
        var filled = (JsonObject)json.DeepClone();
        Fill(filled, defaults);
        RefuseNullItems(filled);
        return filled;
    }

    /// <summary>Adds what an earlier version didn't write. What is itself an object must be there, or is required.</summary>
    private static void Fill(JsonObject json, JsonObject defaults)
    {
        foreach (var (key, value) in defaults)
        {
            if (!json.TryGetPropertyValue(key, out var given))
            {
                if (value is not JsonObject)
                    json[key] = value?.DeepClone();
            }
            else if (value is JsonObject inner)
            {
                if (given is JsonObject below)
                    Fill(below, inner);
            }
            else if (value is JsonArray { Count: 1 } && value[0] is JsonObject item && given is JsonArray list)
            {
                foreach (var element in list.OfType<JsonObject>())
                    Fill(element, item);
            }
        }
    }

    /// <summary>Generated code takes one where none can be.</summary>
    private static void RefuseNullItems(JsonNode? node)
    {
        if (node is JsonArray list && list.Contains(null))
            throw new JsonException($"A list holds null. Path: {list.GetPath()}.");
        foreach (var inner in node switch { JsonObject json => json.Select(pair => pair.Value), JsonArray items => items, _ => [] })
            RefuseNullItems(inner);
    }
}
