using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using UNetGen.Files;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// A network as diffusers' pipelines keep it on disk: the configuration of a UNet2DModel or a UNet2DConditionModel, and of its
/// scheduler, as JSON, and the weights as safetensors. Both layouts are read, <c>unet/</c> and <c>scheduler/</c> or, as in
/// google/ddpm-cifar10-32, everything in one folder; of a pipeline with an autoencoder and a text encoder, as Stable Diffusion's, these
/// two parts.
/// </summary>
/// <remarks>
/// What can be expressed on both sides, and what can't: docs/exchange.md. Whatever can't is an error, never an approximation.
/// </remarks>
public sealed partial class DiffusersFolder
{
    private const string ConfigName = "config.json";
    private const string SchedulerConfigName = "scheduler_config.json";
    private const string PipelineName = "model_index.json";

    /// <summary>Parts of a pipeline that make latents of pictures, and contexts of texts, or look at what was drawn.</summary>
    private static readonly string[] AroundLatents =
    [
        "vae", "text_encoder", "tokenizer", "safety_checker", "feature_extractor", "image_encoder", "requires_safety_checker",
    ];

    private readonly DiffusersModel model;
    private readonly IReadOnlyList<string> remarks;

    private DiffusersFolder(
        string path, string weightsPath, DiffusersModel model, IReadOnlyList<string> remarks, IReadOnlyList<string> doubts, bool? isBounded)
    {
        Doubts = doubts;
        IsBounded = isBounded;
        Path = path;
        // The process may go elsewhere before they are loaded.
        WeightsPath = System.IO.Path.GetFullPath(weightsPath);
        this.model = model;
        this.remarks = remarks;
    }

    /// <summary>The folder as it was given.</summary>
    public string Path { get; }

    /// <summary>The full path where the weights belong, whether they are there or not; <see cref="SpecYaml"/> does without.</summary>
    public string WeightsPath { get; }

    /// <summary>
    /// What speaks against drawing with the weights, a sentence each, where they were written here; none of those of other programs.
    /// </summary>
    public IReadOnlyList<string> Doubts { get; }

    /// <summary>
    /// Whether the images that the weights were trained on have values in [-1, 1], as <see cref="NoisePredictor.IsBounded"/> of the network
    /// that was written here; null of other programs' folders, which don't say it.
    /// </summary>
    public bool? IsBounded { get; }

    /// <summary>Reads a folder's configuration, and no weights.</summary>
    /// <param name="path">A folder on disk, with model_index.json or config.json in it.</param>
    /// <exception cref="DiffusersException">A file is missing, or says what can't be expressed here; all reasons are listed.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file or a folder may not be read.</exception>
    public static DiffusersFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] folders = [System.IO.Path.Combine(path, "unet"), path];
        var folder = folders.FirstOrDefault(folder => Presence.OfFile(System.IO.Path.Combine(folder, ConfigName)))
            ?? throw new DiffusersException(
                $"{path} is no folder of diffusers: there is neither unet/{ConfigName} nor {ConfigName} in it.", []);
        string[] schedulers =
        [
            System.IO.Path.Combine(path, "scheduler", SchedulerConfigName), System.IO.Path.Combine(path, SchedulerConfigName),
            // Of the folder unet/ of a pipeline.
            System.IO.Path.Combine(path, "..", "scheduler", SchedulerConfigName),
        ];
        var schedulerPath = schedulers.FirstOrDefault(Presence.OfFile)
            ?? throw new DiffusersException(
                $"{path} doesn't say which noise its network was trained for: put the scheduler's {SchedulerConfigName} into {path}, "
                    + "or into scheduler/ in it.",
                []);

        var reasons = new List<string>();
        var scheduler = ConfigFile.Read(schedulerPath, reasons);
        var diffusion = DiffusionFromConfig.Read(scheduler);
        var model = ModelFromConfigs.Read(ConfigFile.Read(System.IO.Path.Combine(folder, ConfigName), reasons), diffusion);
        CheckPipeline(System.IO.Path.Combine(path, PipelineName), reasons, model);
        if (reasons.Count > 0)
            throw new DiffusersException($"The network in {path} can't be expressed here:", reasons);

        var weights = System.IO.Path.Combine(folder, WeightsFile.Name);
        var name = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path)));
        // A folder's name may hold a line's end, and a comment mustn't.
        List<string> remarks = [
            $"From {string.Concat(name.Where(c => !char.IsControl(c) && c is not ('\u2028' or '\u2029')))}, a {model.ClassName} of diffusers."];
        remarks.AddRange(DiffusionFromConfig.Remarks(scheduler, diffusion.Type));
        if (!Presence.OfFile(weights))
            return new(path, weights, model, remarks, [], isBounded: null);
        using var file = SafetensorsFile.Open(weights);
        return new(
            path, weights, WithTraining(model, file), remarks, NetworkMetadata.DoubtsOf(file), NetworkMetadata.AreBounded(file));
    }

    /// <summary>
    /// Writes a network as a folder that diffusers' <c>DDPMPipeline.from_pretrained</c> loads, and <c>UNet2DModel.from_pretrained</c> with
    /// <c>subfolder="unet"</c>; the latter is the way for a network with classes, whose labels the pipeline has no argument for, and for
    /// one of type EDM, for which there is no pipeline. Of preset conditional it is the parts <c>unet/</c>, for
    /// <c>UNet2DConditionModel.from_pretrained</c>, and <c>scheduler/</c>, which a pipeline takes beside its autoencoder and text encoder.
    /// </summary>
    /// <param name="path">A folder that doesn't exist or is empty. It appears when it is complete.</param>
    /// <param name="network">
    /// Of preset ddpm or conditional; with the weights that shall be used for drawing, usually the averaged ones.
    /// </param>
    /// <param name="doubts">
    /// What speaks against drawing with these weights, <see cref="Training.Checkpoint.Doubts"/> of where they come from; the metadata of the
    /// file of weights keeps it, which diffusers doesn't look at.
    /// </param>
    /// <exception cref="DiffusersException">diffusers can't express it, and all reasons are listed.</exception>
    /// <exception cref="UNetGenException">The folder holds something.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Save(string path, NoisePredictor network, IReadOnlyList<string>? doubts = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(network);
        var model = ModelFromSpec.Read(
            network,
            reasons => new(
                $"diffusers can't express {network.Info.Name}, whose tensors can go into a .safetensors file under their own keys instead:",
                reasons));
        // Who imports it has another class.
        if (DoubtOf(network) is { } doubt)
            doubts = [.. doubts ?? [], doubt];
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        AtomicFolder.RequireFree(path);
        AtomicFolder.Write(path, unfinished =>
        {
            if (model.Transformers is null && ModelToConfigs.Pipeline(model.Diffusion.Type) is { } pipeline)
                WriteJson(System.IO.Path.Combine(unfinished, PipelineName), pipeline);
            WriteJson(System.IO.Path.Combine(unfinished, "unet", ConfigName), ModelToConfigs.UNet(model));
            WriteJson(System.IO.Path.Combine(unfinished, "scheduler", SchedulerConfigName), ModelToConfigs.Scheduler(model.Diffusion));
            StateDict.Save(System.IO.Path.Combine(unfinished, "unet", WeightsFile.Name), network, doubts);
        });
    }

    /// <summary>What a folder of a network leaves out, as a sentence; null: nothing.</summary>
    internal static string? DoubtOf(NoisePredictor network) => network.Hooks.Count == 0 ? null
        : $"{network.Info.Name} has code of its own ({string.Join(", ", network.Hooks)}), which diffusers hasn't.";

    /// <summary>A spec that means the same network and the same diffusion. What is the preset's default isn't spelled out.</summary>
    /// <param name="name">The class's name; null: it follows from the file that the text is written to.</param>
    /// <returns>The text of a .unet.yaml file.</returns>
    /// <exception cref="ArgumentException">The name is no C# identifier.</exception>
    public string SpecYaml(string? name = null) => name is null || Identifier().IsMatch(name)
        ? ModelToSpec.Write(model, name, remarks)
        : throw new ArgumentException($"'{Excerpt.Of(name)}' is no C# identifier, as a class's name is.", nameof(name));

    /// <summary>Puts the folder's weights into a network that was generated for the same, older attention keys included.</summary>
    /// <param name="network">On any device. Unchanged where anything differs.</param>
    /// <param name="convert">
    /// Whether to turn numbers of another floating type, as float16, into the network's; else they are an error.
    /// </param>
    /// <exception cref="DiffusersException">
    /// The network is another, which its shapes needn't show, the weights are missing or pickled, or of another type.
    /// </exception>
    /// <exception cref="StateDictException">Keys, shapes or types differ; all differences are listed.</exception>
    /// <exception cref="SafetensorsException">The file with the weights is damaged.</exception>
    /// <exception cref="UNetGenException">A weight is NaN or infinite; the message says which and how many.</exception>
    public void LoadInto(NoisePredictor network, bool convert = false)
    {
        ArgumentNullException.ThrowIfNull(network);
        CheckSame(network);
        using var scope = NewDisposeScope();
        using var file = WeightsFile.Open(WeightsPath, model.ClassName);
        StateDict.Load(network, WeightsFile.Read(file, network, convert), WeightsPath);
        network.IsBounded = NetworkMetadata.AreBounded(file);
    }

    /// <summary>Wrong numbers come of the same shapes with another activation, another epsilon or other betas.</summary>
    private void CheckSame(NoisePredictor network)
    {
        var other = ModelFromSpec.Read(
            network, reasons => new($"{network.Info.Name} isn't the network in {Path}, nor any of diffusers':", reasons));
        // Dropout is of no concern to weights.
        var (ours, theirs) = (ModelToConfigs.UNet(model with { Dropout = 0 }), ModelToConfigs.UNet(other with { Dropout = 0 }));
        string[] differences = [
            .. Differences(ours, theirs),
            .. Differences(ModelToConfigs.Scheduler(model.Diffusion), ModelToConfigs.Scheduler(other.Diffusion))];
        if (differences.Length > 0)
            throw new DiffusersException($"{network.Info.Name} isn't the network in {Path}:", differences);
    }

    /// <summary>Of two classes that is the difference: they have other settings.</summary>
    private static IEnumerable<string> Differences(JsonObject ours, JsonObject theirs) =>
        ours.Where(pair => !JsonNode.DeepEquals(pair.Value, theirs[pair.Key]))
        .Take(JsonNode.DeepEquals(ours["_class_name"], theirs["_class_name"]) ? int.MaxValue : 1)
        .Select(pair => $"{pair.Key}: {Text(pair.Value)} in the folder, but {Text(theirs[pair.Key])} in the network");

    private static string Text(JsonNode? node) => Excerpt.Of(node?.ToJsonString() ?? "null");

    /// <summary>A pipeline with an autoencoder draws latents, not images, for which networks with a context are.</summary>
    private static void CheckPipeline(string path, List<string> reasons, DiffusersModel model)
    {
        if (!Presence.OfFile(path))
            return;
        var pipeline = ConfigFile.Read(path, reasons);
        pipeline.Ignore("unet", "scheduler");
        if (model.Transformers is not null)
            pipeline.Ignore(AroundLatents);
        pipeline.RefuseUnknown("a part beside unet and scheduler, so that the network's own output isn't the picture");
    }

    /// <summary>
    /// What diffusers has no word for, since it concerns training alone, from the metadata of weights that were written here.
    /// </summary>
    private static DiffusersModel WithTraining(DiffusersModel model, SafetensorsFile file)
    {
        if (!NetworkMetadata.HasSpec(file))
            return model;
        var (_, text, _) = NetworkMetadata.Read(file, out var problem);
        if (problem is not null)
            throw new DiffusersException(problem, []);
        var spec = new EffectiveSpec(text);
        return model with { Diffusion = TrainedDiffusion.Of(model.Diffusion, spec), ZeroInit = spec.Bool("zero_init") };
    }

    [GeneratedRegex("^" + SpecWords.IdentifierPattern + @"\z")]
    private static partial Regex Identifier();

    private static void WriteJson(string path, JsonObject content) => AtomicFile.Write(path, stream =>
    {
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" }))
            content.WriteTo(json);
        stream.WriteByte((byte)'\n');
    });
}
