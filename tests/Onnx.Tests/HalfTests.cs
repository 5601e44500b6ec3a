using System.Text.RegularExpressions;
using TorchSharp;
using UNetGen.Compiler;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Tests;

/// <summary>Files in float16.</summary>
public sealed partial class HalfTests : FileTests
{
    // Of 1 and of the largest number that a network predicts: twice the worst that was seen, 0.0066 of annotated_rms; most have a tenth.
    private const double Closeness = 1.3e-2;

    [Theory]
    [MemberData(nameof(NetworkTests.Specs), MemberType = typeof(NetworkTests))]
    public void A_file_in_float16_predicts_nearly_the_same(string spec)
    {
        using var compiled = SpecCompiler.Compile(Path.Combine(AppContext.BaseDirectory, "Specs", spec));
        using var network = Comparison.Network(compiled);
        OnnxExport.Save(PathOf("network.onnx"), network, new OnnxOptions { Half = true });

        using var file = new OnnxRun(PathOf("network.onnx"));

        Comparison.AssertSame(network, file, 1, Closeness);
        Comparison.AssertSame(network, file, 3, Closeness);
    }

    [Fact]
    public void Its_size_is_half_of_the_other_s()
    {
        using var network = Comparison.Network(Comparison.TinySpec.Replace("dim: 8", "dim: 32"));

        var whole = OnnxExport.Save(PathOf("whole.onnx"), network);
        var half = OnnxExport.Save(PathOf("half.onnx"), network, new OnnxOptions { Half = true });

        Assert.InRange(half.ByteCount / (double)whole.ByteCount, 0.5, 0.55);
    }

    [Theory]
    [InlineData("lucidrains")]
    [InlineData("annotated")]
    [InlineData("ddpm")]
    [InlineData("adm")]
    public void Norms_and_learned_positions_stay_float32_and_all_other_weights_are_float16(string preset)
    {
        using var network = Comparison.Network($"""
            preset: {preset}
            image_size: 8
            channels: 3
            dim: 32
            channel_multipliers: [1, 2]
            num_classes: 3
            """);
        OnnxExport.Save(PathOf("network.onnx"), network, new OnnxOptions { Half = true });
        var types = Model.Read(PathOf("network.onnx")).Graph.Initializer.ToDictionary(
            tensor => tensor.Name, tensor => (DataType)tensor.DataType);

        var norms = network.Info.StateDict.Where(
            entry => OfNorms().IsMatch(entry.Key) || (entry.Shape.Count == 1 && IsNorm(entry.Key))).ToList();

        Assert.NotEmpty(norms);
        Assert.All(network.Info.StateDict, entry => Assert.Equal(
            (entry.Key, norms.Contains(entry) ? DataType.Float : DataType.Float16), (entry.Key, types[entry.Key])));

        // In a Sequential norms have numbers: a vector is a norm's where no matrix or filter of that key has the same number of outputs.
        bool IsNorm(string key) => !network.Info.StateDict.Any(
            other => other.Key == key[..(key.LastIndexOf('.') + 1)] + "weight" && other.Shape.Count > 1);
    }

    [Fact]
    public void Weights_that_float16_does_not_know_are_refused_by_their_key()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        using (torch.no_grad())
            network.get_parameter("downs.0.0.block1.proj.weight")!.fill_(65520);

        var error = Assert.Throws<UNetGenException>(
            () => OnnxExport.Save(PathOf("network.onnx"), network, new OnnxOptions { Half = true }));

        Assert.Equal(
            "'downs.0.0.block1.proj.weight' has weights beyond 65504, the largest number of float16: export it without `OnnxOptions.Half`.", error.Message);
        Assert.Empty(Names());
        OnnxExport.Save(PathOf("network.onnx"), network);
    }

    [GeneratedRegex(@"(\.g|mem_kv)$")]
    private static partial Regex OfNorms();
}
