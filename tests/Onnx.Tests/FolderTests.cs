using UNetGen.Tests;

namespace UNetGen.Onnx.Tests;

public sealed class FolderTests
{
    private static readonly FolderGraph Exporter = FolderGraph.Of(typeof(OnnxExport).Assembly, "UNetGen.Onnx");

    // Each uses only those before it.
    private static readonly string[] Folders = ["Weights", "Graphs", "Layers", "Networks", "Drawing", "Files"];

    [Fact]
    public void No_folder_of_the_exporter_looks_back()
    {
        Assert.Empty(Exporter.Circles());
        Assert.Empty(
            from user in Enumerable.Range(0, Folders.Length)
            from below in Enumerable.Range(user + 1, Folders.Length - user - 1)
            where Exporter.Uses($"UNetGen.Onnx.{Folders[user]}", $"UNetGen.Onnx.{Folders[below]}")
            select $"{Folders[user]} uses {Folders[below]}");
    }

    [Theory]
    [InlineData("Graphs", "Weights")]
    [InlineData("Layers", "Graphs")]
    [InlineData("Networks", "Layers")]
    [InlineData("Drawing", "Networks")]
    [InlineData("Files", "Graphs")]
    public void Each_stage_builds_on_the_one_before(string stage, string before) =>
        Assert.True(Exporter.Uses($"UNetGen.Onnx.{stage}", $"UNetGen.Onnx.{before}"));

    [Fact]
    public void Files_know_no_layers() => Assert.All(
        ["Layers", "Networks", "Drawing"], folder => Assert.False(Exporter.Uses("UNetGen.Onnx.Files", $"UNetGen.Onnx.{folder}")));
}
