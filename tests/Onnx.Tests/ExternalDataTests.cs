using UNetGen.Networks;
using UNetGen.Onnx.Files;
using UNetGen.Sampling;

namespace UNetGen.Onnx.Tests;

/// <summary>Weights that lie in a second file, as those of 2 GB or more do.</summary>
public sealed class ExternalDataTests : FileTests
{
    private static readonly OnnxOptions Beside = new() { MostInside = 1000 };

    [Theory]
    [InlineData("network.onnx")]
    [InlineData("two words.onnx")]
    [InlineData("Bild für Bild 絵.onnx")]
    public void A_file_with_its_weights_beside_it_predicts_the_same(string name)
    {
        using var network = Comparison.Network(Comparison.TinySpec);

        var written = OnnxExport.Save(PathOf(name), network, Beside);

        Assert.Equal([PathOf(name), PathOf(name) + ".data"], written.Paths);
        Assert.Equal(written.ByteCount, Directory.GetFiles(Folder).Sum(path => new FileInfo(path).Length));
        AssertSame(network, PathOf(name));
    }

    [Fact]
    public void A_file_that_was_moved_with_its_weights_is_whole()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        OnnxExport.Save(PathOf("network.onnx"), network, Beside);
        var moved = Directory.CreateDirectory(PathOf("elsewhere")).FullName;

        foreach (var path in Directory.GetFiles(Folder))
            File.Move(path, Path.Combine(moved, Path.GetFileName(path)));

        AssertSame(network, Path.Combine(moved, "network.onnx"));
    }

    [Fact]
    public void Existing_files_are_replaced()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        using var other = Comparison.Network(Comparison.TinySpec.Replace("dim: 8", "dim: 16"));
        OnnxExport.Save(PathOf("network.onnx"), other, Beside);

        OnnxExport.Save(PathOf("network.onnx"), network, Beside);

        Assert.Equal(["network.onnx", "network.onnx.data"], Names());
        AssertSame(network, PathOf("network.onnx"));
    }

    [Fact]
    public void Weights_lie_beside_a_file_from_the_first_byte_on_that_it_has_no_room_for()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        var bytes = 4 * network.Info.ParameterCount;

        Assert.Single(OnnxExport.Save(PathOf("network.onnx"), network, new OnnxOptions { MostInside = bytes }).Paths);
        Assert.Equal(2, OnnxExport.Save(PathOf("network.onnx"), network, new OnnxOptions { MostInside = bytes - 1 }).Paths.Count);
    }

    [Fact]
    public void Each_tensor_begins_at_a_page()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        OnnxExport.Save(PathOf("network.onnx"), network, Beside);

        var starts = Model.Read(PathOf("network.onnx")).Graph.Initializer.SelectMany(tensor => tensor.ExternalData)
            .Where(entry => entry.Key == "offset").Select(entry => long.Parse(entry.Value)).ToList();

        Assert.Equal(network.Info.StateDict.Count(), starts.Count);
        Assert.All(starts, start => Assert.Equal(0, start % 4096));
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_no_weights_behind_and_those_of_another_as_they_are()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        Directory.CreateDirectory(PathOf("network.onnx"));
        File.WriteAllText(PathOf("network.onnx") + ModelFile.DataEnding, "another's");

        var error = Assert.Throws<IOException>(() => OnnxExport.Save(PathOf("network.onnx"), network, Beside));

        Assert.Equal($"{PathOf("network.onnx")} can't be written: a folder is there.", error.Message);
        Assert.Equal(["network.onnx", "network.onnx.data"], Names());
        Assert.Equal("another's", File.ReadAllText(PathOf("network.onnx.data")));
    }

    [Fact]
    public void A_drawing_whose_weights_lie_beside_it_draws_the_same()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        var options = new OnnxOptions { Sampler = new DdimSampler(4) };
        OnnxExport.Save(PathOf("inside.onnx"), network, options);
        OnnxExport.Save(PathOf("beside.onnx"), network, options with { MostInside = 0 });

        Assert.Equal(Drawn(PathOf("inside.onnx")), Drawn(PathOf("beside.onnx")));

        static byte[] Drawn(string path)
        {
            using var file = new OnnxRun(path);
            float[] noise = [.. Enumerable.Range(0, 2 * 3 * 8 * 8).Select(i => MathF.Sin(i))];
            return file.Run<byte>(("noise", noise, [2, 3, 8, 8])).Values;
        }
    }

    private static void AssertSame(NoisePredictor network, string path)
    {
        using var file = new OnnxRun(path);
        Comparison.AssertSame(network, file, 2);
    }
}
