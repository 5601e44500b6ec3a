using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using UNetGen.Files;

namespace UNetGen.Onnx.Web;

/// <summary>ONNX Runtime Web for a page: its script, which brings all but the binary, and that.</summary>
/// <param name="Version">As npm numbers it.</param>
/// <param name="Script">Where the script is, from the page.</param>
/// <param name="Binary">Where the binary is, from the page.</param>
/// <param name="Bytes">Of the binary.</param>
internal sealed record WebRuntime(string Version, string Script, string Binary, long Bytes)
{
    private const string ScriptName = "ort.wasm.bundle.min";
    private const string BinaryName = "ort-wasm-simd-threaded.wasm";

    /// <summary>The version that the page is tested with, from where npm's packages are served to pages.</summary>
    public static WebRuntime Served { get; } = Of(
        WebFolder.RuntimeVersion, $"https://cdn.jsdelivr.net/npm/onnxruntime-web@{WebFolder.RuntimeVersion}/dist", "mjs", 14_239_897);

    /// <summary>Whether a folder holds what a page needs.</summary>
    public static bool IsIn(string dist) =>
        Presence.OfFile(Path.Combine(dist, $"{ScriptName}.mjs")) && Presence.OfFile(Path.Combine(dist, BinaryName));

    /// <summary>Copies what a page needs into the folder <c>ort</c> beside it.</summary>
    /// <exception cref="UNetGenException">It isn't there.</exception>
    public static WebRuntime CopyTo(string folder, string dist)
    {
        if (!IsIn(dist) || VersionOf(dist) is not { } version)
            throw new UNetGenException(
                $"{dist} is no folder dist of the package onnxruntime-web. 'npm install onnxruntime-web@{WebFolder.RuntimeVersion}' makes "
                    + "one, node_modules/onnxruntime-web/dist.");
        // Not all web servers know that .mjs is a script, and browsers want to be told.
        var runtime = Of(version, "ort", "js", new FileInfo(Path.Combine(dist, BinaryName)).Length);
        Copy(Path.Combine(dist, $"{ScriptName}.mjs"), Path.Combine(folder, runtime.Script));
        Copy(Path.Combine(dist, BinaryName), Path.Combine(folder, runtime.Binary));
        var origin = $"ONNX Runtime Web {version}, of the npm package onnxruntime-web.\nCopyright (c) Microsoft Corporation. MIT License:\n"
            + $"https://github.com/microsoft/onnxruntime/blob/v{version}/LICENSE\n"
            + $"https://github.com/microsoft/onnxruntime/blob/v{version}/ThirdPartyNotices.txt\n";
        AtomicFile.Write(Path.Combine(folder, "ort", "LICENSE.txt"), stream => stream.Write(Encoding.UTF8.GetBytes(origin)));
        return runtime;
    }

    private static WebRuntime Of(string version, string place, string scriptsEnd, long bytes) =>
        new(version, $"{place}/{ScriptName}.{scriptsEnd}", $"{place}/{BinaryName}", bytes);

    private static void Copy(string from, string to)
    {
        using var source = File.OpenRead(from);
        AtomicFile.Write(to, source.CopyTo);
    }

    private static string? VersionOf(string dist)
    {
        try
        {
            return (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(dist, "..", "package.json")))?["version"];
        }
        catch (Exception error) when (error is IOException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
