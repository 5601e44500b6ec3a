using System.Text.Json;
using UNetGen.Compiler;
using UNetGen.Diffusion;
using UNetGen.Files;
using UNetGen.Training;

namespace UNetGen.Onnx.Web;

/// <summary>
/// A folder that any web server serves: a page that draws with a network in the browser, by ONNX Runtime Web
/// (https://onnxruntime.ai/docs/tutorials/web), from the same noise as <c>sample</c> for the same seed.
/// </summary>
public static class WebFolder
{
    /// <summary>The version of npm's package onnxruntime-web that the page is tested with.</summary>
    public const string RuntimeVersion = "1.30.0";

    /// <summary>The drawing's name in the folder.</summary>
    public const string DrawingName = "draw.onnx";

    private static readonly string[] Page = ["index.html", "draw.css", "draw.js", "drawer.js", "grid.js", "noise.js", "worker.js"];

    /// <summary>Writes a checkpoint's drawing with its page. No libtorch is needed.</summary>
    /// <param name="path">A folder that doesn't exist or is empty. It appears when it is complete.</param>
    /// <param name="checkpoint">Any; of <see cref="Checkpoint.Open"/>.</param>
    /// <param name="options">With a sampler.</param>
    /// <param name="runtime">
    /// The folder <c>dist</c> of npm's package onnxruntime-web (<see cref="FindRuntime"/>), of which the page needs two files (14 MB): they
    /// are copied, so that the page asks nobody else. Null: the page loads them from cdn.jsdelivr.net, and says so.
    /// </param>
    /// <returns>What was written: the drawing, as <see cref="OnnxExport"/> says.</returns>
    /// <exception cref="UNetGenException">
    /// As <see cref="OnnxExport.Save(string, Checkpoint, OnnxOptions?, string?)"/>; or the options have no sampler; the weights are 2 GB
    /// or more, which no page loads; the network takes a context or a condition; <paramref name="runtime"/> is no such folder; or the
    /// folder holds something.
    /// </exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static OnnxFile Save(string path, Checkpoint checkpoint, OnnxOptions options, string? runtime)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Sampler is not { } sampler)
            throw new UNetGenException("A page draws, for which the options need a sampler.");
        path = Path.TrimEndingDirectorySeparator(path);
        AtomicFolder.RequireFree(path);

        var info = SpecCompiler.DescribeFrom(checkpoint).Info;
        if (info.ContextDim is not null || info.ConditionChannels > 0)
            throw new UNetGenException(
                $"{info.Name} takes a {(info.ContextDim is null ? "condition behind its images" : "context")}, which a page can't ask for: "
                    + "export it as an ONNX file.");
        if (info.Channels is not (1 or 3))
            throw new UNetGenException(
                $"{info.Name} draws {info.Channels} channels, which a page can't show: export it as an ONNX file.");
        if (checkpoint.IsBounded == false)
            throw new UNetGenException($"{info.Name} draws latents, which a page can't show: export it as an ONNX file.");
        OnnxFile? written = null;
        AtomicFolder.Write(path, unfinished =>
        {
            var file = OnnxExport.Save(Path.Combine(unfinished, DrawingName), checkpoint, options);
            if (file.Paths.Count > 1)
                throw new UNetGenException($"{info.Name} has weights of 2 GB or more, which no page loads: export it with half, or as a file.");
            Write(
                unfinished,
                new WebDrawing
                {
                    Network = info.Name,
                    Channels = info.Channels,
                    Height = info.ImageHeight,
                    Width = info.ImageWidth,
                    // One that stands for none and was never learnt is none to be drawn.
                    NumClasses = checkpoint.HasLearntNone(info.NumClasses) == false ? info.NumClasses - 1 : info.NumClasses,
                    Guidance = file.Inputs.Any(input => input.StartsWith("guidance ", StringComparison.Ordinal)),
                    Classes = checkpoint.Classes is { Count: > 0 } classes ? classes : null,
                    Sampler = sampler.DescriptionFor(NoiseLevels.Of(OnnxExport.DiffusionOf(checkpoint))),
                    Steps = sampler.Steps,
                    Parameters = info.ParameterCount,
                },
                runtime);
            written = file with { Paths = [Path.Combine(path, DrawingName)] };
        });
        return written!;
    }

    /// <summary>Writes the page and what it is told beside a drawing. Files of an earlier page are replaced.</summary>
    /// <param name="folder">
    /// Holds draw.onnx: from <c>noise</c>, float32 [batch, channels, height, width]; where there are classes <c>labels</c>, int64 [batch];
    /// and where the last of them stands for none <c>guidance</c>, a float32 scalar; to <c>images</c>, uint8 [batch, height, width,
    /// channels].
    /// </param>
    /// <param name="drawing">What it draws.</param>
    /// <param name="runtime">As for <see cref="Save"/>.</param>
    /// <exception cref="UNetGenException"><paramref name="runtime"/> is no such folder.</exception>
    /// <exception cref="IOException">The folder holds no draw.onnx, or can't be written to.</exception>
    internal static void Write(string folder, WebDrawing drawing, string? runtime)
    {
        var bytes = new FileInfo(Path.Combine(folder, DrawingName)).Length;
        var facts = new DrawingFacts(drawing, bytes, runtime is null ? WebRuntime.Served : WebRuntime.CopyTo(folder, runtime));
        foreach (var name in Page)
        {
            using var resource = typeof(WebFolder).Assembly.GetManifestResourceStream(typeof(WebFolder), name)!;
            AtomicFile.Write(Path.Combine(folder, name), resource.CopyTo);
        }
        var text = JsonSerializer.SerializeToUtf8Bytes(facts, WebJson.Default.DrawingFacts);
        AtomicFile.Write(Path.Combine(folder, "draw.json"), stream => stream.Write(text));
    }

    /// <summary>Looks for onnxruntime-web where npm has installed it: in node_modules of a folder, or of one that it lies in.</summary>
    /// <param name="from">The innermost folder.</param>
    /// <returns>Its folder <c>dist</c>; null where there is none.</returns>
    public static string? FindRuntime(string from)
    {
        for (var folder = Path.GetFullPath(from); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var dist = Path.Combine(folder, "node_modules", "onnxruntime-web", "dist");
            if (WebRuntime.IsIn(dist))
                return dist;
        }
        return null;
    }
}
