using System.Text.Json;
using System.Text.RegularExpressions;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Sampling;
using UNetGen.Training;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Tests;

/// <summary>What is in a file besides what it computes.</summary>
public sealed partial class ContentTests : FileTests
{
    private const string Conditioned =
        Comparison.TinySpec + "\nself_condition: true\nnum_classes: 3\ndiffusion: { timesteps: 50, schedule: cosine, objective: v }";

    private string Target => PathOf("network.onnx");

    [Fact]
    public void A_network_s_inputs_and_output_are_named_with_their_shapes()
    {
        using var plain = Comparison.Network(Comparison.TinySpec + "\nlearned_variance: true");
        using var conditioned = Comparison.Network(Conditioned);

        var file = OnnxExport.Save(Target, plain);
        Assert.Equal(["x float32 [batch, 3, 8, 8]", "timesteps int64 [batch]"], file.Inputs);
        Assert.Equal("prediction float32 [batch, 6, 8, 8]", file.Output);

        file = OnnxExport.Save(Target, conditioned);
        Assert.Equal(
            ["x float32 [batch, 3, 8, 8]", "timesteps int64 [batch]", "labels int64 [batch]", "self_condition float32 [batch, 3, 8, 8]"],
            file.Inputs);
        using var run = new OnnxRun(Target);
        Assert.Equal(["labels", "self_condition", "timesteps", "x"], run.Inputs.Keys.Order());
    }

    [Fact]
    public void A_drawing_s_inputs_and_output_are_named_with_their_shapes()
    {
        using var plain = Comparison.Network(Comparison.TinySpec);
        using var conditioned = Comparison.Network(Conditioned);
        var options = new OnnxOptions { Sampler = new DdimSampler(3) };

        var file = OnnxExport.Save(Target, plain, options);
        Assert.Equal(["noise float32 [batch, 3, 8, 8]"], file.Inputs);
        Assert.Equal("images uint8 [batch, 8, 8, 3]", file.Output);

        file = OnnxExport.Save(Target, conditioned, options);
        Assert.Equal(["noise float32 [batch, 3, 8, 8]", "labels int64 [batch]", "guidance float32 []"], file.Inputs);
    }

    [Fact]
    public void Metadata_says_what_the_network_is_and_all_that_a_sampler_needs()
    {
        using var network = Comparison.Network(Conditioned);

        OnnxExport.Save(Target, network, new OnnxOptions { Sampler = new DdimSampler(3) }, ["it is young"]);

        var metadata = Model.Metadata(Target);
        Assert.Equal(
            [
                "unetgen.diffusion", "unetgen.doubts", "unetgen.network", "unetgen.sampler", "unetgen.spec", "unetgen.spec_sha256",
            ],
            metadata.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            ("it is young", network.Info.Name, network.Info.Spec, network.Info.SpecHash),
            (metadata["unetgen.doubts"], metadata["unetgen.network"], metadata["unetgen.spec"], metadata["unetgen.spec_sha256"]));
        Assert.Equal("DDIM, 3 steps, spacing even, eta 0", metadata["unetgen.sampler"]);
        using var diffusion = JsonDocument.Parse(metadata["unetgen.diffusion"]);
        Assert.Equal(
            (50, "cosine", "v", "fixed_small"),
            (diffusion.RootElement.GetProperty("timesteps").GetInt32(), Word("schedule"), Word("objective"), Word("variance")));
        Assert.Equal(
            new NoiseSchedule(network.Diffusion).AlphasCumprod,
            diffusion.RootElement.GetProperty("alphas_cumprod").EnumerateArray().Select(number => number.GetDouble()));

        string? Word(string key) => diffusion.RootElement.GetProperty(key).GetString();
    }

    [Fact]
    public void A_network_alone_names_no_sampler()
    {
        using var network = Comparison.Network(Comparison.TinySpec);

        OnnxExport.Save(Target, network);

        Assert.DoesNotContain("unetgen.sampler", Model.Metadata(Target).Keys);
    }

    /// <summary>By their number it is known whether the last class stands for none, which a guided drawing needs.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Classes_are_named_as_the_data_had_them(bool knowsNone)
    {
        string[] classes = knowsNone ? ["cat", "dog"] : ["cat", "dog", "cow"];
        using var network = Comparison.Network(Conditioned);
        using (var trainer = new Trainer(network, new NamedClasses(classes), new TrainingOptions { Steps = 1, BatchSize = 2 }))
            trainer.Train(store: new CheckpointStore(Folder));

        var file = OnnxExport.Save(Target, Checkpoint.Open(Folder), new OnnxOptions { Sampler = new DdimSampler(3) });

        Assert.Equal(classes, JsonSerializer.Deserialize<string[]>(Model.Metadata(Target)["unetgen.classes"]));
        Assert.Equal(knowsNone, file.Inputs.Contains("guidance float32 []"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Initializers_are_the_state_dict_to_the_last_bit(bool draws)
    {
        using var network = Comparison.Network(Conditioned);
        OnnxExport.Save(Target, network, new OnnxOptions { Sampler = draws ? new DdimSampler(3) : null });
        var model = Model.Read(Target);

        var stored = model.Graph.Initializer.ToDictionary(tensor => tensor.Name);

        Assert.Equal((8, 17), (model.IrVersion, Assert.Single(model.OpsetImport).Version));
        Assert.All(network.state_dict(), pair =>
        {
            Assert.Equal(pair.Value.shape, stored[pair.Key].Dims);
            Assert.Equal(DataType.Float, (DataType)stored[pair.Key].DataType);
            Assert.Equal(pair.Value.detach().contiguous().bytes.ToArray(), stored[pair.Key].RawData.ToByteArray());
        });
    }

    [Theory]
    [InlineData("lucidrains")]
    [InlineData("annotated")]
    [InlineData("ddpm")]
    [InlineData("adm")]
    public void Nodes_bear_the_keys_of_their_modules_and_each_a_name_of_its_own(string preset)
    {
        using var network = Comparison.Network($"""
            preset: {preset}
            image_size: 8
            channels: 3
            dim: 32
            channel_multipliers: [1, 2]
            num_classes: 3
            """);
        OnnxExport.Save(Target, network);
        var nodes = Model.Read(Target).Graph.Node;
        var modules = network.state_dict().Keys.SelectMany(key => Prefixes(key.Split('.')))
            .Concat(network.named_modules().Select(named => named.name)).ToHashSet();

        // Beside all modules are what joins two images, and the output.
        var others = nodes.Where(
            node => node.Name.Split('/')[0] is var key && !modules.Contains(key) && !modules.Contains(Number().Replace(key, "")));

        Assert.Equal(["Concat", "Identity"], others.Select(node => node.OpType).Distinct().Order());
        Assert.Equal(nodes.Count, nodes.Select(node => node.Name).Distinct().Count());

        static IEnumerable<string> Prefixes(string[] parts) =>
            Enumerable.Range(1, parts.Length - 1).Select(count => string.Join('.', parts[..count]));
    }

    [Fact]
    public void The_same_export_is_the_same_file_byte_for_byte()
    {
        using var network = Comparison.Network(Conditioned);
        OnnxOptions[] all = [new(), new() { Half = true }, new() { Sampler = new HeunSampler(3) }, new() { MostInside = 0 }];
        foreach (var options in all)
        {
            OnnxExport.Save(Target, network, options);
            var first = Directory.GetFiles(Folder).Select(File.ReadAllBytes).ToList();

            OnnxExport.Save(Target, network, options);

            Assert.Equal(first, Directory.GetFiles(Folder).Select(File.ReadAllBytes));
        }
    }

    [Fact]
    public void A_file_of_a_checkpoint_is_that_of_its_network()
    {
        using var network = Comparison.Network(Conditioned);
        StateDict.Save(PathOf("alone.safetensors"), network);

        OnnxExport.Save(PathOf("a.onnx"), network);
        OnnxExport.Save(PathOf("b.onnx"), Checkpoint.Open(PathOf("alone.safetensors")));

        Assert.Equal(File.ReadAllBytes(PathOf("a.onnx")), File.ReadAllBytes(PathOf("b.onnx")));
    }

    [GeneratedRegex(@"_\d+$")]
    private static partial Regex Number();
}
