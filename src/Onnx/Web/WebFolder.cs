using System.Text.Json;
using UNetGen.Files;

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

    /// <summary>Writes the page and what it is told beside a drawing. Files of an earlier page are replaced.</summary>
    /// <param name="folder">
    /// Holds draw.onnx: from <c>noise</c>, float32 [batch, channels, height, width]; where there are classes <c>labels</c>, int64 [batch];
    /// and where the last of them stands for none <c>guidance</c>, a float32 scalar; to <c>images</c>, uint8 [batch, height, width,
    /// channels].
    /// </param>
    /// <param name="drawing">What it draws.</param>
    /// <param name="runtime">
    /// The folder <c>dist</c> of npm's package onnxruntime-web, of which the page needs two files (14 MB): they are copied, so that the
    /// page asks nobody else. Null: the page loads them from cdn.jsdelivr.net, and says so.
    /// </param>
    /// <exception cref="UNetGenException"><paramref name="runtime"/> is no such folder.</exception>
    /// <exception cref="IOException">The folder holds no draw.onnx, or can't be written to.</exception>
    public static void Write(string folder, WebDrawing drawing, string? runtime)
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
