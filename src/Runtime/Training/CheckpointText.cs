using System.Text.Json;
using System.Text.Json.Nodes;

namespace UNetGen.Training;

/// <summary>A checkpoint's texts as objects. What an earlier version didn't write yet is as it was before there was a word for it.</summary>
internal static class CheckpointText
{
    // What a file lacks is null or 0 to generated code, whatever the property's initial value is.
    private static readonly JsonObject InfoDefaults = new()
    {
        ["format"] = 1,
        ["training"] = JsonSerializer.SerializeToNode(new TrainingOptions(), CheckpointJson.Default.TrainingOptions),
        ["unetgen_version"] = "unknown",
        ["torchsharp_version"] = "unknown",
        ["dotnet_version"] = "unknown",
    };

    private static readonly JsonObject StateDefaults = new()
    {
        ["data"] = new JsonObject { ["classes"] = new JsonArray() },
        ["ranks"] = 1,
        ["losses"] = new JsonArray(),
        ["gradient_norms"] = new JsonArray(),
    };

    /// <exception cref="JsonException">It says something else.</exception>
    public static CheckpointInfo ReadInfo(JsonObject json) => Filled(json, InfoDefaults).Deserialize(CheckpointJson.Default.CheckpointInfo)!;

    /// <exception cref="JsonException">It says something else.</exception>
    public static TrainingState ReadState(JsonObject json) => Filled(json, StateDefaults).Deserialize(CheckpointJson.Default.TrainingState)!;

    public static JsonObject WriteState(TrainingState state) => (JsonObject)JsonSerializer.SerializeToNode(state, CheckpointJson.Default.TrainingState)!;

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
