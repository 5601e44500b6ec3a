using System.Text.Json.Nodes;
using UNetGen.Onnx.Web;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>What is written beside a drawing.</summary>
public sealed class WebFolderTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-web-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void With_a_runtime_the_folder_asks_for_nothing_outside_itself()
    {
        WebFolder.Write(Drawing(), MadeDrawing.Facts, MadeRuntime("node_modules/onnxruntime-web"));

        var facts = Facts();
        Assert.Equal("9.8.7", (string?)facts["runtime"]!["version"]);
        Assert.Equal(6, (long)facts["runtime"]!["bytes"]!);
        Assert.Equal(5, (long)facts["bytes"]!);
        Assert.All(
            [(string)facts["runtime"]!["script"]!, (string)facts["runtime"]!["binary"]!, "ort/LICENSE.txt", "index.html"],
            file => Assert.True(File.Exists(Path.Combine(folder.FullName, file)), file));
        Assert.All(
            folder.EnumerateFiles().Where(file => file.Extension is ".html" or ".js" or ".css"),
            file => Assert.DoesNotMatch(@"https?://(?!www\.w3\.org/2000/svg|localhost)", File.ReadAllText(file.FullName)));
    }

    [Fact]
    public void Without_a_runtime_the_page_loads_the_tested_version_and_nothing_is_copied()
    {
        WebFolder.Write(Drawing(), MadeDrawing.Facts, runtime: null);

        Assert.StartsWith("https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/", (string?)Facts()["runtime"]!["script"]);
        Assert.False(Directory.Exists(Path.Combine(folder.FullName, "ort")));
    }

    [WebFact]
    public void The_tested_version_is_the_installed_one_with_its_files()
    {
        WebFolder.Write(Drawing(), MadeDrawing.Facts, runtime: null);
        var served = Facts()["runtime"]!;
        WebFolder.Write(folder.FullName, MadeDrawing.Facts, WebFactAttribute.Runtime);
        var copied = Facts()["runtime"]!;

        Assert.Equal((string?)served["version"], (string?)copied["version"]);
        Assert.Equal((long)served["bytes"]!, (long)copied["bytes"]!);
        Assert.All(["script", "binary"], key => Assert.True(
            File.Exists(Path.Combine(WebFactAttribute.Runtime!, Path.GetFileName(new Uri((string)served[key]!).LocalPath)))));
    }

    [Fact]
    public void What_the_page_is_told_is_whole()
    {
        WebFolder.Write(Drawing(), MadeDrawing.Facts with { NumClasses = null, Guidance = false, Classes = null }, runtime: null);

        var drawing = Facts()["drawing"]!.AsObject();
        Assert.Equal(
            ["network", "channels", "height", "width", "numClasses", "guidance", "classes", "sampler", "steps", "parameters"],
            drawing.Select(fact => fact.Key));
        Assert.Null(drawing["numClasses"]);
        Assert.False((bool)drawing["guidance"]!);
    }

    [Fact]
    public void The_runtime_is_found_from_a_folder_upwards()
    {
        var dist = MadeRuntime("project/node_modules/onnxruntime-web");
        var inner = folder.CreateSubdirectory("project/runs/one").FullName;
        Directory.CreateDirectory(Path.Combine(inner, "node_modules", "onnxruntime-web", "dist"));

        Assert.Equal(dist, WebFolder.FindRuntime(inner));
        Assert.Null(WebFolder.FindRuntime(folder.FullName));
    }

    [Fact]
    public void A_folder_that_is_no_runtime_is_refused_with_the_command_that_makes_one()
    {
        var error = Assert.Throws<UNetGenException>(() => WebFolder.Write(Drawing(), MadeDrawing.Facts, folder.FullName));
        Assert.Equal(
            $"{folder.FullName} is no folder dist of the package onnxruntime-web. 'npm install onnxruntime-web@1.30.0' makes one, "
                + "node_modules/onnxruntime-web/dist.", error.Message);
    }

    [Fact]
    public void Without_a_drawing_nothing_is_written()
    {
        Assert.Throws<FileNotFoundException>(() => WebFolder.Write(folder.FullName, MadeDrawing.Facts, runtime: null));
        Assert.Empty(folder.EnumerateFileSystemInfos());
    }

    /// <summary>The folder with a file of five bytes in the place of a drawing.</summary>
    private string Drawing()
    {
        File.WriteAllText(Path.Combine(folder.FullName, WebFolder.DrawingName), "drawn");
        return folder.FullName;
    }

    private JsonNode Facts() => JsonNode.Parse(File.ReadAllText(Path.Combine(folder.FullName, "draw.json")))!;

    /// <summary>What npm would install, as far as a page needs it.</summary>
    private string MadeRuntime(string package)
    {
        var dist = folder.CreateSubdirectory(Path.Combine(package, "dist")).FullName;
        File.WriteAllText(Path.Combine(dist, "..", "package.json"), """{"name":"onnxruntime-web","version":"9.8.7"}""");
        File.WriteAllText(Path.Combine(dist, "ort.wasm.bundle.min.mjs"), "script");
        File.WriteAllText(Path.Combine(dist, "ort-wasm-simd-threaded.wasm"), "binary");
        return dist;
    }
}
