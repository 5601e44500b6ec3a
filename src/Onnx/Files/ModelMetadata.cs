using System.Globalization;
using System.Text;
using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;

namespace UNetGen.Onnx.Files;

/// <summary>What a file says of itself, so that it can stand alone.</summary>
internal static class ModelMetadata
{
    /// <param name="network">Its class and spec.</param>
    /// <param name="hooks">What the user's part of the class adds, which isn't in the file.</param>
    /// <param name="doubts">What speaks against drawing with the weights.</param>
    /// <param name="diffusion">The network's.</param>
    /// <param name="levels">The diffusion's numbers.</param>
    /// <param name="sampler">Null: the file is the network alone.</param>
    /// <param name="classes">Names by label; null where they aren't known.</param>
    public static IReadOnlyDictionary<string, string> Of(
        NetworkInfo network, IReadOnlyList<string> hooks, IReadOnlyList<string> doubts, DiffusionOptions diffusion, NoiseLevels levels,
        Sampler? sampler, IReadOnlyList<string>? classes)
    {
        var metadata = NetworkMetadata.Of(network, hooks, doubts);
        // That of safetensors files, which PyTorch's programs ask for.
        metadata.Remove("format");
        metadata.Add("unetgen.diffusion", Json(json => Write(json, diffusion, levels)));
        if (sampler is not null)
            metadata.Add("unetgen.sampler", sampler.DescriptionFor(levels));
        if (classes is { Count: > 0 })
        {
            metadata.Add("unetgen.classes", Json(json =>
            {
                json.WriteStartArray();
                foreach (var name in classes)
                    json.WriteStringValue(name);
                json.WriteEndArray();
            }));
        }
        return metadata;
    }

    /// <summary>With all that a sampler in another language needs.</summary>
    private static void Write(Utf8JsonWriter json, DiffusionOptions diffusion, NoiseLevels levels)
    {
        json.WriteStartObject();
        if (levels is NoiseSchedule schedule)
            Write(json, diffusion, schedule);
        else
            json.WriteString("type", Word(diffusion.Type));
        if (levels is FlowLevels)
            json.WriteNumber("shift", diffusion.Shift);
        if (levels is EdmLevels)
        {
            json.WriteNumber("sigma_data", diffusion.SigmaData);
            json.WriteNumber("sigma_min", diffusion.SigmaMin);
            json.WriteNumber("sigma_max", diffusion.SigmaMax);
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, DiffusionOptions diffusion, NoiseSchedule schedule)
    {
        json.WriteNumber("timesteps", diffusion.Timesteps);
        json.WriteString("schedule", Word(diffusion.Schedule));
        json.WriteString("objective", Word(diffusion.Objective));
        json.WriteString("variance", Word(diffusion.Variance));
        json.WriteStartArray("alphas_cumprod");
        foreach (var alphaBar in schedule.AlphasCumprod)
            json.WriteRawValue(alphaBar.ToString("R", CultureInfo.InvariantCulture));
        json.WriteEndArray();
    }

    /// <summary>As the spec has it.</summary>
    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            write(json);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
