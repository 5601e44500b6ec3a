using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Runtime.Tests;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Tests;

/// <summary>Files of checkpoints.</summary>
public sealed class CheckpointTests : FileTests
{
    private const string Nowhere = "/nowhere/libtorch";

    private readonly NoisePredictor network = Comparison.Network(Comparison.TinySpec);

    [Fact]
    public void Averaged_weights_are_exported_where_nothing_else_is_asked_for()
    {
        var checkpoint = Checkpoint.Open(SavedCheckpoint.Of(network, Folder));

        OnnxExport.Save(PathOf("ema.onnx"), checkpoint);
        OnnxExport.Save(PathOf("weights.onnx"), checkpoint, which: "weights");

        AssertSame(PathOf("weights.onnx"));
        checkpoint.LoadInto(network);
        AssertSame(PathOf("ema.onnx"));
    }

    [Fact]
    public void A_weight_is_the_same_in_every_type_of_numbers_to_that_type_s_precision()
    {
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64, ScalarType.Float16, ScalarType.BFloat16])
        {
            using var scope = NewDisposeScope();
            var stored = network.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().to(type));
            SafetensorsFile.Write(PathOf("stored.safetensors"), stored, NetworkMetadata.Of(network, []));

            OnnxExport.Save(PathOf("stored.onnx"), Checkpoint.Open(PathOf("stored.safetensors")));

            var weights = Model.Read(PathOf("stored.onnx")).Graph.Initializer.ToDictionary(tensor => tensor.Name);
            Assert.All(stored, pair => Assert.Equal(
                pair.Value.to(ScalarType.Float32).bytes.ToArray(), weights[pair.Key].RawData.ToByteArray()));
        }
    }

    [Fact]
    public void A_file_that_stands_alone_is_exported()
    {
        StateDict.Save(PathOf("alone.safetensors"), network, ["its training had hardly begun"]);

        var written = OnnxExport.Save(PathOf("alone.onnx"), Checkpoint.Open(PathOf("alone.safetensors")));

        AssertSame(PathOf("alone.onnx"));
        Assert.Equal(["its training had hardly begun"], written.Doubts);
    }

    [LinuxFact]
    public async Task A_checkpoint_is_exported_without_libtorch()
    {
        var checkpoint = SavedCheckpoint.Of(network, Folder);
        StateDict.Save(PathOf("alone.safetensors"), network);

        string[] ofFolder = await ExportProcess.Run([checkpoint, PathOf("draw.onnx")], ("UNETGEN_LIBTORCH", Nowhere));
        string[] ofFile = await ExportProcess.Run([PathOf("alone.safetensors"), PathOf("alone.onnx")], ("UNETGEN_LIBTORCH", Nowhere));

        Assert.Equal([network.Info.Name], ofFolder);
        Assert.Equal([network.Info.Name], ofFile);
        AssertSame(PathOf("alone.onnx"));
        Checkpoint.Open(checkpoint).LoadInto(network);
        AssertSame(PathOf("draw.onnx"));
    }

    [LinuxFact]
    public async Task A_process_with_libtorch_would_be_found_out() =>
        Assert.Contains("libtorch_cpu.so", await ExportProcess.Run(["tensor"]));

    private void AssertSame(string path)
    {
        using var file = new OnnxRun(path);
        Comparison.AssertSame(network, file, 2);
    }
}
