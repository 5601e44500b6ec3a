using UNetGen.Compiler;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Tests;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Tests;

/// <summary>What can't be exported is said with its place and what to do, and leaves nothing behind.</summary>
public sealed class ErrorTests : FileTests
{
    private const string Stored = "stored.safetensors";

    private string Target => PathOf("network.onnx");

    public static TheoryData<string, string> Refused => new()
    {
        { "eta", "DDIM, 4 steps, spacing even, eta 0.5 adds fresh noise in each step, and a file's pictures depend on its first noise "
            + "alone: take DDIM with eta 0, or Heun with churn 0." },
        { "churn", "Heun (EDM), 4 steps, spacing karras, churn 2 adds fresh noise in each step, and a file's pictures depend on its first "
            + "noise alone: take DDIM with eta 0, or Heun with churn 0." },
        { "own", "Steps of my own can't be part of a file: DDIM, DPM-Solver++(2M) and Heun can. Export the network, and take the steps in "
            + "your own program." },
        { "many", "A sampler can't take 101 steps: the network's diffusion has 100 timesteps. Use 100 steps or fewer." },
    };

    [Fact]
    public void A_network_that_is_disposed_is_told_as_such()
    {
        var network = Comparison.Network(Comparison.TinySpec);
        network.Dispose();

        Assert.Throws<ObjectDisposedException>(() => OnnxExport.Save(Target, network));
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_class_that_was_written_by_hand_is_told_by_that()
    {
        using var network = new ByHand();

        Assert.StartsWith(
            "ByHand is a class written by hand", Assert.Throws<UNetGenException>(() => OnnxExport.Save(Target, network)).Message);
        Assert.False(File.Exists(Target));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Samplers_that_cannot_be_part_of_a_file_are_refused(string which, string message)
    {
        using var network = Comparison.Network(Comparison.TinySpec + "\ndiffusion: { timesteps: 100 }");
        SpacedSampler sampler = which switch
        {
            "eta" => new DdimSampler(4, eta: 0.5),
            "churn" => new HeunSampler(4, churn: 2),
            "own" => new OwnSampler(),
            _ => new DdimSampler(101),
        };

        var error = Assert.Throws<UNetGenException>(() => OnnxExport.Save(Target, network, new OnnxOptions { Sampler = sampler }));

        Assert.Equal(message, error.Message);
        Assert.Empty(Names());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_of_the_user_s_own_are_refused_by_their_name(bool isStored)
    {
        using var compiled = SpecCompiler.CompileText("""
            preset: annotated
            image_size: 8
            channels: 1
            dim: 8
            channel_multipliers: [1, 2]
            attention: none
            blocks: { resnet: UNetGen.Tests.PlainBlock }
            """, "own_block.unet.yaml", new SpecOptions { BlockAssemblies = [typeof(PlainBlock).Assembly] });
        using var network = compiled.Create();
        if (isStored)
            StateDict.Save(PathOf(Stored), network);

        var error = Assert.Throws<UNetGenException>(
            () => isStored ? OnnxExport.Save(Target, Checkpoint.Open(PathOf(Stored))) : OnnxExport.Save(Target, network));

        Assert.Equal(
            "OwnBlockUNet has residual blocks of your own, UNetGen.Tests.PlainBlock (blocks.resnet of its spec): only their code knows what "
                + "they compute, so that no ONNX file can be written of it.", error.Message);
        Assert.False(File.Exists(Target));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_that_are_no_numbers_are_refused_by_their_key(bool isStored)
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        using (no_grad())
            network.get_parameter("final_conv.bias")!.fill_(float.NaN);
        if (isStored)
            SafetensorsFile.Write(PathOf(Stored), network.state_dict(), NetworkMetadata.Of(network, []));

        var error = Assert.Throws<UNetGenException>(
            () => isStored ? OnnxExport.Save(Target, Checkpoint.Open(PathOf(Stored))) : OnnxExport.Save(Target, network));

        Assert.Equal(
            $"{(isStored ? PathOf(Stored) : network.Info.Name)} holds numbers that are NaN or infinite: 3 of 3 in 'final_conv.bias'. The "
                + "training that gave them had diverged; take the weights of an earlier step.", error.Message);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_file_that_stands_alone_and_was_changed_is_refused()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        StateDict.Save(PathOf(Stored), network);
        Flip(PathOf(Stored));

        var error = Assert.Throws<SafetensorsException>(() => OnnxExport.Save(Target, Checkpoint.Open(PathOf(Stored))));

        Assert.Contains(PathOf(Stored), error.Message);
        Assert.Contains("its numbers aren't those that were written", error.Message);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_checkpoint_that_was_changed_is_refused_with_the_file_s_name()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        var checkpoint = SavedCheckpoint.Of(network, Folder);
        Flip(Path.Combine(checkpoint, "ema.safetensors"));

        var error = Assert.Throws<DamagedCheckpointException>(() => OnnxExport.Save(Target, Checkpoint.Open(checkpoint)));

        Assert.Contains("ema.safetensors", error.Message);
    }

    [Fact]
    public void Tensors_that_are_missing_or_too_many_are_listed()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        using var more = ones(1);
        var state = network.state_dict();
        state.Remove("final_conv.bias");
        state.Add("another.bias", more);
        SafetensorsFile.Write(PathOf(Stored), state, NetworkMetadata.Of(network, []));

        var error = Assert.Throws<StateDictException>(() => OnnxExport.Save(Target, Checkpoint.Open(PathOf(Stored))));

        Assert.Equal(2, error.Differences.Count);
        Assert.Contains("final_conv.bias", error.Message);
        Assert.Contains("another.bias", error.Message);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void Weights_that_there_are_not_are_refused_with_those_that_there_are()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        var checkpoint = Checkpoint.Open(SavedCheckpoint.Of(network, Folder));

        var error = Assert.Throws<CheckpointException>(() => OnnxExport.Save(Target, checkpoint, which: "ema2"));

        Assert.Contains("has no 'ema2'; it has ", error.Message);
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_nothing_behind()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        File.WriteAllText(PathOf("file"), "");
        Directory.CreateDirectory(Target);

        var below = Assert.Throws<IOException>(() => OnnxExport.Save(Path.Combine(PathOf("file"), "network.onnx"), network));
        var there = Assert.Throws<IOException>(() => OnnxExport.Save(Target, network));

        Assert.EndsWith($"can't be written: {PathOf("file")} is a file, not a folder.", below.Message);
        Assert.StartsWith($"{Target} can't be written: ", there.Message);
        Assert.Equal(["file", "network.onnx"], Names());
    }

    [Fact]
    public void What_a_class_has_of_its_own_is_a_doubt()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        SafetensorsFile.Write(PathOf(Stored), network.state_dict(), NetworkMetadata.Of(network.Info, ["OnForwarded"], ["it is young"]));

        var written = OnnxExport.Save(Target, Checkpoint.Open(PathOf(Stored)));

        string[] doubts =
        [
            "it is young",
            $"the class that was trained in {PathOf(Stored)} has code of its own (OnForwarded), which the ONNX file hasn't.",
        ];
        Assert.Equal(doubts, written.Doubts);
        Assert.Equal(string.Join('\n', doubts), Model.Metadata(Target)["unetgen.doubts"]);
        Assert.Equal("OnForwarded", Model.Metadata(Target)["unetgen.hooks"]);
    }

    [Fact]
    public void Weights_that_a_class_s_hooks_have_added_are_refused_with_whose_they_are()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        using var added = ones(3);
        Dictionary<string, Tensor> weights = new(network.state_dict()) { ["head.weight"] = added };
        SafetensorsFile.Write(PathOf(Stored), weights, NetworkMetadata.Of(network.Info, ["OnForwarded"], []));

        Assert.Equal(
            $"The hooks of {network.Info.Name} (OnForwarded) have added head.weight, which isn't in its spec: only their code knows what they "
                + "compute with it, so that no ONNX file can be written of it.",
            Assert.Throws<UNetGenException>(() => OnnxExport.Save(Target, Checkpoint.Open(PathOf(Stored)))).Message);
    }

    [Fact]
    public void What_the_class_of_a_live_network_has_of_its_own_is_a_doubt()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        using var hooked = new HookedNetwork(network);

        var written = OnnxExport.Save(Target, hooked, doubts: ["it is young"]);

        Assert.Equal(
            ["it is young", $"{network.Info.Name} has code of its own (OnForwarding), which the ONNX file hasn't."], written.Doubts);
        Assert.Equal("OnForwarding", Model.Metadata(Target)["unetgen.hooks"]);
    }

    /// <summary>Changes the last number.</summary>
    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>One step: what isn't known is refused however little it does.</summary>
    private sealed class OwnSampler() : SpacedSampler(1, TimestepSpacing.Even)
    {
        public override string Description => "Steps of my own";

        public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next) => throw new NotSupportedException();
    }

    /// <summary>A generated class with a part of the user's own.</summary>
    private sealed class HookedNetwork(NoisePredictor generated) : NoisePredictor(generated.Info.Name)
    {
        public override NetworkInfo Info => generated.Info;

        public override DiffusionOptions Diffusion => generated.Diffusion;

        public override Tensor forward(Tensor x, Tensor timesteps) => generated.forward(x, timesteps);

        public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null) =>
            generated.state_dict(destination, prefix);

        internal void OnForwarding(ref Tensor x) => _ = x;
    }

    private sealed class ByHand() : NoisePredictor(nameof(ByHand))
    {
        private const string Spec = "tiny: 1\n";

        public override NetworkInfo Info { get; } = new()
        {
            Name = nameof(ByHand),
            SpecPath = "none",
            Spec = Spec,
            SpecHash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Spec))),
            Channels = 1,
            OutChannels = 1,
            ImageHeight = 8,
            ImageWidth = 8,
            DownsampleFactor = 1,
            ParameterCount = 0,
            SelfCondition = false,
            Levels = [],
        };

        public override DiffusionOptions Diffusion { get; } = new() { Timesteps = 100 };

        public override Tensor forward(Tensor x, Tensor timesteps) => x.clone();
    }
}
