using Microsoft.ML.OnnxRuntime;
using UNetGen.Compiler;

namespace UNetGen.Onnx.Tests;

/// <summary>Networks as files predict what they predict themselves.</summary>
public sealed class NetworkTests : FileTests
{
    public static TheoryData<string> Specs =>
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Specs"), "*.unet.yaml", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, "Specs"), path))
            // Large ones, and those with blocks of the user's own.
            .Where(name => !name.StartsWith("published", StringComparison.Ordinal) && !name.Contains("cifar10") && !name.Contains("own_block"))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Specs))]
    public void A_file_predicts_what_its_network_does_whatever_the_number_of_images(string spec)
    {
        using var compiled = SpecCompiler.Compile(Path.Combine(AppContext.BaseDirectory, "Specs", spec));
        using var network = Comparison.Network(compiled);
        var path = PathOf("network.onnx");

        OnnxExport.Save(path, network);

        using var file = new OnnxRun(path);
        Comparison.AssertSame(network, file, 1);
        Comparison.AssertSame(network, file, 3);
    }

    [Theory]
    [InlineData("lucidrains", "flow")]
    [InlineData("annotated", "edm")]
    public void A_file_of_a_flow_and_of_edm_takes_fractions_for_timesteps(string preset, string type)
    {
        using var compiled = SpecCompiler.CompileText($$"""
            preset: {{preset}}
            image_size: 8
            channels: 1
            dim: 8
            channel_multipliers: [1, 2]
            diffusion: { type: {{type}} }
            """);
        using var network = Comparison.Network(compiled);
        var path = PathOf("network.onnx");

        var written = OnnxExport.Save(path, network);

        Assert.Contains("timesteps float32 [batch]", written.Inputs);
        using var file = new OnnxRun(path);
        Comparison.AssertSame(network, file, 3);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void A_label_that_is_no_class_is_refused(long label)
    {
        using var compiled = SpecCompiler.CompileText("""
            preset: annotated
            image_size: 8
            channels: 1
            dim: 8
            channel_multipliers: [1, 2]
            num_classes: 4
            """);
        using var network = Comparison.Network(compiled);
        var path = PathOf("network.onnx");
        OnnxExport.Save(path, network);

        using var file = new OnnxRun(path);

        Assert.Contains("Gather", Assert.Throws<OnnxRuntimeException>(() => file.Run<float>(
            ("x", new float[64], [1, 1, 8, 8]), ("timesteps", new[] { 3L }, [1]), ("labels", new[] { label }, [1]))).Message);
    }
}
