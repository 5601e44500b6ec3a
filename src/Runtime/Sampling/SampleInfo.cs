using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;
using Color = System.Drawing.Color;

namespace UNetGen.Sampling;

/// <summary>samples.json: what the pictures of a <see cref="SampleFolder"/> were drawn with.</summary>
internal static class SampleInfo
{
    /// <summary>Its name in the folder.</summary>
    public const string FileName = "samples.json";

    private const string SamplerKey = "sampler";
    private const string HashEnding = "_sha256";
    private const string TimestepsKey = "timesteps" + HashEnding;
    private const string ChannelsKey = "channels";
    private const string GuidanceRescaleKey = "guidance_rescale";
    private const string ContextKey = "context" + HashEnding;
    private const string NegativeContextKey = "negative_context" + HashEnding;
    private const string ConditionKey = "condition" + HashEnding;
    private const string PrecisionKey = "precision";
    private const string KernelsKey = "kernels";
    private const string HooksKey = "hooks";
    private const string BackgroundKey = "background";
    private const string ClassesKey = "classes";

    // Earlier versions didn't write these down.
    private static readonly string[] LaterKeys = [TimestepsKey, ChannelsKey];

    // Written down where there is such a thing: earlier versions' folders have none.
    private static readonly string[] OptionalKeys =
    [
        "negative_class", ContextKey, NegativeContextKey, "edit", "pictures_sha256", "mask_sha256", ConditionKey, PrecisionKey, KernelsKey,
        HooksKey,
    ];

    // For people: a sampler's name has signs that are escaped otherwise.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Indented = new(Readable) { WriteIndented = true };

    /// <summary>What pictures are to be drawn with.</summary>
    public static JsonObject Of(NoisePredictor network, Sampler sampler, SamplingOptions options)
    {
        var settings = PlainSettings(network, sampler, options);
        if (options.NegativeClass is { } negative)
            settings["negative_class"] = negative;
        if (network.Precision != Precision.Float32)
            settings[PrecisionKey] = network.Precision.ToString().ToLowerInvariant();
        if (network.Kernels != KernelForm.Fast)
            settings[KernelsKey] = network.Kernels.ToString().ToLowerInvariant();
        if (network.Hooks.Count > 0)
            settings[HooksKey] = string.Join(' ', network.Hooks);
        foreach (var (key, given) in ((string, Tensor?)[])
            [(ContextKey, options.Context), (NegativeContextKey, options.NegativeContext), (ConditionKey, options.Condition)])
        {
            if (given is not null)
                settings[key] = HashOf(given);
        }
        if (options.Edit is { } edit)
        {
            settings["edit"] = edit.Description;
            foreach (var (name, hash) in edit.Hashes)
                settings[name + HashEnding] = hash;
        }
        return settings;
    }

    private static JsonObject PlainSettings(NoisePredictor network, Sampler sampler, SamplingOptions options) => new()
    {
        ["network"] = network.Info.Name,
        ["spec_sha256"] = network.Info.SpecHash,
        [ChannelsKey] = network.Info.Channels,
        ["weights_sha256"] = Convert.ToHexStringLower(StateDict.Hash(network.state_dict().Select(entry => (entry.Key, entry.Value)))),
        [SamplerKey] = sampler.DescriptionFor(NoiseLevels.Of(network.Diffusion)),
        [TimestepsKey] = HashOf(sampler.Walk(NoiseLevels.Of(network.Diffusion), options.Edit)),
        ["seed"] = options.Seed,
        ["labels"] = options.Labels is null ? null : new JsonArray([.. options.Labels.Select(label => JsonValue.Create(label))]),
        ["guidance"] = options.Guidance,
        [GuidanceRescaleKey] = options.GuidanceRescale,
        ["clip"] = options.Clip ?? network.Diffusion.ClipsEstimates,
    };

    /// <summary>Compares what ranks are to draw together: each draws whole batches, which nothing else would tell apart.</summary>
    /// <param name="ranks">All call it.</param>
    /// <param name="settings">What this one draws with, as <see cref="Of"/> gives it.</param>
    /// <param name="network">Draws.</param>
    /// <param name="options">Which images, and how many at once.</param>
    /// <exception cref="RanksDifferException">They differ.</exception>
    public static void RequireSame(ICollective ranks, JsonObject settings, NetworkInfo network, SamplingOptions options) =>
        RanksDifferException.ThrowUnlessSame(
            ranks, "The ranks aren't to draw the same pictures", "Start all of them with the same network, sampler and options.",
        [
            // As many of each, also where some have an edit.
            .. settings.Select(setting => setting.Key).Except(OptionalKeys).Concat(OptionalKeys).Select(
                key => RankFact.Text(InWords(key), settings[key]?.ToJsonString())),
            RankFact.Number("the images' height", network.ImageHeight),
            RankFact.Number("the images' width", network.ImageWidth),
            RankFact.Number("the number of images", options.Count),
            RankFact.Number("the first image's number", options.FirstImage),
            RankFact.Number("the batch size", options.BatchSize),
            RankFact.Text("the rounding to TF32", $"{options.AllowTf32}"),
        ]);

    /// <summary>As a clause's subject: <c>the negative context</c> for <c>negative_context_sha256</c>.</summary>
    private static string InWords(string key) => $"the {key.Replace(HashEnding, "", StringComparison.Ordinal).Replace('_', ' ')}";

    private static string HashOf(Tensor contexts) =>
        Convert.ToHexStringLower(StateDict.Hash([("context", contexts)]));

    private static string HashOf(IEnumerable<double> times)
    {
        var text = string.Join(' ', times.Select(time => time.ToString(CultureInfo.InvariantCulture)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text)));
    }

    /// <summary>Writes down what a folder's pictures are drawn with, or compares it with what was.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="settings">As <see cref="Of"/> gives them.</param>
    /// <param name="sampler">Draws.</param>
    /// <param name="background">Written down with them and not compared: no picture follows from it.</param>
    /// <param name="classes">Likewise.</param>
    /// <exception cref="UNetGenException">
    /// They were drawn with something else, or the folder has other files and nothing that says it.
    /// </exception>
    public static void Claim(string path, JsonObject settings, Sampler sampler, Color? background, IReadOnlyList<string>? classes)
    {
        var info = Path.Combine(path, FileName);
        if (!File.Exists(info))
        {
            // What a killed program leaves of an unfinished file begins with a point.
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(entry => !Path.GetFileName(entry).StartsWith('.')))
                throw new UNetGenException(
                    $"The folder {path} isn't empty and has no {FileName}, so that it can't be continued. Name another.");
            var written = (JsonObject)settings.DeepClone();
            if (background is { } colour)
                written[BackgroundKey] = BackgroundText.Of(colour);
            if (classes is { Count: > 0 })
                written[ClassesKey] = new JsonArray([.. classes.Select(name => JsonValue.Create(name))]);
            AtomicFile.Write(info, stream => stream.Write(Encoding.UTF8.GetBytes(written.ToJsonString(Indented) + "\n")));
            return;
        }

        var there = Read(info, "so that the folder can't be continued. Name another.");
        // Earlier versions, which say nothing of it, had none.
        if (!there.ContainsKey(GuidanceRescaleKey))
            there[GuidanceRescaleKey] = 0.0;
        if (there[SamplerKey] is JsonValue text && text.TryGetValue<string>(out var described))
            there[SamplerKey] = WithSpacingInWords(described);
        var differences = settings
            .Concat(OptionalKeys.Where(key => !settings.ContainsKey(key)).Select(key => KeyValuePair.Create<string, JsonNode?>(key, null)))
            .Where(setting => there.ContainsKey(setting.Key) || !LaterKeys.Contains(setting.Key))
            .Where(setting => !JsonNode.DeepEquals(setting.Value, there[setting.Key]))
            .Select(setting => $"{setting.Key} is {Shown(there[setting.Key])} there and {Shown(setting.Value)} now")
            .ToList();
        if (!there.ContainsKey(TimestepsKey)
            && sampler is SpacedSampler { Spacing: TimestepSpacing.Linspace or TimestepSpacing.Trailing } spaced)
            differences.Add(
                $"it doesn't say at which timesteps, and with the spacing {spaced.Spacing.Value.Word()} "
                + "earlier versions had others at some numbers of steps");
        if (differences.Count > 0)
            throw new UNetGenException(
                $"The pictures in {path} were drawn with other settings: {string.Join("; ", differences)}. Draw with the same, or name "
                    + "another folder.");
    }

    /// <summary>Earlier versions wrote a spacing's name in C#.</summary>
    private static string WithSpacingInWords(string sampler) => Enum.GetValues<TimestepSpacing>().Aggregate(
        sampler, (text, spacing) => text.Replace($", spacing {spacing}", $", spacing {spacing.Word()}", StringComparison.Ordinal));

    /// <summary>As <see cref="SampleFolder.Describe"/> gives it.</summary>
    /// <param name="info">The file.</param>
    /// <exception cref="UNetGenException">It is damaged, or says something else.</exception>
    public static (string Network, int? Channels, IReadOnlyList<int>? Labels) Describe(string info)
    {
        var settings = Read(info, "so that nothing says what its pictures were drawn with.");
        try
        {
            var labels = settings["labels"]?.AsArray().Select(label => label!.GetValue<int>()).ToArray();
            if (labels is not null && (labels.Length == 0 || labels.Min() < 0))
                throw new FormatException("Classes are numbers from 0.");
            var channels = settings[ChannelsKey]?.GetValue<int>();
            if (channels is not (null or 1 or 3))
                throw new FormatException("Pictures have 1 channel or 3.");
            // All frames of a strip are of its class.
            var each = Math.Clamp(Interpolation.FramesIn(settings["edit"]?.GetValue<string>()) ?? 1, 1, Interpolation.MostFrames);
            return (
                settings["network"]!.GetValue<string>(), channels,
                labels is null || each == 1 ? labels : [.. labels.SelectMany(label => Enumerable.Repeat(label, each))]);
        }
        catch (Exception error) when (error is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new UNetGenException($"{info} doesn't say which network and labels its pictures were drawn with.", error);
        }
    }

    /// <summary>As <see cref="SampleFolder.Background"/> was when the folder was begun.</summary>
    /// <param name="info">The file.</param>
    /// <exception cref="UNetGenException">It is damaged, or says something else.</exception>
    public static Color? BackgroundIn(string info) =>
        Read(info, "so that nothing says what its pictures were drawn with.")[BackgroundKey] switch
        {
            null => null,
            JsonValue value when value.TryGetValue<string>(out var text) && BackgroundText.Read(text) is { } colour => colour,
            var other => throw new UNetGenException($"{info} says a background that is no #rrggbb: {Shown(other)}."),
        };

    /// <summary>As <see cref="SampleFolder.Classes"/> was when the folder was begun.</summary>
    /// <param name="info">The file.</param>
    /// <exception cref="UNetGenException">It is damaged, or says something else.</exception>
    public static IReadOnlyList<string>? ClassesIn(string info) =>
        Read(info, "so that nothing says what its pictures were drawn with.")[ClassesKey] switch
        {
            null => null,
            JsonArray names when names.All(name => name?.GetValueKind() == JsonValueKind.String) =>
                [.. names.Select(name => name!.GetValue<string>())],
            var other => throw new UNetGenException($"{info} says classes that are no list of names: {Shown(other)}."),
        };

    private static JsonObject Read(string info, string consequence)
    {
        try
        {
            return JsonText.Object(RegularFile.ReadSmall(info));
        }
        catch (JsonException error)
        {
            throw new UNetGenException($"{info} is damaged ({JsonText.Explain(error).TrimEnd('.')}), {consequence}", error);
        }
    }

    private static string Shown(JsonNode? value) => Excerpt.Of(value?.ToJsonString(Readable) ?? "null");
}
