using UNetGen.Tests;

namespace UNetGen.Onnx.Tests;

public sealed class FolderTests
{
    [Fact]
    public void No_folder_of_the_exporter_looks_back() =>
        Assert.Empty(FolderGraph.Of(typeof(OnnxExport).Assembly, "UNetGen.Onnx").Circles());

    /// <summary>Layers know graphs, networks know layers, drawings know networks; files know no layers.</summary>
    [Theory]
    [InlineData("Graphs", "Layers")]
    [InlineData("Layers", "Networks")]
    [InlineData("Networks", "Drawing")]
    [InlineData("Files", "Layers")]
    [InlineData("Weights", "Graphs")]
    public void A_folder_knows_nothing_of_the_other(string folder, string other) =>
        Assert.False(FolderGraph.Of(typeof(OnnxExport).Assembly, "UNetGen.Onnx").Uses($"UNetGen.Onnx.{folder}", $"UNetGen.Onnx.{other}"));
}
